/**
 * Writes of a soak: each changes the source, makes a call that covers the change, and publishes its version.
 *
 * @module
 */

import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import type { EntryOptions } from '../../../src/cache/options.ts'
import { isNearcacheError } from '../../../src/errors.ts'
import type { SoakFloors } from './soak-floors.ts'
import { CALLS, type CallName, type SoakPlan, type Tally } from './soak-plan.ts'
import {
  groupOf,
  isHot,
  KINDS,
  keyOf,
  kindOf,
  lateTagOf,
  optionsOf,
  PREFIX,
  ROWS,
  type Row,
  rowsOf,
} from './soak-rows.ts'
import type { SoakSource, Strength } from './soak-source.ts'

/** The parts that a writer needs. */
export interface SoakWriterParts {
  readonly plan: SoakPlan
  readonly cache: CacheNamespace<Row>
  readonly source: SoakSource
  readonly floors: SoakFloors
  readonly tally: Tally
}

/** The rows that any writer may change. A solo row has one writer, so that the value it sets is the newest. */
const SHARED = ROWS.filter((row) => kindOf(row) !== 'solo')
/** Calls that leave little to hit are rare. */
const RARE: ReadonlySet<CallName> = new Set(['clear', 'declared pattern', 'scanned pattern'])
const RARENESS = 0.3

export class SoakWriter {
  readonly #parts: SoakWriterParts
  readonly #calls: Readonly<Record<Exclude<CallName, 'set' | 'setMany'>, () => Promise<void>>>

  constructor(parts: SoakWriterParts) {
    this.#parts = parts
    const { cache } = parts
    this.#calls = {
      delete: () => this.#cover(some(SHARED), (rows) => cache.delete(...rows.map(keyOf))),
      'row tag': () =>
        this.#cover(some(rowsOf('plain', 'quick', 'frail')), (rows) =>
          cache.invalidateTags(rows.map((row) => `row:${row}`)),
        ),
      'group tag': () => {
        const group = groupOf(pick(ROWS))
        const rows = rowsOf('plain', 'quick', 'late', 'frail').filter((r) => groupOf(r) === group)
        return this.#cover(some(rows), () => cache.invalidateTags([group]))
      },
      'late tag': () =>
        this.#cover(some(rowsOf('late')), (rows) => cache.invalidateTags(rows.map(lateTagOf))),
      soft: () => {
        const soften = (rows: readonly number[]): Promise<void> =>
          cache.invalidateTags(['batch', ...rows.map((row) => `row:${row}`)], { mode: 'soft' })
        return this.#cover(some(rowsOf('plain', 'quick', 'batch', 'frail')), soften, 'soft')
      },
      clear: () => this.#cover(some(SHARED), () => cache.clear()),
      'declared pattern': () =>
        this.#cover(some(SHARED.filter(isHot)), () => cache.invalidatePattern(`${PREFIX}*`)),
      'scanned pattern': () => {
        const row = pick(SHARED)
        return this.#cover([row], () => cache.invalidatePattern(`*:${row}`))
      },
      ticket: () => this.#ticket(pick(SHARED.filter((row) => kindOf(row) !== 'late'))),
      'late ticket': () => this.#lateTicket(pick(rowsOf('plain', 'quick'))),
    }
  }

  /** One write. @param owner Whose solo rows may be written, if any. */
  async write(owner: number | undefined): Promise<void> {
    const { plan, tally } = this.#parts
    const name = plan.mutant === 'naive' ? 'delete' : pick(CALLS)
    if (RARE.has(name) && Math.random() > RARENESS) return
    try {
      if (name === 'set' || name === 'setMany') {
        if (owner === undefined) return
        await this.#set(owner, name)
      } else await this.#calls[name]()
      tally.calls[name] = (tally.calls[name] ?? 0) + 1
    } catch (error) {
      // A rejected write gives no guarantee.
      if (!isNearcacheError(error)) throw error
      tally.failed++
    }
    if (plan.mutant !== 'naive') await this.#touch()
  }

  /** Changes rows, makes a call that covers them, and publishes their versions. */
  async #cover(
    rows: readonly number[],
    call: (rows: readonly number[]) => Promise<unknown>,
    strength: Strength = 'hard',
  ): Promise<void> {
    const versions = await this.#parts.source.change(rows)
    await call(rows)
    await this.#promise(rows, versions, strength)
  }

  async #promise(
    rows: readonly number[],
    versions: readonly number[],
    strength: Strength = 'hard',
  ): Promise<void> {
    const { floors, source } = this.#parts
    for (const [i, row] of rows.entries()) floors.own(row, strength, versions[i] ?? 0)
    await source.publish(strength, rows, versions)
  }

  /** A change, then a ticket: no older value is served once the ticket is taken. */
  async #ticket(row: number): Promise<void> {
    const { cache, source } = this.#parts
    const versions = await source.change([row])
    const ticket = await cache.begin(keyOf(row), optionsOf(row))
    await this.#promise([row], versions)
    const [version = 0] = await source.versions([row])
    await ticket.commit({ row, version })
  }

  /** A ticket, then a change: no older value is served once the ticket is committed. */
  async #lateTicket(row: number): Promise<void> {
    const { cache, source } = this.#parts
    const ticket = await cache.begin(keyOf(row), optionsOf(row))
    const versions = await source.change([row])
    const result = await ticket.commit({ row, version: versions[0] ?? 0 })
    // A writer that lost its ticket has covered nothing that changed after the ticket.
    if (result === 'superseded') await cache.delete(keyOf(row))
    await this.#promise([row], versions)
  }

  async #set(owner: number, name: 'set' | 'setMany'): Promise<void> {
    const { cache, source, plan } = this.#parts
    const mine = rowsOf('solo').filter(
      (row) => Math.floor(row / KINDS.length) % plan.processes === owner,
    )
    const rows = name === 'set' ? [pick(mine)] : mine
    const versions = await source.change(rows)
    const values = new Map(
      rows.map((row, i) => [keyOf(row), { row, version: versions[i] ?? 0 }] as const),
    )
    const options = optionsOf(rows[0] ?? 0)
    if (name === 'setMany') await cache.setMany(values, options)
    else for (const [key, value] of values) await cache.set(key, value, options)
    await this.#promise(rows, versions)
  }

  /** Covers no change, and must not restore an old value. */
  async #touch(): Promise<void> {
    const row = pick(ROWS)
    await this.#parts.cache
      .touch(keyOf(row), optionsOf(row) as unknown as EntryOptions<never>)
      .catch((error: unknown) => {
        if (!isNearcacheError(error)) throw error
        this.#parts.tally.failed++
      })
  }
}

/** One to three random rows. */
function some(rows: readonly number[]): number[] {
  const count = 1 + Math.floor(Math.random() * 3)
  return [...new Set(Array.from({ length: count }, () => pick(rows)))]
}

function pick<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T
}
