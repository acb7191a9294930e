/**
 * The only interface to Redis. It is the `Requester` of `@upstash/redis`, written structurally, so that
 * its implementations can be used here, and `new Redis(requester)` works with every transport.
 *
 * @module
 */

/** A part of a command. Numbers are sent as text. */
export type Argument = string | number

/** One Redis command, its name first, in upper case. */
export type Command = readonly [name: string, ...args: Argument[]]

/** A reply of Redis as JSON represents it: bulk and simple strings are strings, nil is null. */
export type Reply = string | number | null | readonly Reply[]

/** One request to Redis. */
export interface RedisRequest {
  /** `[]` for one command, `['pipeline']` for a list, `['multi-exec']` for a transaction. */
  path?: string[]
  /** A {@link Command}, or a list of them, depending on `path`. */
  body?: unknown
  headers?: Record<string, string>
  upstashSyncToken?: string
  isStreaming?: boolean
  onMessage?: (data: string) => void
  /** Aborted when the deadline of the operation, and the transport's `graceMs`, have passed: stop waiting then. */
  signal?: AbortSignal
  /**
   * The time until that deadline, in milliseconds from the first attempt. A transport to several servers
   * uses it to answer in time for servers that are silent. @default none
   */
  deadlineMs?: number
}

/** An answer: a result, or the error reply as Redis sent it. */
export interface RedisResponse<Result> {
  result?: Result
  error?: string
}

/**
 * A connection to Redis.
 *
 * `request` resolves to one {@link RedisResponse} for a single command, and to a list of them, in
 * order and of equal length, for `pipeline` and `multi-exec`. It rejects with a `RemoteError` when
 * no answer arrived, and with `signal.reason` when the signal was aborted first.
 */
export interface Requester {
  request<Result = unknown>(request: RedisRequest): Promise<RedisResponse<Result>>
  readYourWrites?: boolean
  upstashSyncToken?: string
}

/** A {@link Requester} with resources to release. */
export interface Transport extends Requester {
  /** Short name for events and health: `rest`, `tcp`, `embedded` or `durable`. */
  readonly kind: string
  /**
   * Whether keys belong to hash slots, so that the keys of one command must share a slot (Redis
   * Cluster). An error reply is then that of one node and says nothing about the others. @default false
   */
  readonly cluster?: boolean
  /**
   * Whether strings hold text or one character a byte, in arguments and replies alike.
   * @default 'text'
   */
  readonly strings?: 'text' | 'bytes'
  /**
   * Called at the deadline of a request: how long the request goes on, in milliseconds, although nobody waits for it.
   * A request that is aborted loses its connection. If that was new, and setting it up took most of the time, no
   * request would ever get a connection that is ready. @default 0
   */
  graceMs?(): number
  /** Releases sockets and timers. A closed transport refuses requests. */
  close(): Promise<void>
}
