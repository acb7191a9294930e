/**
 * Looks at the change log. All reads of a tick share one look; if a lag is allowed, later reads use the
 * result of the latest one.
 *
 * @module
 */

import type { Appended, ChangeLog, LogView } from '../../cache/change-log.ts'
import { isRemoteFailure } from '../../cache/context.ts'
import type { LogEntry } from '../../cache/log-mirror.ts'
import type { Platform } from '../../platform/platform.ts'
import { type Intent, unpackChange } from './change.ts'
import type { ShapeTags } from './shape.ts'

/** Ids of messages; `all` if they are unknown. */
export type Ids = ReadonlySet<string> | 'all'

/** The result of a look. */
export interface Looked {
  readonly view: LogView
  /** Time before the look was sent, in epoch milliseconds: it shows everything that had happened by then. */
  readonly since: number
  /** The messages that writes under way may change. */
  readonly marked: Ids
}

/** The result of a look that was made together with appending an entry. */
export interface LookedBehind extends Looked {
  /** Position of the entry, and whether it is the latest change of its messages. */
  readonly at: number
  readonly isOrdered: boolean
  /** How many writes of this process had returned when it began. */
  readonly writtenBefore: number
}

/** Options of {@link Looks}. */
export interface LooksOptions {
  readonly log: ChangeLog
  readonly platform: Platform
  /** How long later reads may use a view, in milliseconds; 0: not at all. */
  readonly lagMs: number
}

/** The looks of one repository. No look rejects because of Redis. */
export class Looks {
  /** Number of looks that failed because of Redis. */
  failed = 0
  readonly #log: ChangeLog
  readonly #platform: Platform
  readonly #lagMs: number
  #latest: (Looked & { readonly nth: number }) | undefined
  #gathering: Promise<Looked | undefined> | undefined
  #begun = 0
  /** Number of writes of this process that have returned. */
  #written = 0
  /** Number of the first look that shows the latest write of this process. */
  #oldest = 1
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor({ log, platform, lagMs }: LooksOptions) {
    this.#log = log
    this.#platform = platform
    this.#lagMs = lagMs
  }

  /** A look for one list, which registers its shape. Other reads may use the result too. */
  async of({ shape, tags }: ShapeTags): Promise<Looked | undefined> {
    const nth = ++this.#begun
    const looked = await this.#look(() => this.#log.look(shape, tags))
    if (looked) this.#keep({ ...looked, view: tagless(looked.view), nth })
    return looked
  }

  /**
   * A look that begins after this call, shared by all callers of the same tick. Looks of other ticks are
   * not shared: on Workers they may belong to a request that has ended.
   */
  fresh(): Promise<Looked | undefined> {
    this.#gathering ??= this.#gather()
    return this.#gathering
  }

  /**
   * The look for a read that begins now: the latest one, if it is within the lag and shows all writes of
   * this process, otherwise a fresh one. After half of the lag it is renewed in the background.
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

  /** Appends an entry of a write of this process. Returns the look that `append` made with it, if any. */
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
   * Call it after each write of this process: later reads then use only looks that begin later.
   *
   * @param looked The look made with the entry of the write. Later reads may use it, unless another write
   *   has returned since it began, which it may not show.
   */
  expire(looked?: LookedBehind): void {
    this.#oldest = this.#begun + 1
    if (looked?.writtenBefore === this.#written) this.#latest = { ...looked, nth: ++this.#begun }
    this.#written++
  }

  async #gather(): Promise<Looked | undefined> {
    await undefined
    // Later callers cannot share this look: a write may have returned by then that it does not show.
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

/** A view that other lists may use: their tags were not asked for, so it does not know what was touched. */
function tagless(view: LogView): LogView {
  return { ...view, isShapeKnown: false }
}

/** Whether less than `ms` have passed since `since`. False if the clock was set back. */
export function isWithin(since: number, now: number, ms: number): boolean {
  const age = now - since
  return age >= 0 && age < ms
}

/** The messages that entries of the log name. */
export function toldIn(entries: readonly LogEntry[]): Ids {
  const ids = new Set<string>()
  for (const entry of entries) {
    const told = toldBy(entry)
    if (told === 'all') return 'all'
    for (const id of told) ids.add(id)
  }
  return ids
}

/** Cached, because every list is compared with the same entry objects, those of the log's mirror. */
const told = new WeakMap<LogEntry, Ids>()

/** The messages that one entry names. */
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
