/**
 * Windows: the part of a list that is stored. A window has the sort keys from the start of the list to
 * some rows after the page, so that the list can be carried on when messages are added and removed.
 *
 * @module
 */

import type { EmailAnalytics } from '../analytics.ts'
import { compareKeys, type EmailDirection, type SortKey } from '../order.ts'

/**
 * All messages of a list that sort after its start and not after `end`.
 *
 * Messages after `end` are unknown; there was at least one when the list was read. Rows can leave the
 * window, but messages after `end` never enter it.
 */
export interface ListWindow {
  /** Sort keys in the order of the list; the last part of each is the id. */
  readonly rows: readonly SortKey[]
  /** Null: the list ends with the window. */
  readonly end: SortKey | null
  /** How many messages the whole list has, if the query wants the total. */
  readonly total?: number
  /** The figures, if the question is for figures. */
  readonly figures?: EmailAnalytics
  /** Whether its shape was registered when the list was read, so that writers touch the tags of the shape. */
  readonly isTagged: boolean
  /** Epoch and position of the change log at which the list is valid. */
  readonly epoch: string
  readonly at: number
}

/** One page of a window. */
export interface WindowPage {
  readonly ids: readonly string[]
  readonly keys: readonly SortKey[]
  /** The sort key of the last message, if another page follows. */
  readonly next?: SortKey
  readonly total?: number
}

/** Where a page is in its window. */
export interface PagePlace {
  readonly offset: number
  readonly limit: number
  /** Whether the page is so deep that no rows after it can be kept; such a list is not carried on. */
  readonly isRigid: boolean
}

/** Sizes of windows: few, so that requests for pages of nearly the same size share one. */
const DEPTHS = [32, 64, 128, 256, 512]
/** The most rows that one query returns. */
export const MAX_DEPTH = 1_000

/** How many rows to keep if a page needs `rows`: at least a fifth more, up to {@link MAX_DEPTH}. */
export function depthFor(rows: number): number {
  const wanted = Math.ceil(rows * 1.2) + 1
  return DEPTHS.find((depth) => depth >= wanted) ?? MAX_DEPTH
}

/**
 * How many rows to keep if a page needs `rows` and whole messages are read: only a tenth more, because the rows
 * are most of the cost of such a read.
 */
export function spareFor(rows: number): number {
  return Math.min(depthFor(rows), Math.ceil(rows * 1.1) + 1)
}

/** The page, or `undefined` if the window does not contain all of it. */
export function pageOf(
  { rows, end, total }: ListWindow,
  { offset, limit, isRigid }: PagePlace,
): WindowPage | undefined {
  const page = rows.slice(offset, offset + limit)
  const last = page.at(-1)
  // A rigid window is never changed after it was read, so a row after its end still exists.
  const isMore = rows.length > offset + limit || (isRigid && end !== null)
  // Without a spare row it is unknown whether any message after the end still exists.
  if (!isMore && end !== null) return undefined
  return {
    ids: page.map(idOf),
    keys: page,
    ...(isMore && last !== undefined && { next: last }),
    ...(total !== undefined && { total }),
  }
}

export function idOf(key: SortKey): string {
  return String(key.at(-1))
}

/** Cached, because each replayed change needs the ids, and most changes leave the rows as they are. */
const idsOfRows = new WeakMap<readonly SortKey[], ReadonlySet<string>>()

/** The ids of rows. The caller must not change `rows` afterwards. */
export function idsOf(rows: readonly SortKey[]): ReadonlySet<string> {
  const known = idsOfRows.get(rows)
  if (known !== undefined) return known
  const ids = new Set(rows.map(idOf))
  idsOfRows.set(rows, ids)
  return ids
}

/** The rows of a window while changes are applied to them. */
export class WindowRows {
  /** Replaced by each change, never modified. */
  #rows: readonly SortKey[]
  #end: SortKey | null
  readonly #direction: EmailDirection
  readonly #most: number
  #isChanged = false

  constructor({ rows, end }: ListWindow, direction: EmailDirection, depth: number) {
    this.#rows = rows
    this.#end = end
    this.#direction = direction
    this.#most = 2 * depth
  }

  get isChanged(): boolean {
    return this.#isChanged
  }

  has(id: string): boolean {
    return idsOf(this.#rows).has(id)
  }

  remove(id: string): void {
    if (!this.has(id)) return
    this.#rows = this.#rows.filter((key) => idOf(key) !== id)
    this.#isChanged = true
  }

  /** Inserts a message in order; does nothing if it sorts after the end of the window. */
  insert(key: SortKey): void {
    if (this.#end !== null && compareKeys(key, this.#end, this.#direction) > 0) return
    let [low, high] = [0, this.#rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#rows[middle] as SortKey
      if (compareKeys(other, key, this.#direction) < 0) low = middle + 1
      else high = middle
    }
    this.#rows = this.#rows.toSpliced(low, 0, key)
    this.#isChanged = true
    this.#cut()
  }

  toWindow(): Pick<ListWindow, 'rows' | 'end'> {
    return { rows: this.#rows, end: this.#end }
  }

  #cut(): void {
    if (this.#rows.length <= this.#most) return
    this.#rows = this.#rows.slice(0, -1)
    // A copy: a value that has one object twice is not stored as plain JSON.
    this.#end = [...(this.#rows.at(-1) ?? [])]
  }
}
