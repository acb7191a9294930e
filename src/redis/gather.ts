/**
 * Combines the reads of one tick into one `MGET` in which each key appears once.
 *
 * @module
 */

import { list, replyIn, text } from './answer.ts'
import type { RedisResponse, Reply } from './requester.ts'

/**
 * More keys go into several commands. Redis serves no other client during a command, and it can work on the
 * first command while the next one is built.
 */
const MAX_KEYS = 256

/** The text values of keys; null if the key does not exist or does not hold a string. */
export type Texts = readonly (string | null)[]

/** The indexes of one reader's keys in the reply. */
export interface Places {
  readonly own: readonly number[]
  readonly shared: Shared
}

/** A list of keys that many readers have in common. */
interface Shared {
  readonly keys: readonly string[]
  readonly places: readonly number[]
  /** Filled by the first of these readers. */
  texts: Texts | undefined
}

/** Builds one `MGET`. */
export class Gather {
  readonly command: ['MGET', ...string[]] = ['MGET']
  readonly #places = new Map<string, number>()
  #shared: Shared | undefined

  /** Whether so many more keys still fit. The first reader's keys are accepted however many they are. */
  hasRoomFor(count: number): boolean {
    return this.command.length - 1 + count <= MAX_KEYS
  }

  /** Adds a reader's keys. The shared keys are added only if the reader before had another list. */
  add(own: readonly string[], shared: readonly string[]): Places {
    if (this.#shared?.keys !== shared) {
      this.#shared = { keys: shared, places: this.#placesOf(shared), texts: undefined }
    }
    return { own: this.#placesOf(own), shared: this.#shared }
  }

  #placesOf(keys: readonly string[]): readonly number[] {
    return keys.map((key) => this.#placeOf(key))
  }

  #placeOf(key: string): number {
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place = this.command.push(key) - 2
    this.#places.set(key, place)
    return place
  }

  /**
   * Gives one reader its part of the answer.
   *
   * @throws {RemoteError} The error of Redis; or `malformed reply`, if the answer is not a list with one reply a
   * key, or a reply for this reader is neither text nor null.
   */
  pick<T>(
    answer: RedisResponse<Reply>,
    { own, shared }: Places,
    make: (texts: Texts, shared: Texts) => T,
  ): T {
    const replies = list(replyIn(answer, 'MGET'), this.command.length - 1, 'MGET')
    const textAt = (place: number): string | null => text(replies[place], 'MGET')
    shared.texts ??= shared.places.map(textAt)
    return make(own.map(textAt), shared.texts)
  }
}
