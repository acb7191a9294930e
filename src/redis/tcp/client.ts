/**
 * The part of ioredis that is used, written structurally: two installed copies of a class with
 * private members are not assignable to each other.
 *
 * @module
 */

/** An argument as ioredis takes it. */
export type TcpArgument = string | number | Buffer

/** A list of commands that is written at once. */
export interface TcpBatch {
  call(name: string, args: (string | number)[]): unknown
  /** As `call`, with strings in replies as buffers. */
  callBuffer(name: string, args: TcpArgument[]): unknown
  /** Resolves to an error or a reply for each command. */
  exec(): Promise<[error: Error | null, reply: unknown][] | null>
}

/** Called with what an event tells: an error, or the parts of a message. */
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
  /** A client with the same options, but for some, and connections of its own. */
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
  /** Ends the connection, unless a reply comes before. */
  readonly socketTimeoutTimer?: NodeJS.Timeout | undefined
  duplicate(override?: object): TcpClient
  call(name: string, args: (string | number)[]): Promise<unknown>
  callBuffer(name: string, args: TcpArgument[]): Promise<unknown>
}

/** What a `Cluster` has beside the commands. */
export interface TcpCluster extends TcpClient {
  readonly options?: { readonly keyPrefix?: string | undefined } | undefined
  /** By slot: the addresses of its nodes as `host:port`, the primary's first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  /** The nodes there is a connection to, or was none yet; the primaries among them. */
  nodes(role: 'all' | 'master'): readonly TcpNode[]
  /** Asks one node after the other for the slots, until one answers. */
  refreshSlotsCache(done: (error?: Error | null) => void): void
}

/** Whether the client is a `Cluster`, which has no public mark but its topology. */
export function isCluster(client: TcpClient): client is TcpCluster {
  return 'nodes' in client && typeof client.nodes === 'function'
}
