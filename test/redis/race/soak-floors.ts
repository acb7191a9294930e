/**
 * The oldest versions that reads of one process may return, as far as the process knows.
 *
 * @module
 */

import type { Floor, Strength } from './soak-source.ts'

/** A floor, and when this process received it, by its monotonic clock. */
interface Heard {
  readonly at: number
  readonly floor: Floor
}

const NONE: Floor = { hard: 0, soft: 0 }

/**
 * Floors by row. Floors of the process's own calls apply at once. Floors received from other processes
 * apply to near copies only after the `ttl` of the near tier.
 *
 * A call of another process has returned before its floor is received. A near copy that is served
 * `lagMs` or more after that was proved valid after the call, so the floor applies to it.
 */
export class SoakFloors {
  readonly #own = new Map<number, Floor>()
  readonly #heard = new Map<number, Heard[]>()
  readonly #lagMs: number

  /** @param lagMs The `ttl` of the near tier; 0 if there is no near tier or it verifies copies. */
  constructor(lagMs: number) {
    this.#lagMs = lagMs
  }

  /** Records that a call of this process has returned. */
  own(row: number, strength: Strength, version: number): void {
    this.#own.set(row, highest(this.#own.get(row) ?? NONE, { ...NONE, [strength]: version }))
  }

  /** Records a floor of the row that was read from the source. */
  hear(row: number, floor: Floor, at: number): void {
    const all = this.#heard.get(row) ?? []
    this.#heard.set(row, all)
    const last = all.at(-1)?.floor ?? NONE
    const now = highest(last, floor)
    if (now.hard > last.hard || now.soft > last.soft) all.push({ at, floor: now })
  }

  /** The floor of a read of the row that begins now, with or without the near tier. */
  promised(row: number, usesNear: boolean, now: number): Floor {
    const until = usesNear ? now - this.#lagMs : now
    const all = this.#heard.get(row) ?? []
    // Keeps the newest floor that applies to near copies; older floors are never needed again.
    while (all[1] && all[1].at <= now - this.#lagMs) all.shift()
    const heard = all.findLast(({ at }) => at <= until)?.floor ?? NONE
    return highest(this.#own.get(row) ?? NONE, heard)
  }
}

function highest(a: Floor, b: Floor): Floor {
  return { hard: Math.max(a.hard, b.hard), soft: Math.max(a.soft, b.soft) }
}
