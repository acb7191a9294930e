/**
 * Carries a list on: applies the changes of the change log to a list, from the list's position to that of
 * a view.
 *
 * The state of a message after its last change decides its place in the list. So the rows become correct
 * even if the list, when it was read, already included some of the changes after its position. This does
 * not hold for a total: a list with a total is only stored if it included none of them.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { LogEntry } from '../../cache/log-mirror.ts'
import { type Change, type Intent, type RowChange, unpackChange } from './change.ts'
import type { ListImage } from './image.ts'
import { isLookedAt, type Match, type Question, sortKey } from './question.ts'
import { idsOf, type ListWindow, WindowRows } from './window.ts'

/** The result of carrying a list on to a view of the log. */
export type Replayed =
  | {
      readonly kind: 'current'
      readonly window: ListWindow
      /** How many entries were applied. */
      readonly replayed: number
      readonly isChanged: boolean
    }
  /** A write under way may change the list, or a writer died before it recorded its change. */
  | { readonly kind: 'in-doubt' }
  /** The log does not show what has changed in the list. */
  | { readonly kind: 'outdated' }

const OUTDATED: Replayed = { kind: 'outdated' }

/** Carries a list on to the view; `in-doubt` if a write under way may change it. */
export function replay(question: Question, window: ListWindow, view: LogView): Replayed {
  if (window.epoch !== view.epoch) return OUTDATED
  const carried = carryOn(question, window, view)
  if (carried.kind !== 'current') return carried
  return isInDoubt(question, carried.window, view) ? { kind: 'in-doubt' } : carried
}

/** Whether a write under way may change the list. */
export function isInDoubt(
  question: Question,
  window: Pick<ListWindow, 'rows'>,
  { marks }: Pick<LogView, 'marks'>,
): boolean {
  return marks.some((intent) => mayAffect(question, window, intent as Intent | undefined))
}

/** Carries a list on to the view, ignoring writes under way. */
export function carryOn(question: Question, window: ListWindow, view: LogView): Replayed {
  // The list is newer than the view, because it comes from a shared load that began later.
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

/** If the log does not have all changes since the list, the list is still valid if its tags were not touched. */
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

  /** @returns False if the effect of the entry on the list is unknown. */
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
    // The message was never in the list, so the change has no effect, even if it is repeated.
    if (isOutside && before === 'no') return true
    if (!isOrdered || isRigid(question, this.#window)) {
      return isOutside && !isWhole(question, this.#window)
    }
    const settled = settle(question, { before, after, isListed })
    if (settled === undefined) return false
    // The message may match the search, but then it is outside the window, and stays there if not moved.
    if (settled.hasStayed) return !this.#isMoved(row)
    return this.#count(row, settled) && this.#place(row, settled.after)
  }

  /** Whether the sort key of the message may have changed. */
  #isMoved({ before, after }: RowChange): boolean {
    if (!before || !after) return true
    return sortKey(this.#question, before).join() !== sortKey(this.#question, after).join()
  }

  #place({ id, after }: RowChange, match: Match): boolean {
    const question = this.#question
    if (question.order === undefined) return true
    this.#rows.remove(id)
    if (match === 'yes' && after && question.isAfterStart(after)) {
      this.#rows.insert(sortKey(question, after))
    }
    return true
  }

  #count(row: RowChange, { before, after }: Settled): boolean {
    if (this.#total === undefined) return true
    // A repeated change may already be counted in the total; the images do not show whether it is.
    if (before === undefined || isRetold(this.#question, row)) return false
    // `maybe` only remains if it holds before and after, and then the total does not change.
    this.#total += Number(after === 'yes') - Number(before === 'yes')
    return true
  }
}

function matchOf({ match }: Question, image: ListImage | null): Match {
  return image === null ? 'no' : match(image)
}

/** Whether the list cannot be carried on: it has no spare rows, and the list goes on outside the window. */
function isRigid({ isRigid, order, skipped }: Question, { end }: ListWindow): boolean {
  return isRigid && (end !== null || skipped > 0 || order === undefined)
}

/** Whether the result also depends on messages that are not near the page. */
function isWhole(question: Question, window: ListWindow): boolean {
  return question.isCounted || isRigid(question, window)
}

interface Settled {
  readonly before: Match | undefined
  readonly after: Match
  /** Whether the list has the message both before and after the change, or neither. */
  readonly hasStayed: boolean
}

/**
 * Settles `maybe`: a message in the window matches the search, and always will, because texts never change.
 * This only holds for a list with one branch; with several, the message may be listed because of another.
 *
 * @returns Undefined if it cannot be settled.
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
  // Not in the window: it does not match the search, or is before its start or after its end. That stays so.
  if (before === 'maybe' && after === 'maybe') return { before, after, hasStayed: true }
  return undefined
}

/** Whether the change may be a repetition: a field that the question reads was named but does not differ. */
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
