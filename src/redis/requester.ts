/**
 * The one seam to Redis. It is the `Requester` of `@upstash/redis`, written structurally, so that
 * whatever plugs in there plugs in here, and `new Redis(requester)` works on every transport.
 *
 * @module
 */

/** A part of a command: what Redis sees is its text. */
export type Argument = string | number

/** One Redis command, its name first, in upper case. */
export type Command = readonly [name: string, ...args: Argument[]]

/** What Redis answers, as JSON has it: bulk and simple strings are strings, nil is null. */
export type Reply = string | number | null | readonly Reply[]

/** One request to Redis. */
export interface RedisRequest {
  /** `[]` for one command, `['pipeline']` for a list, `['multi-exec']` for a transaction. */
  path?: string[]
  /** A {@link Command}, or a list of them, by `path`. */
  body?: unknown
  headers?: Record<string, string>
  upstashSyncToken?: string
  isStreaming?: boolean
  onMessage?: (data: string) => void
  /** Aborted when the deadline of the operation has passed; the transport then stops waiting. */
  signal?: AbortSignal
  /**
   * That deadline, in milliseconds from the first attempt: a transport before several servers answers in
   * time for those that are silent. @default none
   */
  deadlineMs?: number
}

/** An answer: a result, or the error reply of Redis in its own words. */
export interface RedisResponse<Result> {
  result?: Result
  error?: string
}

/**
 * A way to a Redis.
 *
 * `request` resolves to one {@link RedisResponse} for a single command, and to a list of them, in
 * order and of equal length, for `pipeline` and `multi-exec`. It rejects with a `RemoteError` when
 * no answer was to be had, and with `signal.reason` when the signal was aborted first.
 */
export interface Requester {
  request<Result = unknown>(request: RedisRequest): Promise<RedisResponse<Result>>
  readYourWrites?: boolean
  upstashSyncToken?: string
}

/** A {@link Requester} that holds something to be given back. */
export interface Transport extends Requester {
  /** Short name for events and health: `rest`, `tcp`, `embedded` or `durable`. */
  readonly kind: string
  /**
   * Whether keys live in hash slots, so that one command must not touch two of them (Redis
   * Cluster). An error reply is then of one node, and says nothing of the others. @default false
   */
  readonly cluster?: boolean
  /**
   * Whether strings stand for text, or have one character a byte, in arguments and replies alike.
   * @default 'text'
   */
  readonly strings?: 'text' | 'bytes'
  /** Releases sockets and timers. A transport that is closed refuses requests. */
  close(): Promise<void>
}
