/**
 * What the cache sends its commands through: batched by tick, guarded, error replies as errors.
 *
 * @module
 */

import { Batcher } from './batch.ts'
import { replyError } from './failure.ts'
import type { Texts } from './gather.ts'
import type { GuardedRequester } from './guard.ts'
import type { Argument, Command, Reply } from './requester.ts'
import type { Script } from './scripts/script.ts'

/** Commands in, replies out. */
export class RedisLink {
  readonly guarded: GuardedRequester
  /** Whether one command must keep to one hash slot (Redis Cluster). */
  readonly cluster: boolean
  readonly #batcher: Batcher

  constructor(guarded: GuardedRequester, cluster: boolean) {
    this.guarded = guarded
    this.cluster = cluster
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
    const { error, result } = await this.#batcher.send(command)
    if (error !== undefined) throw replyError(command[0], error)
    return result ?? null
  }

  /** What keys hold: one command for all that is read in this tick. Rejects as {@link send} does. */
  read(keys: readonly string[]): Promise<Texts> {
    return this.readWith(keys, [], (texts) => texts)
  }

  /**
   * As {@link read}, with keys that other readers have in common with this one.
   *
   * @param shared The same list for all of them.
   * @param make What to make of what the keys hold, at once.
   */
  readWith<T>(
    keys: readonly string[],
    shared: readonly string[],
    make: (texts: Texts, shared: Texts) => T | Promise<T>,
  ): Promise<T> {
    return this.#batcher.read(keys, shared, make)
  }

  /**
   * Sends a read that is answered no older than a consistency token, by itself: a request has one
   * token. Transports that have none answer as ever.
   */
  async readAfter(command: Command, token: string): Promise<Reply> {
    const request = { path: [], body: command, upstashSyncToken: token }
    const { error, result } = await this.guarded.request<Reply>(request)
    if (error !== undefined) throw replyError(command[0], error)
    return result ?? null
  }

  /** Runs a script by its hash; its text is sent only to a Redis that does not know it yet. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const rest = [keys.length, ...keys, ...args]
    const { error, result } = await this.#batcher.send(['EVALSHA', script.sha1, ...rest])
    if (error === undefined) return result ?? null
    if (!error.startsWith('NOSCRIPT')) throw replyError('EVALSHA', error)
    return this.send(['EVAL', script.lua, ...rest])
  }
}
