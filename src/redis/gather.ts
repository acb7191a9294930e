/**
 * The reads of one tick as one command: what several readers ask for is asked for once.
 *
 * @module
 */

import { list, replyIn, text } from './answer.ts'
import type { RedisResponse, Reply } from './requester.ts'

/**
 * The keys of many readers go in several commands: Redis serves nobody else during one, and works on
 * the first while the next is gathered.
 */
const MAX_KEYS = 256

/** What keys hold: text, or null for nothing and for what is no text. */
export type Texts = readonly (string | null)[]

/** Where in the reply one reader finds what it asked for. */
export interface Places {
  readonly own: readonly number[]
  readonly shared: Shared
}

/** A list of keys that many readers have in common. */
interface Shared {
  readonly keys: readonly string[]
  readonly places: readonly number[]
  /** Read by the first of them. */
  texts: Texts | undefined
}

/** One `MGET` in the making. */
export class Gather {
  readonly command: ['MGET', ...string[]] = ['MGET']
  readonly #places = new Map<string, number>()
  #shared: Shared | undefined

  /** Whether the keys of another reader still go in. Those of the first do, however many. */
  hasRoomFor(count: number): boolean {
    return this.command.length - 1 + count <= MAX_KEYS
  }

  /** Adds keys; of a list that was shared by the reader before, none. */
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
   * One reader's part of the answer.
   *
   * @throws {RemoteError} The error of Redis; or `malformed reply`, when it is not a list of as many
   * replies as keys, or one of this reader's is of a kind that says nothing of its key.
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
