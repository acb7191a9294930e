/**
 * What the reads of one process are promised, as far as the process can know.
 *
 * @module
 */

import type { Floor, Strength } from './soak-source.ts'

/** A floor, and when its process knew of it, on its own monotonic clock. */
interface Heard {
  readonly at: number
  readonly floor: Floor
}

const NONE: Floor = { hard: 0, soft: 0 }

/**
 * Floors by row: those of the process's own calls, which count at once, and those heard of others,
 * which a near tier may lag behind by its `ttl`.
 *
 * Others' calls had returned when they were heard of. A near copy that is served `lagMs` after that
 * was proved later than the call, so what was heard that long ago binds it.
 */
export class SoakFloors {
  readonly #own = new Map<number, Floor>()
  readonly #heard = new Map<number, Heard[]>()
  readonly #lagMs: number

  /** @param lagMs The `ttl` of the near tier; 0 where it has none, or verifies. */
  constructor(lagMs: number) {
    this.#lagMs = lagMs
  }

  /** A call of this process has returned. */
  own(row: number, strength: Strength, version: number): void {
    this.#own.set(row, highest(this.#own.get(row) ?? NONE, { ...NONE, [strength]: version }))
  }

  /** The row's floor was read, and the reply has come. */
  hear(row: number, floor: Floor, at: number): void {
    const all = this.#heard.get(row) ?? []
    this.#heard.set(row, all)
    const last = all.at(-1)?.floor ?? NONE
    const now = highest(last, floor)
    if (now.hard > last.hard || now.soft > last.soft) all.push({ at, floor: now })
  }

  /** What a read of the row that begins now is promised, with the near tier or without. */
  promised(row: number, usesNear: boolean, now: number): Floor {
    const until = usesNear ? now - this.#lagMs : now
    const all = this.#heard.get(row) ?? []
    // What is older than the one that binds the laggards never counts again.
    while (all[1] && all[1].at <= now - this.#lagMs) all.shift()
    const heard = all.findLast(({ at }) => at <= until)?.floor ?? NONE
    return highest(this.#own.get(row) ?? NONE, heard)
  }
}

function highest(a: Floor, b: Floor): Floor {
  return { hard: Math.max(a.hard, b.hard), soft: Math.max(a.soft, b.soft) }
}
