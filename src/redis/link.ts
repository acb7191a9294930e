/**
 * Sends the cache's commands to Redis: batches those of one tick, applies the guard, throws error replies.
 *
 * @module
 */

import { replyIn } from './answer.ts'
import { Batcher } from './batch.ts'
import type { Texts } from './gather.ts'
import type { GuardedRequester } from './guard.ts'
import type { Argument, Command, Reply } from './requester.ts'
import type { Script } from './scripts/script.ts'

/** Sends commands and returns their replies. */
export class RedisLink {
  declare readonly guarded: GuardedRequester
  /** Whether all keys of a command must be in one hash slot (Redis Cluster). */
  declare readonly cluster: boolean
  readonly #batcher: Batcher

  constructor(guarded: GuardedRequester) {
    this.guarded = guarded
    this.cluster = guarded.cluster
    this.#batcher = new Batcher(guarded)
  }

  /**
   * Sends a command in the same request as the other commands of this tick.
   *
   * @throws {RemoteError} When Redis answers with an error or cannot be reached.
   * @throws {RemoteTimeoutError} At the deadline.
   * @throws {CircuitOpenError} While the circuit is open.
   */
  async send(command: Command): Promise<Reply> {
    return replyIn(await this.#batcher.send(command), command[0])
  }

  /**
   * Reads the text values of keys. All reads of a tick share one command. Rejects as {@link send} does.
   *
   * @param shared Keys that other readers also need. Pass the same array object each time.
   * @param make Turns the values into the result, as soon as they arrive. @default returns the texts of `keys`
   */
  read<T = Texts>(
    keys: readonly string[],
    shared: readonly string[] = [],
    make: (texts: Texts, shared: Texts) => T | Promise<T> = (texts) => texts as T,
  ): Promise<T> {
    return this.#batcher.read(keys, shared, make)
  }

  /**
   * Sends a read that must not be answered from data older than a consistency token. It is not batched, because
   * a request carries one token. Transports without tokens ignore it.
   */
  async readAfter(command: Command, token: string): Promise<Reply> {
    const request = { path: [], body: command, upstashSyncToken: token }
    return replyIn(await this.guarded.request<Reply>(request), command[0])
  }

  /** Runs a script by its hash. Sends its text only if Redis does not know the script yet. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const rest = [keys.length, ...keys, ...args]
    const answer = await this.#batcher.send(['EVALSHA', script.sha1, ...rest])
    if (answer.error?.startsWith('NOSCRIPT')) return this.send(['EVAL', script.lua, ...rest])
    return replyIn(answer, 'EVALSHA')
  }
}
