/**
 * Carries a list on: from the state of the mailbox in which it was read to that of a view of the
 * change log, by what was changed in between.
 *
 * What a message is after its last change decides where it belongs, whether the list was read before
 * that change or after it. So the places of rows come out right whichever of the changes after its
 * position a list had seen already. The total needs to know; it is stored only with a list that had
 * seen none.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { LogEntry } from '../../cache/log-mirror.ts'
import { type Change, type Intent, type RowChange, unpackChange } from './change.ts'
import type { ListImage } from './image.ts'
import { isLookedAt, type Match, type Question, sortKey } from './question.ts'
import { idsOf, type ListWindow, WindowRows } from './window.ts'

/** How a list stands to a view of the log. */
export type Replayed =
  | {
      readonly kind: 'current'
      readonly window: ListWindow
      /** How many entries were gone through. */
      readonly replayed: number
      readonly isChanged: boolean
    }
  /** A write under way may change it; its writer may have died before it could say so. */
  | { readonly kind: 'in-doubt' }
  /** What has happened to it cannot be told. */
  | { readonly kind: 'outdated' }

const OUTDATED: Replayed = { kind: 'outdated' }

/** Carries a list on to the view, and says if a write under way forbids to serve it. */
export function replay(question: Question, window: ListWindow, view: LogView): Replayed {
  if (window.epoch !== view.epoch) return OUTDATED
  const carried = carryOn(question, window, view)
  if (carried.kind !== 'current') return carried
  return isInDoubt(question, carried.window, view) ? { kind: 'in-doubt' } : carried
}

/** Whether a write that is under way may change the list. */
export function isInDoubt(
  question: Question,
  window: Pick<ListWindow, 'rows'>,
  { marks }: Pick<LogView, 'marks'>,
): boolean {
  return marks.some((intent) => mayAffect(question, window, intent as Intent | undefined))
}

/** Carries a list on to the view, whatever write is under way. */
export function carryOn(question: Question, window: ListWindow, view: LogView): Replayed {
  // It was read after what the view shows: a load that began later was shared.
  if (window.at >= view.at) return { kind: 'current', window, replayed: 0, isChanged: false }
  const entries = view.since(window.at)
  if (entries === undefined) return untouched(window, view)
  const state = new ReplayState(question, window)
  for (const entry of entries) if (!state.apply(entry)) return untouched(window, view)
  return {
    kind: 'current',
    window: state.toWindow(view.at),
    replayed: entries.length,
    isChanged: state.isChanged,
  }
}

/** Where the log does not reach back to the list, or does not say enough, the tags of its shape may. */
function untouched(window: ListWindow, { isShapeKnown, touchedAt, at }: LogView): Replayed {
  if (!isShapeKnown || !window.isTagged || touchedAt > window.at) return OUTDATED
  return { kind: 'current', window: { ...window, at }, replayed: 0, isChanged: false }
}

/** A list while changes are applied to it. */
class ReplayState {
  readonly #question: Question
  readonly #window: ListWindow
  readonly #rows: WindowRows
  #total: number | undefined

  constructor(question: Question, window: ListWindow) {
    this.#question = question
    this.#window = window
    this.#rows = new WindowRows(window, question.order?.direction ?? 'asc', question.depth)
    this.#total = window.total
  }

  get isChanged(): boolean {
    return this.#rows.isChanged || this.#total !== this.#window.total
  }

  toWindow(at: number): ListWindow {
    const total = this.#total === undefined ? {} : { total: this.#total }
    return { ...this.#window, ...this.#rows.toWindow(), ...total, at }
  }

  /** @returns Whether it is known what the entry does to the list. */
  apply({ kind, value }: LogEntry): boolean {
    if (kind === 'unknown') {
      return !mayAffect(this.#question, this.#rows.toWindow(), value as Intent | undefined)
    }
    const change: Change | undefined = unpackChange(value)
    if (change === undefined) return false
    if (change.rows === undefined) return !isLookedAt(this.#question, change.fields)
    return change.rows.every((row) => this.#applyRow(row, kind === 'ordered'))
  }

  #applyRow(row: RowChange, isOrdered: boolean): boolean {
    const question = this.#question
    if (!isLookedAt(question, row.fields)) return true
    const isListed = this.#rows.has(row.id)
    const before = row.before === undefined ? undefined : matchOf(question, row.before)
    const after = matchOf(question, row.after)
    const isOutside = !isListed && after === 'no'
    // Told again or not, it counts for nothing.
    if (isOutside && before === 'no') return true
    if (!isOrdered || isRigid(question, this.#window)) {
      return isOutside && !isWhole(question, this.#window)
    }
    const settled = settle(question, { before, after, isListed })
    if (settled === undefined) return false
    // A message that may have the words, and may come from beyond the end.
    if (settled.hasStayed) return !this.#isMoved(row)
    return this.#count(row, settled) && this.#place(row, settled.after)
  }

  /** Whether the place of a message may be another, though the list has it before and after. */
  #isMoved({ before, after }: RowChange): boolean {
    if (!before || !after) return true
    return sortKey(this.#question, before).join() !== sortKey(this.#question, after).join()
  }

  #place({ id, after }: RowChange, match: Match): boolean {
    if (this.#question.order === undefined) return true
    this.#rows.remove(id)
    if (match === 'yes' && after) this.#rows.insert(sortKey(this.#question, after))
    return true
  }

  #count(row: RowChange, { before, after }: Settled): boolean {
    if (this.#total === undefined) return true
    // Told again, a change may have been counted or not; the images do not say.
    if (before === undefined || isRetold(this.#question, row)) return false
    // Only words that were there before and after are left open, and count for neither.
    this.#total += Number(after === 'yes') - Number(before === 'yes')
    return true
  }
}

function matchOf({ match }: Question, image: ListImage | null): Match {
  return image === null ? 'no' : match(image)
}

/** Whether the list is not carried on: it has nothing to spare, and something is beyond an end. */
function isRigid({ isRigid, order, skipped }: Question, { end }: ListWindow): boolean {
  return isRigid && (end !== null || skipped > 0 || order === undefined)
}

/** Whether messages matter that are not near the page. */
function isWhole(question: Question, window: ListWindow): boolean {
  return question.isCounted || isRigid(question, window)
}

interface Settled {
  readonly before: Match | undefined
  readonly after: Match
  /** Whether the list has the message before and after, or neither, for all that is known. */
  readonly hasStayed: boolean
}

/**
 * Settles what only words could tell: a message that is in a list has them, and has them always. That
 * holds of a list with one branch; among several, another may be the one that it is in by.
 *
 * @returns Undefined if it stays open.
 */
function settle(
  { hasOneBranch }: Question,
  { before, after, isListed }: { before: Match | undefined; after: Match; isListed: boolean },
): Settled | undefined {
  const isOpen = before === 'maybe' || after === 'maybe'
  if (!isOpen) return { before, after, hasStayed: false }
  if (!hasOneBranch) return undefined
  const answer = (match: Match): Match => (match === 'maybe' ? 'yes' : match)
  if (isListed) return { before: before && answer(before), after: answer(after), hasStayed: false }
  // Not in the window: it has not the words, or is beyond the end. Either way it stays so.
  if (before === 'maybe' && after === 'maybe') return { before, after, hasStayed: true }
  return undefined
}

/** Whether a field that the question looks at was named, and has not changed. */
function isRetold({ looked }: Question, { before, after, fields }: RowChange): boolean {
  if (!before || !after || fields === undefined) return false
  return fields.some(
    (field) => looked.has(field) && JSON.stringify(before[field]) === JSON.stringify(after[field]),
  )
}

function mayAffect(
  question: Question,
  { rows }: Pick<ListWindow, 'rows'>,
  intent: Intent | undefined,
): boolean {
  if (intent === undefined || !isLookedAt(question, intent.fields)) return intent === undefined
  const { ids, set, isDelete = false } = intent
  if (question.isCounted || question.isRigid || ids === undefined) return true
  if (!isDelete && question.mayMatch(set)) return true
  return ids.some((id) => idsOf(rows).has(id))
}
