/**
 * The reads of one tick as one command: what several readers ask for is asked for once.
 *
 * @module
 */

import { answerError } from './failure.ts'
import type { RedisResponse, Reply } from './requester.ts'

/** Redis serves nobody else during a command, so the keys of many readers go in several. */
const MAX_KEYS = 1_000

/** One `MGET` in the making. */
export class Gather {
  readonly command: ['MGET', ...string[]] = ['MGET']
  readonly #places = new Map<string, number>()

  /** Whether the keys of another reader still go in. Those of the first do, however many. */
  hasRoomFor(keys: readonly string[]): boolean {
    return this.command.length - 1 + keys.length <= MAX_KEYS
  }

  /** Adds keys. @returns Where in the reply each of them will be. */
  add(keys: readonly string[]): readonly number[] {
    return keys.map((key) => this.#place(key))
  }

  #place(key: string): number {
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place = this.command.push(key) - 2
    this.#places.set(key, place)
    return place
  }

  /**
   * One reader's part of the answer.
   *
   * @throws {RemoteError} `malformed reply`, when it is not a list of as many replies as keys.
   */
  pick(
    { error, result }: RedisResponse<Reply>,
    places: readonly number[],
  ): RedisResponse<readonly Reply[]> {
    if (error !== undefined) return { error }
    if (!Array.isArray(result) || result.length !== this.command.length - 1) {
      throw answerError('MGET', 'malformed reply')
    }
    const replies: readonly Reply[] = result
    return { result: places.map((place) => replies[place] ?? null) }
  }
}
