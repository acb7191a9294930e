/**
 * One ioredis client, made to answer or fail: nothing waits for a server that is known to be away,
 * and nothing is sent twice.
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
import { backoff, dialNode, ONCE, observeNode, refusedWhileLoading } from './dial.ts'
import { isOfReplica, isReplyError } from './reply-error.ts'
import { ReplyWatch } from './reply-watch.ts'
import { LOST_SENTINELS } from './sentinel.ts'
import type { Wire } from './wire.ts'

/** Options for {@link Connection}. */
export interface ConnectionOptions {
  /** The clock of its deadlines. */
  readonly platform: Platform
  /** How replies are read. */
  readonly wire: Wire
  /** How long a server that is connected to may take to let in; undefined: for ever. */
  readonly greetingTimeoutMs: number | undefined
  /** How long the server may owe replies without giving any; undefined: for ever. */
  readonly replyTimeoutMs: number | undefined
  /** Whether the client is ours to close. */
  readonly owned: boolean
  /** Whether it is one connection, which is made anew when it was closed. */
  readonly comesBack: boolean
  /** Told when its server answers as a replica: so does that of the other connections. */
  readonly onReplica: () => void
}

/** How long a server that is left may take to answer what it owes, and to say goodbye. */
const CLOSING_MS = 1_000
/** How long one is kept to what answers as a replica does, which may be meant. */
const LEAVE_MS = 1_000

/** How long an answer is waited for. */
export type Limits = Pick<RedisRequest, 'signal' | 'deadlineMs'>

/** A client with its state. Every error that leaves it is a `RemoteError`. */
export class Connection {
  readonly #client: TcpClient
  /** The client's, if it is a cluster's. */
  readonly #nodes: ClusterNodes | undefined
  readonly #options: ConnectionOptions
  readonly #closing = new AbortController()
  readonly #watch: ReplyWatch
  readonly #listeners: readonly (readonly [event: string, listener: TcpListener])[]
  /** What went wrong since the connection was last good. */
  #failure: unknown
  /** Whether the server has refused the user or the database: ioredis goes on with another. */
  #refused = false
  /** How often in a row: ioredis begins to count anew, when the other one is let in. */
  #refusals = 0
  /** Whether no sentinel has led anywhere: ioredis goes on asking them. */
  #astray = false
  #opening: PromiseWithResolvers<void> | undefined
  /** Aborted when the attempt to connect is over. */
  #greeting = new AbortController()
  /** When it was last left as a replica's, in epoch milliseconds. */
  #leftAt = 0
  /** Whether it is closed as soon as nothing is in flight; what comes waits for the next. */
  #leaving = false

  constructor(client: TcpClient, options: ConnectionOptions) {
    this.#client = client
    const { platform, wire } = options
    const closing = this.#closing.signal
    if (isCluster(client)) this.#nodes = new ClusterNodes(client, { platform, wire, closing })
    this.#options = options
    const onSilence = (): void => client.disconnect(true)
    const timeoutMs = options.replyTimeoutMs
    this.#watch = new ReplyWatch({ platform, timeoutMs, closing, onSilence })
    const lost = (): void => {
      const isLeft = this.#leaving
      this.#refused = false
      this.#leaving = false
      this.#greeting.abort()
      if (!isLeft) this.#settle((opening) => opening.reject(this.#failure))
    }
    this.#listeners = [
      ['connect', () => this.#greet()],
      ['ready', () => this.#opened()],
      [LOST_SENTINELS, () => this.#strayed()],
      ['close', lost],
      ['end', lost],
      ['end', () => this.#comeBack()],
      // A cluster sums its nodes' errors up in one that has no code.
      ['node error', (problem) => this.#fail(problem)],
      ['error', (problem) => this.#fail(this.#nodes ? (this.#failure ?? problem) : problem)],
      // ioredis waits on for what a node owed that has ended, which would keep the process as long.
      ['-node', (node) => clearTimeout((node as TcpNode).socketTimeoutTimer)],
      ['+node', (node) => observeNode(node as TcpNode, (problem) => this.#fail(problem))],
    ]
    for (const [event, listener] of this.#listeners) client.on(event, listener)
    if (client.status === 'wait') client.connect().catch(() => undefined) // told by the events
  }

  get isReady(): boolean {
    return this.#client.status === 'ready' && !this.#refused && !this.#leaving
  }

  /** A client for one connection, that of a subscription; in a cluster to any of its nodes. */
  async dial(operation: string): Promise<TcpClient> {
    const client = this.#client
    if (!isCluster(client)) return refusedWhileLoading(client.duplicate(ONCE))
    if (!this.isReady) await this.#open(operation)
    return dialNode(client, this.#options.platform)
  }

  /** Sends one command. */
  send(command: Outgoing, limits: Limits): Promise<RedisResponse<Reply>> {
    return this.#run(command.name, limits.signal, async () => {
      if (!this.#nodes) return this.#ask(command)
      const [answer] = await this.#nodes.ask([command], patienceOf(limits))
      return answer as RedisResponse<Reply>
    })
  }

  /** Sends commands in one write, in order; those already refused keep their place. */
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

  /** A primary that has become a replica keeps its connections: only a new one may find its successor. */
  leaveReplica(): void {
    const { platform, comesBack } = this.#options
    const now = platform.now()
    // One that is being made finds whoever is there now.
    if (!comesBack || !this.isReady || Math.abs(now - this.#leftAt) < LEAVE_MS) return
    this.#leftAt = now
    if (this.#watch.pending === 0) this.#client.disconnect(true)
    else this.#leaving = true
  }

  /** Gives the connection back once what was sent is answered; a client of the caller stays open. */
  async close(): Promise<void> {
    const client = this.#client
    if (!this.#options.owned) {
      for (const [event, listener] of this.#listeners) client.off(event, listener)
    } else if (this.isReady) {
      const { platform } = this.#options
      const left = await settledWithin(platform, CLOSING_MS, client.quit()).catch(() => TIMED_OUT)
      if (left === TIMED_OUT) client.disconnect()
    } else {
      client.disconnect()
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

  /** Waits for the attempt to connect that is under way; fails at once between two attempts. */
  async #open(operation: string): Promise<void> {
    const { status } = this.#client
    const isWaiting = status === 'reconnecting' || this.#astray
    const away = isWaiting && this.#failure !== undefined
    try {
      if (away || status === 'end') throw this.#failure
      if (status === 'wait') this.#client.connect().catch(() => undefined) // told by the events
      this.#opening ??= Promise.withResolvers<void>()
      await this.#opening.promise
    } catch (error) {
      throw connectError(operation, error)
    }
  }

  /** One that hangs is connected to by its kernel: another may have its place, and would not be looked for. */
  #greet(): void {
    const { platform, greetingTimeoutMs } = this.#options
    if (greetingTimeoutMs === undefined) return
    const greeting = new AbortController()
    this.#greeting = greeting
    const over = AbortSignal.any([greeting.signal, this.#closing.signal])
    platform.delay(greetingTimeoutMs, over).then(
      () => {
        this.#fail(silenceError())
        this.#client.disconnect(true)
      },
      () => undefined, // let in, refused or closed
    )
  }

  #opened(): void {
    this.#greeting.abort()
    if (this.#refused) return
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

  /** Tries again with what was refused, which may be right later. */
  #comeBack(): void {
    const { platform, comesBack } = this.#options
    if (this.#refusals === 0 || !comesBack) return
    platform.delay(backoff(this.#refusals), this.#closing.signal).then(
      () => this.#client.connect().catch(() => undefined), // told by the events
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
    const replies = (await batch.exec()) ?? []
    return replies.map(([error, reply]) => this.#answer(error, reply))
  }

  #ask(command: Outgoing): Promise<RedisResponse<Reply>> {
    return this.#options.wire.call(this.#client, command).then(
      (result) => ({ result }),
      (error: unknown) => this.#refusal(error),
    )
  }

  /** An answer to one command of a batch. */
  #answer(error: Error | null, reply: unknown): RedisResponse<Reply> {
    return error === null ? { result: this.#options.wire.toReply(reply) } : this.#refusal(error)
  }

  /** What Redis says against a command. Anything else is no answer; a batch of which a part got none has none. */
  #refusal(error: unknown): RedisResponse<Reply> {
    if (!isReplyError(error)) throw error
    if (isOfReplica(error)) this.#options.onReplica()
    return { error: error.message }
  }
}
