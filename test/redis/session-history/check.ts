/**
 * Searches a history for violations.
 *
 * @module
 */

import type { Entry } from './events.ts'

/** The parameters of the history. */
export interface Bounds {
  readonly fastPathBoundMs: number
  readonly overlapMs: number
}

/** A session or a token that was accepted although it had ended. */
export interface Violation {
  readonly rule: 'revoked' | 'revoked, fast path' | 'rotated away'
  /** The time from the return of the call that ended it to the beginning of the validation, in milliseconds. */
  readonly lateMs: number
  readonly entry: Entry
}

/** How much was checked. */
export interface Verdict {
  readonly violations: readonly Violation[]
  /** Validations of sessions that had already ended. */
  readonly checked: number
}

/** Tolerance, because the end of an overlap is measured in whole milliseconds of the server's clock. */
const ROUNDING_MS = 2

/**
 * Checks that no validation succeeds that began after the return of a call that ended the session. On
 * the fast path the bound is added to that time, and for a rotated token the overlap.
 */
export function check(history: readonly Entry[], bounds: Bounds): Verdict {
  const ended = endsOf(history)
  const rotated = new Map<string, number>()
  for (const { op, ok, token = '', endedAt } of history) {
    if (op !== 'rotate' || !ok) continue
    rotated.set(token, Math.min(rotated.get(token) ?? Number.POSITIVE_INFINITY, endedAt))
  }
  const violations: Violation[] = []
  let checked = 0
  for (const entry of history) {
    const isFast = entry.op === 'fast path'
    if (entry.op !== 'validate' && !isFast) continue
    const endedAt = ended.get(entry.id ?? '')
    const lateMs = entry.startedAt - (endedAt ?? Number.POSITIVE_INFINITY)
    if (lateMs > 0) checked++
    if (!entry.ok) continue
    const boundMs = isFast ? bounds.fastPathBoundMs : 0
    if (lateMs > boundMs) {
      violations.push({ rule: isFast ? 'revoked, fast path' : 'revoked', lateMs, entry })
    }
    const goneAt = (rotated.get(entry.token ?? '') ?? Number.POSITIVE_INFINITY) + bounds.overlapMs
    if (entry.op === 'validate' && entry.startedAt > goneAt + ROUNDING_MS) {
      violations.push({ rule: 'rotated away', lateMs: entry.startedAt - goneAt, entry })
    }
  }
  return { violations, checked }
}

/** The time at which each session had certainly ended: the earliest return of a call that ended it. */
function endsOf(history: readonly Entry[]): ReadonlyMap<string, number> {
  const ended = new Map<string, number>()
  const end = (id: string, at: number): void => {
    ended.set(id, Math.min(ended.get(id) ?? Number.POSITIVE_INFINITY, at))
  }
  const creates = history.filter(({ op }) => op === 'create')
  for (const { op, ok, id, user, startedAt, endedAt } of history) {
    if (!ok) continue
    if ((op === 'destroy' || op === 'revokeSession') && id !== undefined) end(id, endedAt)
    if (op !== 'revokeAll' && op !== 'revokeOthers') continue
    for (const create of creates) {
      const isOlder = create.user === user && create.endedAt < startedAt
      const isKept = op === 'revokeOthers' && create.id === id
      if (isOlder && !isKept && create.id !== undefined) end(create.id, endedAt)
    }
  }
  return ended
}
