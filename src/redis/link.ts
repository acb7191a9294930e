/**
 * What the cache sends its commands through: batched by tick, guarded, error replies as errors.
 *
 * @module
 */

import { replyIn } from './answer.ts'
import { Batcher } from './batch.ts'
import type { Texts } from './gather.ts'
import type { GuardedRequester } from './guard.ts'
import type { Argument, Command, Reply } from './requester.ts'
import type { Script } from './scripts/script.ts'

/** Commands in, replies out. */
export class RedisLink {
  declare readonly guarded: GuardedRequester
  /** Whether one command must keep to one hash slot (Redis Cluster). */
  declare readonly cluster: boolean
  readonly #batcher: Batcher

  constructor(guarded: GuardedRequester) {
    this.guarded = guarded
    this.cluster = guarded.cluster
    this.#batcher = new Batcher(guarded)
  }

  /**
   * Sends one command with the others of this tick.
   *
   * @throws {RemoteError} When Redis answers with an error, or no answer is to be had.
   * @throws {RemoteTimeoutError} At the deadline.
   * @throws {CircuitOpenError} While the circuit is open.
   */
  async send(command: Command): Promise<Reply> {
    return replyIn(await this.#batcher.send(command), command[0])
  }

  /**
   * What keys hold: one command for all that is read in this tick. Rejects as {@link send} does.
   *
   * @param shared Keys that other readers ask for as well: the same list for all of them.
   * @param make What to make of it, at once. @default the texts of `keys`
   */
  read<T = Texts>(
    keys: readonly string[],
    shared: readonly string[] = [],
    make: (texts: Texts, shared: Texts) => T | Promise<T> = (texts) => texts as T,
  ): Promise<T> {
    return this.#batcher.read(keys, shared, make)
  }

  /**
   * Sends a read that is answered no older than a consistency token, by itself: a request has one
   * token. Transports that have none answer as ever.
   */
  async readAfter(command: Command, token: string): Promise<Reply> {
    const request = { path: [], body: command, upstashSyncToken: token }
    return replyIn(await this.guarded.request<Reply>(request), command[0])
  }

  /** Runs a script by its hash; its text is sent only to a Redis that does not know it yet. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const rest = [keys.length, ...keys, ...args]
    const answer = await this.#batcher.send(['EVALSHA', script.sha1, ...rest])
    if (answer.error?.startsWith('NOSCRIPT')) return this.send(['EVAL', script.lua, ...rest])
    return replyIn(answer, 'EVALSHA')
  }
}
