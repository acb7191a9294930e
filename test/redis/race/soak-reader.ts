/**
 * Reads of a soak, each checked against the floor at its beginning.
 *
 * @module
 */

import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Loader } from '../../../src/cache/loader.ts'
import type { SoakFloors } from './soak-floors.ts'
import type { SoakReads } from './soak-mutants.ts'
import type { SoakPlan, Tally, Violation } from './soak-plan.ts'
import { keyOf, kindOf, lateTagOf, optionsOf, ROWS, type Row, rowsOf } from './soak-rows.ts'
import type { SoakSource, Strength } from './soak-source.ts'

/** The parts that a reader needs. */
export interface SoakReaderParts {
  readonly plan: SoakPlan
  readonly cache: SoakReads
  readonly source: SoakSource
  readonly floors: SoakFloors
  readonly tally: Tally
  readonly violations: Violation[]
}

const FRAIL_FAILURES = 0.2

export class SoakReader {
  readonly #parts: SoakReaderParts

  constructor(parts: SoakReaderParts) {
    this.#parts = parts
  }

  /** One read, or several concurrent reads of one row. */
  async read(): Promise<void> {
    const draw = Math.random()
    const row = pick(ROWS)
    if (draw < 0.3) await this.#get(row)
    else if (draw < 0.4) await this.#getMany()
    else if (draw < 0.8) await this.#getOrSet(row)
    else if (draw < 0.9) await Promise.all([1, 2, 3, 4].map(() => this.#getOrSet(row)))
    else await this.#getOrSetMany()
  }

  /** `get` serves only fresh values, so the soft floor applies too. */
  #get(row: number): Promise<void> {
    const near = usesNear()
    return this.#check('get', 'soft', [row], near, async () => {
      const options = near ? optionsOf(row) : { ...optionsOf(row), near: false as const }
      return [await this.#parts.cache.get(keyOf(row), options)]
    })
  }

  #getMany(): Promise<void> {
    const rows = Array.from({ length: 6 }, () => pick(ROWS))
    return this.#check('getMany', 'soft', rows, true, async () => {
      const found = await this.#parts.cache.getMany(rows.map(keyOf))
      return rows.map((row) => found.get(keyOf(row)))
    })
  }

  #getOrSet(row: number): Promise<void> {
    const near = usesNear()
    return this.#check('getOrSet', 'hard', [row], near, async () => {
      const options = near ? optionsOf(row) : { ...optionsOf(row), near: false as const }
      return [await this.#parts.cache.getOrSet(keyOf(row), this.#loader(row), options)]
    })
  }

  #getOrSetMany(): Promise<void> {
    const rows = rowsOf('batch').filter(() => Math.random() < 0.7)
    if (rows.length === 0) return Promise.resolve()
    const options = optionsOf(rows[0] ?? 0)
    return this.#check('getOrSetMany', 'hard', rows, true, async () => {
      const rowOf = new Map(rows.map((row) => [keyOf(row), row]))
      const loader = async (keys: readonly string[]): Promise<Map<string, Row>> => {
        const wanted = keys.map((key) => rowOf.get(key) ?? 0)
        const versions = await this.#load(wanted)
        return new Map(
          wanted.map((row, i) => [keyOf(row), { row, version: versions[i] ?? 0 }] as const),
        )
      }
      const found = await this.#parts.cache.getOrSetMany(rows.map(keyOf), loader, options)
      return rows.map((row) => found.get(keyOf(row)))
    })
  }

  #loader(row: number): Loader<Row> {
    return async (context) => {
      const [version = 0] = await this.#load([row])
      if (kindOf(row) === 'frail' && Math.random() < FRAIL_FAILURES) throw new Error('frail')
      if (kindOf(row) === 'late') context?.setTags([lateTagOf(row)])
      return { row, version }
    }
  }

  /** Waits before and after it reads the source, so that calls may come between. */
  async #load(rows: readonly number[]): Promise<number[]> {
    const { source, tally } = this.#parts
    tally.loads++
    await slowly()
    const versions = await source.versions(rows)
    await slowly()
    return versions
  }

  /** Gets the floors before the read begins, and checks its result. */
  async #check(
    name: string,
    strength: Strength,
    rows: readonly number[],
    near: boolean,
    read: () => Promise<readonly (Row | undefined)[]>,
  ): Promise<void> {
    const { plan, source, floors, tally, violations } = this.#parts
    const published = await source.floors(rows)
    const now = performance.now()
    const promised = rows.map((row, i) => {
      floors.hear(row, published[i] ?? { hard: 0, soft: 0 }, now)
      const { hard, soft } = floors.promised(row, near, now)
      return strength === 'soft' ? Math.max(hard, soft) : hard
    })
    const served = await read().catch((error: unknown) => {
      if (!isExpected(error)) throw error
      tally.failed++
      return []
    })
    for (const [i, value] of served.entries()) {
      if (value === undefined) continue
      tally.reads++
      const [row = 0, floor = 0] = [rows[i], promised[i]]
      if (value.row === row && value.version >= floor) continue
      violations.push({
        process: plan.index,
        read: name,
        row: value.row,
        version: value.version,
        floor,
      })
    }
  }
}

/** Loads of frail rows fail or time out. */
function isExpected(error: unknown): boolean {
  const { message, code } = Object(error) as { message?: string; code?: string }
  return message === 'frail' || code === 'ERR_LOADER_TIMEOUT'
}

function usesNear(): boolean {
  return Math.random() < 0.75
}

async function slowly(): Promise<void> {
  const draw = Math.random()
  if (draw < 0.4) await delay(draw < 0.02 ? 100 : Math.random() * 30)
}

function pick<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T
}
