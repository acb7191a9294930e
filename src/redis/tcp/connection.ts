/**
 * Wraps one ioredis client so that every request is answered or fails: no request waits for a server that is
 * known to be down, and none is sent twice.
 *
 * @module
 */

import { RemoteError } from '../../errors.ts'
import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import { answerError, networkError } from '../failure.ts'
import type { RedisRequest, RedisResponse, Reply } from '../requester.ts'
import { isCluster, type TcpClient, type TcpListener, type TcpNode } from './client.ts'
import { ClusterNodes, patienceOf } from './cluster-nodes.ts'
import type { Outgoing, Refusal } from './commands.ts'
import { connectError, discardedBecause, saysLess, silenceError } from './connect-error.ts'
import { backoff, ONCE, observeNode, refusedWhileLoading } from './dial.ts'
import { isOfReplica, isReplyError } from './reply-error.ts'
import { ReplyWatch } from './reply-watch.ts'
import { LOST_SENTINELS } from './sentinel.ts'
import type { Wire } from './wire.ts'

/** Options for {@link Connection}. */
export interface ConnectionOptions {
  /** The clock for timeouts. */
  readonly platform: Platform
  /** How commands and replies are converted. */
  readonly wire: Wire
  /** How long a server may take for the log-in after the connect, in milliseconds; undefined: without limit. */
  readonly greetingTimeoutMs: number | undefined
  /** How long replies may be due without one arriving, in milliseconds; undefined: without limit. */
  readonly replyTimeoutMs: number | undefined
  /** Whether the transport created the client and closes it. */
  readonly owned: boolean
  /** Whether the client has one connection, which is opened again after it was closed. */
  readonly comesBack: boolean
  /** Called when the server answers as a replica, so that all connections of the pool are replaced. */
  readonly onReplica: () => void
}

/** How long a server may take for outstanding replies and QUIT when the connection is closed, in milliseconds. */
const CLOSING_MS = 1_000
/** The minimum time between two replacements of a replica's connection, which may be intended. In milliseconds. */
const LEAVE_MS = 1_000

/** How long to wait for an answer. */
export type Limits = Pick<RedisRequest, 'signal' | 'deadlineMs'>

/** A client and its state. Requests reject only with `RemoteError`. */
export class Connection {
  readonly #client: TcpClient
  /** Set if the client is a `Cluster`. */
  readonly #nodes: ClusterNodes | undefined
  readonly #options: ConnectionOptions
  readonly #closing = new AbortController()
  readonly #watch: ReplyWatch
  readonly #listeners: readonly (readonly [event: string, listener: TcpListener])[]
  /** The most informative error since the connection was last ready. */
  #failure: unknown
  /** Whether the current or last connection was ready: its loss does not mean that the server is down. */
  #wasReady = false
  /** Whether the server has refused the user or the database. ioredis would continue as another user. */
  #refused = false
  /** Refusals in a row. ioredis would reset its own count after a log-in as another user. */
  #refusals = 0
  /** Whether all sentinels were asked without success. ioredis keeps asking them. */
  #astray = false
  #opening: PromiseWithResolvers<void> | undefined
  /** Aborted when the current attempt to connect has ended. */
  #greeting = new AbortController()
  /** When a connection to a replica was last replaced, in epoch milliseconds. */
  #leftAt = 0
  /** Whether the connection closes, at once or when nothing is in flight. New requests wait for the next one. */
  #leaving = false

  constructor(client: TcpClient, options: ConnectionOptions) {
    this.#client = client
    const { platform, wire, replyTimeoutMs: timeoutMs } = options
    const closing = this.#closing.signal
    if (isCluster(client)) this.#nodes = new ClusterNodes(client, { platform, wire, closing })
    this.#options = options
    const onSilence = (): void => {
      this.#leaving = true
      client.disconnect(true)
    }
    this.#watch = new ReplyWatch({ platform, timeoutMs, closing, onSilence })
    const lost = (): void => {
      this.#refused = false
      this.#greeting.abort()
      if (!this.#leaving) this.#settle((opening) => opening.reject(this.#failure))
      this.#leaving = false
    }
    this.#listeners = [
      ['connecting', () => (this.#wasReady = false)],
      ['connect', () => this.#greet()],
      ['ready', () => this.#opened()],
      [LOST_SENTINELS, () => this.#strayed()],
      ['close', lost],
      ['end', lost],
      ['end', () => this.#comeBack()],
      // The `error` of a cluster summarizes those of its nodes and has no code.
      ['node error', (problem) => this.#fail(problem)],
      ['error', (problem) => this.#fail(this.#nodes ? (this.#failure ?? problem) : problem)],
      // ioredis does not stop the timer of a removed node, which would keep the process alive.
      ['-node', (node) => clearTimeout((node as TcpNode).socketTimeoutTimer)],
      ['+node', (node) => observeNode(node as TcpNode, (problem) => this.#fail(problem))],
    ]
    for (const [event, listener] of this.#listeners) client.on(event, listener)
    if (client.status === 'wait') client.connect().catch(() => undefined) // the events report errors
  }

  get isReady(): boolean {
    return this.#client.status === 'ready' && !this.#refused && !this.#leaving
  }

  /** A client with one connection for a subscription; on a cluster, to any of its nodes. */
  async dial(operation: string): Promise<TcpClient> {
    if (!this.#nodes) return refusedWhileLoading(this.#client.duplicate(ONCE))
    if (!this.isReady) await this.#open(operation)
    return this.#nodes.dialer.dial()
  }

  /** Sends one command. */
  send(command: Outgoing, limits: Limits): Promise<RedisResponse<Reply>> {
    return this.#run(command.name, limits.signal, async () => {
      if (!this.#nodes) return this.#ask(command)
      return (await this.#nodes.ask([command], patienceOf(limits)))[0] as RedisResponse<Reply>
    })
  }

  /** Sends commands in one write, in order. Refused commands are answered in their place. */
  sendAll(commands: readonly (Outgoing | Refusal)[], limits: Limits): Promise<unknown> {
    return this.#run('pipeline', limits.signal, async () => {
      const sent = commands.filter((command) => 'name' in command)
      const answers = this.#nodes
        ? await this.#nodes.ask(sent, patienceOf(limits))
        : await this.#pipeline(sent)
      return commands.map((command) => ('name' in command ? answers.shift() : command))
    })
  }

  /** Sends commands as one transaction, between MULTI and EXEC. */
  sendTransaction(commands: readonly Outgoing[], signal?: AbortSignal): Promise<unknown> {
    return this.#run('multi-exec', signal, async () => {
      const batch = this.#client.multi()
      for (const command of commands) this.#options.wire.queue(batch, command)
      try {
        const replies = await batch.exec()
        if (!replies) throw answerError('multi-exec', 'malformed reply')
        return replies.map(([error, reply]) => this.#answer(error, reply))
      } catch (error) {
        return { error: discardedBecause(error) }
      }
    })
  }

  /** Reconnects: a primary that became a replica keeps its connections, and only a new one finds the new primary. */
  leaveReplica(): void {
    const { platform, comesBack } = this.#options
    const now = platform.now()
    // A connection that is being opened already finds the new primary.
    if (!comesBack || !this.isReady || Math.abs(now - this.#leftAt) < LEAVE_MS) return
    this.#leftAt = now
    this.#leaving = true
    if (this.#watch.pending === 0) this.#client.disconnect(true)
  }

  /** Closes the connection after all due replies, even if the server leaves it open. A caller's client stays open. */
  async close(): Promise<void> {
    const client = this.#client
    // ioredis reports nothing if it is stopped in the pause between two attempts.
    this.#settle((opening) => opening.reject(this.#failure))
    if (!this.#options.owned) {
      for (const [event, listener] of this.#listeners) client.off(event, listener)
    } else {
      const { platform } = this.#options
      const left = this.isReady
        ? await settledWithin(platform, CLOSING_MS, client.quit()).catch(() => TIMED_OUT)
        : TIMED_OUT
      if (left === TIMED_OUT || client.status === 'ready') client.disconnect()
    }
    this.#closing.abort()
  }

  async #run<T>(
    operation: string,
    signal: AbortSignal | undefined,
    task: () => Promise<T>,
  ): Promise<T> {
    if (!this.isReady) {
      await this.#open(operation)
      signal?.throwIfAborted()
    }
    this.#watch.asked()
    try {
      return await task()
    } catch (error) {
      if (error instanceof RemoteError) throw error
      throw networkError(operation, { cause: error, errors: [this.#failure] }, 'unknown')
    } finally {
      this.#watch.answered()
      if (this.#leaving && this.#watch.pending === 0) this.#client.disconnect(true)
    }
  }

  /** Waits for the current attempt to connect, or the first one after a loss. Rejects at once between two others. */
  async #open(operation: string): Promise<void> {
    const { status } = this.#client
    const isPause = status === 'reconnecting' && !this.#wasReady
    const away = (isPause || this.#astray) && this.#failure !== undefined
    try {
      if (away || status === 'end') throw this.#failure
      if (status === 'wait') this.#client.connect().catch(() => undefined) // the events report errors
      this.#opening ??= Promise.withResolvers<void>()
      await this.#opening.promise
    } catch (error) {
      throw connectError(operation, error)
    }
  }

  /** Limits the log-in: the kernel of a hung server accepts connections, and ioredis would wait without limit. */
  #greet(): void {
    const { platform, greetingTimeoutMs } = this.#options
    if (greetingTimeoutMs === undefined) return
    this.#greeting = new AbortController()
    platform.delay(greetingTimeoutMs, this.#greeting.signal).then(
      () => {
        this.#fail(silenceError())
        this.#client.disconnect(true)
      },
      () => undefined, // logged in, refused or closed
    )
  }

  #opened(): void {
    this.#greeting.abort()
    if (this.#refused) return
    this.#wasReady = true
    this.#failure = undefined
    this.#refusals = 0
    this.#astray = false
    this.#nodes?.forget()
    this.#settle((opening) => opening.resolve())
  }

  #strayed(): void {
    this.#astray = true
    this.#settle((opening) => opening.reject(this.#failure))
  }

  #fail(problem: unknown): void {
    if (!saysLess(problem, this.#failure)) this.#failure = problem
    const isOurs = this.#options.owned && this.#nodes === undefined
    if (!isOurs || this.#client.status !== 'connect' || !isReplyError(problem)) return
    this.#refused = true
    this.#refusals++
    this.#client.disconnect()
  }

  /** Reconnects after a refusal, since the user or database may exist later. */
  #comeBack(): void {
    const { platform, comesBack } = this.#options
    if (this.#refusals === 0 || !comesBack) return
    platform.delay(backoff(this.#refusals), this.#closing.signal).then(
      () => this.#client.connect().catch(() => undefined), // the events report errors
      () => undefined, // closed
    )
  }

  #settle(how: (opening: PromiseWithResolvers<void>) => void): void {
    const opening = this.#opening
    this.#opening = undefined
    if (opening) how(opening)
  }

  async #pipeline(commands: readonly Outgoing[]): Promise<RedisResponse<Reply>[]> {
    const batch = this.#client.pipeline()
    for (const command of commands) this.#options.wire.queue(batch, command)
    return ((await batch.exec()) ?? []).map(([error, reply]) => this.#answer(error, reply))
  }

  #ask(command: Outgoing): Promise<RedisResponse<Reply>> {
    return this.#options.wire.call(this.#client, command).then(
      (result) => ({ result }),
      (error: unknown) => this.#refusal(error),
    )
  }

  /** The answer to one command of a batch. */
  #answer(error: Error | null, reply: unknown): RedisResponse<Reply> {
    return error === null ? { result: this.#options.wire.toReply(reply) } : this.#refusal(error)
  }

  /** The answer for an error reply. Rethrows other errors: if one command of a batch fails, the batch fails. */
  #refusal(error: unknown): RedisResponse<Reply> {
    if (!isReplyError(error)) throw error
    if (isOfReplica(error)) this.#options.onReplica()
    return { error: error.message }
  }
}
