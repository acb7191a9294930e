/**
 * The part of ioredis that is used, written structurally, because two installed copies of a class with
 * private members are not assignable to each other.
 *
 * @module
 */

/** An argument as ioredis takes it. */
export type TcpArgument = string | number | Buffer

/** A list of commands that is sent in one write. */
export interface TcpBatch {
  call(name: string, args: (string | number)[]): unknown
  /** As `call`, with strings in replies as buffers. */
  callBuffer(name: string, args: TcpArgument[]): unknown
  /** Resolves to an error or a reply for each command. */
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

/** Called with the arguments of an event: an error, or the parts of a message. */
export type TcpListener = (...told: unknown[]) => void

/** An instance of `Redis` or `Cluster` of ioredis 5 or 6. */
export interface TcpClient {
  /** `wait`, `connecting`, `connect`, `ready`, `close`, `reconnecting` or `end`. */
  readonly status: string
  on(event: string, listener: TcpListener): unknown
  off(event: string, listener: TcpListener): unknown
  connect(): Promise<void>
  disconnect(reconnect?: boolean): void
  quit(): Promise<unknown>
  /** Returns a client with its own connections and the same options, except those in `override`. */
  duplicate(override?: object): TcpClient
  call(name: string, args: (string | number)[]): Promise<unknown>
  callBuffer(name: string, args: TcpArgument[]): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  psubscribe(...patterns: string[]): Promise<unknown>
  pipeline(): TcpBatch
  multi(): TcpBatch
}

/** The client of one node of a cluster. */
export interface TcpNode {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  /** Closes the connection unless a reply arrives first. */
  readonly socketTimeoutTimer?: NodeJS.Timeout | undefined
  duplicate(override?: object): TcpClient
  call(name: string, args: (string | number)[]): Promise<unknown>
  callBuffer(name: string, args: TcpArgument[]): Promise<unknown>
}

/** The members of a `Cluster` beside the commands. */
export interface TcpCluster extends TcpClient {
  readonly options?: { readonly keyPrefix?: string | undefined } | undefined
  /** For each slot, the addresses of its nodes as `host:port`, the primary first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  /** The nodes with a connection, or not yet connected to; with `master` only the primaries. */
  nodes(role: 'all' | 'master'): readonly TcpNode[]
  /** Asks one node after the other for the slots, until one answers. */
  refreshSlotsCache(done: (error?: Error | null) => void): void
}

/** Whether the client is a `Cluster`. Only its method `nodes` tells it from a `Redis`. */
export function isCluster(client: TcpClient): client is TcpCluster {
  return 'nodes' in client && typeof client.nodes === 'function'
}
