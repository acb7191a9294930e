/**
 * Looks at the change log: one for all reads of a tick, and what the last one showed for those that
 * may lag behind it.
 *
 * @module
 */

import type { Appended, ChangeLog, LogView } from '../../cache/change-log.ts'
import { isRemoteFailure } from '../../cache/context.ts'
import type { LogEntry } from '../../cache/log-mirror.ts'
import type { Platform } from '../../platform/platform.ts'
import { type Intent, unpackChange } from './change.ts'
import type { ShapeTags } from './shape.ts'

/** Which messages are meant; `all` where it is not known. */
export type Ids = ReadonlySet<string> | 'all'

/** What a look has shown. */
export interface Looked {
  readonly view: LogView
  /** Epoch milliseconds before it was sent: of what had happened by then, it shows everything. */
  readonly since: number
  /** The messages that writes under way may be of. */
  readonly marked: Ids
}

/** What a look behind an entry of one's own has shown. */
export interface LookedBehind extends Looked {
  /** Position of the entry, and whether it is the last of its messages by then. */
  readonly at: number
  readonly isOrdered: boolean
  /** How many writes here had returned when it began. */
  readonly writtenBefore: number
}

/** What the looks work with. */
export interface LooksOptions {
  readonly log: ChangeLog
  readonly platform: Platform
  /** Milliseconds for which a view answers reads that begin later; 0: for none. */
  readonly lagMs: number
}

/** The looks of one repository. None rejects because Redis cannot be asked. */
export class Looks {
  /** Looks that Redis could not be asked for. */
  failed = 0
  readonly #log: ChangeLog
  readonly #platform: Platform
  readonly #lagMs: number
  #latest: (Looked & { readonly nth: number }) | undefined
  #gathering: Promise<Looked | undefined> | undefined
  #begun = 0
  /** Writes here that have returned. */
  #written = 0
  /** The first look that may show what was written here last. */
  #oldest = 1
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor({ log, platform, lagMs }: LooksOptions) {
    this.#log = log
    this.#platform = platform
    this.#lagMs = lagMs
  }

  /** A look for one list, which registers its shape; others may go by it as well. */
  async of({ shape, tags }: ShapeTags): Promise<Looked | undefined> {
    const nth = ++this.#begun
    const looked = await this.#look(() => this.#log.look(shape, tags))
    if (looked) this.#keep({ ...looked, view: tagless(looked.view), nth })
    return looked
  }

  /**
   * A look that begins after this call, shared with whoever calls in the same tick. Those of other
   * ticks are not waited for: on Workers they may be of a request that has ended.
   */
  fresh(): Promise<Looked | undefined> {
    this.#gathering ??= this.#gather()
    return this.#gathering
  }

  /**
   * What a read that begins now goes by: a view that lags by less than was allowed and shows all that
   * was written here, or else a fresh one. From half of the lag on, it is renewed behind the read.
   */
  async view(): Promise<Looked | undefined> {
    const latest = this.#latest
    const now = this.#platform.now()
    if (latest === undefined || latest.nth < this.#oldest) return this.fresh()
    if (!isWithin(latest.since, now, this.#lagMs)) return this.fresh()
    if (!isWithin(Math.max(latest.since, this.#renewedAt), now, this.#lagMs / 2)) {
      this.#renewedAt = now
      this.#platform.defer(this.fresh().catch(() => undefined))
    }
    return latest
  }

  /** Appends an entry of what was written here; it may look behind it. */
  async behind(append: () => Promise<Appended | undefined>): Promise<LookedBehind | undefined> {
    const writtenBefore = this.#written
    const since = this.#platform.now()
    const appended = await append()
    if (appended === undefined) return undefined
    const { at, kind, view } = appended
    const looked = lookedAt(tagless(view), since)
    return { ...looked, at, isOrdered: kind === 'ordered', writtenBefore }
  }

  /**
   * Something was written here: reads that begin now go by looks that begin now.
   *
   * @param looked Behind what was written. It does for them, unless another write has returned since
   *   it began, which it may not show.
   */
  expire(looked?: LookedBehind): void {
    this.#oldest = this.#begun + 1
    if (looked?.writtenBefore === this.#written) this.#latest = { ...looked, nth: ++this.#begun }
    this.#written++
  }

  async #gather(): Promise<Looked | undefined> {
    await undefined
    // Who comes from now on may have seen a write that the look does not show.
    this.#gathering = undefined
    const nth = ++this.#begun
    const looked = await this.#look(async () => tagless(await this.#log.look()))
    if (looked) this.#keep({ ...looked, nth })
    return looked
  }

  #keep(looked: Looked & { readonly nth: number }): void {
    if (looked.nth > (this.#latest?.nth ?? 0)) this.#latest = looked
  }

  async #look(look: () => Promise<LogView>): Promise<Looked | undefined> {
    const since = this.#platform.now()
    try {
      return lookedAt(await look(), since)
    } catch (error) {
      if (!isRemoteFailure(error)) throw error
      this.failed++
      return undefined
    }
  }
}

function lookedAt(view: LogView, since: number): Looked {
  return { view, since, marked: idsOf(view.marks as readonly (Intent | undefined)[]) }
}

/** No tags were asked for, so that those which were touched are not known. */
function tagless(view: LogView): LogView {
  return { ...view, isShapeKnown: false }
}

/** Whether less than `ms` have passed. A clock that was set back says nothing. */
export function isWithin(since: number, now: number, ms: number): boolean {
  const age = now - since
  return age >= 0 && age < ms
}

/** The messages that entries of the log tell of. */
export function toldIn(entries: readonly LogEntry[]): Ids {
  const ids = new Set<string>()
  for (const entry of entries) {
    const told = toldBy(entry)
    if (told === 'all') return 'all'
    for (const id of told) ids.add(id)
  }
  return ids
}

/** Every list is held against the same entries, as the mirror of the log holds them. */
const told = new WeakMap<LogEntry, Ids>()

/** The messages that one entry tells of. */
export function toldBy(entry: LogEntry): Ids {
  const known = told.get(entry)
  if (known !== undefined) return known
  const { kind, value } = entry
  const ids = kind === 'unknown' ? idsOf([value as Intent | undefined]) : changedIn(value)
  told.set(entry, ids)
  return ids
}

function changedIn(value: unknown): Ids {
  const rows = unpackChange(value)?.rows
  return rows === undefined ? 'all' : new Set(rows.map(({ id }) => id))
}

function idsOf(intents: readonly (Intent | undefined)[]): Ids {
  const ids = new Set<string>()
  for (const intent of intents) {
    if (intent?.ids === undefined) return 'all'
    for (const id of intent.ids) ids.add(id)
  }
  return ids
}
