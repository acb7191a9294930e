/**
 * Keeps members sorted by score, for sorted sets.
 *
 * @module
 */

import { compareBytes } from './text.ts'

/** A member and its score. */
export interface Scored {
  readonly member: string
  readonly score: number
}

/** Longer chunks are split; two neighbours that are shorter together than `MIN_PAIR` are joined. */
const MAX_CHUNK = 512
const MIN_PAIR = MAX_CHUNK / 2

/** Orders by score, then by the bytes of the member. */
function compare(left: Scored, right: Scored): number {
  return left.score - right.score || compareBytes(left.member, right.member)
}

/** The first index in [0, length) for which `isBefore` is false, or `length`. */
function firstNotBefore(length: number, isBefore: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * A sorted list in chunks. A change moves at most one chunk, and a rank is a sum of chunk lengths: with n
 * members about n/500 steps. All arrays are short, which is faster than the pointers of a skip list for up to
 * millions of members.
 */
export class ScoreOrder {
  readonly #chunks: Scored[][] = []

  insert(scored: Scored): void {
    const [chunkIndex, index] = this.#locate((other) => compare(other, scored) < 0)
    const chunk = this.#chunks[chunkIndex]
    if (chunk === undefined) {
      this.#append(scored)
      return
    }
    chunk.splice(index, 0, scored)
    this.#cut(chunkIndex, chunk)
  }

  /** Removes a member, which must exist with exactly this score. */
  delete(scored: Scored): void {
    const [chunkIndex, index] = this.#locate((other) => compare(other, scored) < 0)
    this.#chunks[chunkIndex]?.splice(index, 1)
    this.#join(chunkIndex)
  }

  /** The number of members before this one. */
  rank(scored: Scored): number {
    return this.countWhile((other) => compare(other, scored) < 0)
  }

  /** The number of members, from the lowest, for which `isBefore` holds. It must not hold for any later member. */
  countWhile(isBefore: (scored: Scored) => boolean): number {
    const [chunkIndex, index] = this.#locate(isBefore)
    let count = index
    for (let before = 0; before < chunkIndex; before++) count += this.#chunks[before]?.length ?? 0
    return count
  }

  /** The members with ranks in [start, end). */
  slice(start: number, end: number): Scored[] {
    const found: Scored[] = []
    let first = 0
    for (const chunk of this.#chunks) {
      if (first >= end) break
      if (first + chunk.length > start) {
        for (const scored of chunk.slice(Math.max(0, start - first), end - first)) {
          found.push(scored)
        }
      }
      first += chunk.length
    }
    return found
  }

  /** The position of the first member for which `isBefore` is false; after the last chunk if there is none. */
  #locate(isBefore: (scored: Scored) => boolean): [chunkIndex: number, index: number] {
    const chunks = this.#chunks
    const chunkIndex = firstNotBefore(chunks.length, (index) => {
      const last = chunks[index]?.at(-1)
      return last !== undefined && isBefore(last)
    })
    const chunk = chunks[chunkIndex] ?? []
    return [
      chunkIndex,
      firstNotBefore(chunk.length, (index) => {
        const scored = chunk[index]
        return scored !== undefined && isBefore(scored)
      }),
    ]
  }

  #append(scored: Scored): void {
    const last = this.#chunks.at(-1)
    if (last) {
      last.push(scored)
      this.#cut(this.#chunks.length - 1, last)
    } else {
      this.#chunks.push([scored])
    }
  }

  #cut(chunkIndex: number, chunk: Scored[]): void {
    if (chunk.length <= MAX_CHUNK) return
    this.#chunks.splice(chunkIndex + 1, 0, chunk.splice(chunk.length >>> 1))
  }

  #join(chunkIndex: number): void {
    const first = Math.max(0, chunkIndex - 1)
    const left = this.#chunks[first]
    const right = this.#chunks[first + 1]
    if (left && right && left.length + right.length < MIN_PAIR) {
      this.#chunks.splice(first, 2, left.concat(right))
    } else if (this.#chunks[chunkIndex]?.length === 0) {
      this.#chunks.splice(chunkIndex, 1)
    }
  }
}
