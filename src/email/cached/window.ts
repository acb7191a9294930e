/**
 * The part of a list that is kept: sort keys from where its pages begin to some way past the page,
 * so that the list can be carried on when messages come and go.
 *
 * @module
 */

import type { EmailAnalytics } from '../analytics.ts'
import { compareKeys, type EmailDirection, type SortKey } from '../order.ts'

/**
 * All messages of a list that sort after its start and not after `end`.
 *
 * Whatever sorts after `end` is not known, but that there was something once: rows may leave the
 * window, and none beyond the end comes in.
 */
export interface ListWindow {
  /** In the order of the list; the last part of each is the id. */
  readonly rows: readonly SortKey[]
  /** Null: the list ends with the window. */
  readonly end: SortKey | null
  /** How many messages the whole list has, where that was asked for. */
  readonly total?: number
  /** The figures, where those were asked for. */
  readonly figures?: EmailAnalytics
  /** Whether writers touch the tags of its shape: it was registered when the list was read. */
  readonly isTagged: boolean
  /** Which state of the change log this is, or is carried on to. */
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

/** Where a page stands in the window that it is cut from. */
export interface PagePlace {
  readonly offset: number
  readonly limit: number
  /** Whether the page is so deep that nothing can be kept beyond it, so that it is not carried on. */
  readonly isRigid: boolean
}

/** Sizes of windows: few, so that requests for pages of nearly the same size share one. */
const DEPTHS = [32, 64, 128, 256, 512]
/** The most rows that one query answers. */
export const MAX_DEPTH = 1_000

/** How many rows to keep for a list of which so many are asked: a fifth more at least. */
export function depthFor(rows: number): number {
  const wanted = Math.ceil(rows * 1.2) + 1
  return DEPTHS.find((depth) => depth >= wanted) ?? MAX_DEPTH
}

/**
 * How many rows to keep at least of a list of which so many are asked, where all of each is read: a tenth
 * more, for most of what such a read costs is the rows.
 */
export function spareFor(rows: number): number {
  return Math.min(depthFor(rows), Math.ceil(rows * 1.1) + 1)
}

/** The page, or `undefined` if the window does not say all of it. */
export function pageOf(
  { rows, end, total }: ListWindow,
  { offset, limit, isRigid }: PagePlace,
): WindowPage | undefined {
  const page = rows.slice(offset, offset + limit)
  const last = page.at(-1)
  // A rigid window is as it was read, and there was something beyond its end.
  const isMore = rows.length > offset + limit || (isRigid && end !== null)
  // With nothing to spare the window cannot tell whether what is beyond its end is still there.
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

/** The rows of a list stay the same over most changes, each of which asks for the ids. */
const idsOfRows = new WeakMap<readonly SortKey[], ReadonlySet<string>>()

/** The ids of rows that are not changed any more. */
export function idsOf(rows: readonly SortKey[]): ReadonlySet<string> {
  const known = idsOfRows.get(rows)
  if (known !== undefined) return known
  const ids = new Set(rows.map(idOf))
  idsOfRows.set(rows, ids)
  return ids
}

/** Rows of a window while they are carried on. */
export class WindowRows {
  /** Replaced, and never changed. */
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

  /** Puts a message in its place; beyond the end it is left out. */
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
    // A copy: as JSON the window has no object twice.
    this.#end = [...(this.#rows.at(-1) ?? [])]
  }
}
