/**
 * The value of a key of type zset.
 *
 * @module
 */

import { IndexedMap } from './indexed-map.ts'
import { type Scored, ScoreOrder } from './score-order.ts'
import { type Collection, MEMBER_BYTES } from './values.ts'

/** Overhead of a member in bytes, besides its text: it is stored in a map and in the order. */
const SCORED_BYTES = 2 * MEMBER_BYTES

/** Distinct members sorted by score. */
export class SortedSetValue implements Collection {
  readonly type = 'zset'
  readonly scores: IndexedMap<number> = new IndexedMap()
  readonly order: ScoreOrder = new ScoreOrder()
  #bytes = 0

  get size(): number {
    return this.scores.size
  }

  get bytes(): number {
    return this.#bytes
  }

  score(member: string): number | undefined {
    return this.scores.get(member)
  }

  /** Sets the score of a member, and adds the member if it is new. Stores -0 as 0. */
  set(member: string, given: number): void {
    const score = given + 0
    const old = this.scores.get(member)
    if (old === undefined) this.#bytes += member.length + SCORED_BYTES
    else this.order.delete({ member, score: old })
    this.scores.set(member, score)
    this.order.insert({ member, score })
  }

  delete(member: string): boolean {
    const score = this.scores.get(member)
    if (score === undefined) return false
    this.#bytes -= member.length + SCORED_BYTES
    this.order.delete({ member, score })
    return this.scores.delete(member)
  }

  /** The members with ranks in [start, end), lowest score first. */
  slice(start: number, end: number): Scored[] {
    return this.order.slice(start, end)
  }

  clone(): SortedSetValue {
    const copy = new SortedSetValue()
    for (const [member, score] of this.scores.entries()) copy.set(member, score)
    return copy
  }
}
