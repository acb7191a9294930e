import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogView } from '../../../src/cache/change-log.ts'
import type { LogEntry, LogEntryKind } from '../../../src/cache/log-mirror.ts'
import { created, deleted, packChange, updated } from '../../../src/email/cached/change.ts'
import { imageOf, type ListImage } from '../../../src/email/cached/image.ts'
import { listQuestion, type Question, sortKey } from '../../../src/email/cached/question.ts'
import { carryOn } from '../../../src/email/cached/replay.ts'
import { Touches } from '../../../src/email/cached/touches.ts'
import type { ListWindow } from '../../../src/email/cached/window.ts'
import { parseNewEmail } from '../../../src/email/email-input.ts'
import { canonicalize } from '../../../src/email/filter.ts'
import { compareKeys } from '../../../src/email/order.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { query, START } from './stories.ts'

const IDS = ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']

const state = fc.record({
  id: fc.constantFrom(...IDS),
  status: fc.constantFrom('new' as const, 'in_progress' as const, 'completed' as const),
  priority: fc.constantFrom('critical' as const, 'low' as const),
  senderEmail: fc.constantFrom('s1@mail.example', 's2@mail.example'),
  assignedTo: fc.constantFrom('ada', 'bo', null),
  isFlagged: fc.boolean(),
})

/** The new state of a message, or its deletion, and the kind of its entry in the log. */
const step = fc.record({
  state,
  isGone: fc.constantFrom(true, false, false, false),
  kind: fc.constantFrom<LogEntryKind[]>('ordered', 'ordered', 'ordered', 'unordered', 'unknown'),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function imageFor({ id, senderEmail, ...rest }: Step['state'], known?: ListImage): ListImage {
  const email = {
    id,
    subject: 'order',
    senderEmail,
    receivedAt: START + Number(id.slice(1)) * 60_000,
  }
  const image = imageOf(parseNewEmail({ ...email, ...rest }, { id, now: START }))
  // The sender of a message never changes.
  return known ? { ...image, senderEmail: known.senderEmail } : image
}

/** Applies a step to the mailbox, and returns its entry in the log. */
function take(
  mailbox: Map<string, ListImage>,
  { state: to, isGone, kind }: Step,
  at: number,
): LogEntry {
  const before = mailbox.get(to.id)
  const after = isGone ? null : imageFor(to, before)
  if (after) mailbox.set(to.id, after)
  else mailbox.delete(to.id)
  if (kind === 'unknown') return { at, kind, value: { ids: [to.id], set: {} } }
  const row = before
    ? after
      ? updated(before, after, [])
      : deleted(before)
    : after && created(after)
  return { at, kind, value: packChange({ rows: row ? [row] : [] }) }
}

function windowOf(question: Question, mailbox: ReadonlyMap<string, ListImage>): ListWindow {
  const rows = [...mailbox.values()]
    .filter((image) => question.match(image) === 'yes')
    .map((image) => sortKey(question, image))
    .sort((a, b) => compareKeys(a, b, question.order?.direction ?? 'asc'))
  return { rows, end: null, isTagged: true, epoch: 'e', at: 0 }
}

const story = fc.record({
  first: fc.array(step, { maxLength: 8 }),
  later: fc.array(step, { minLength: 1, maxLength: 6 }),
  asked: query,
  /** How far the log had been seen when the list is read. */
  seen: fc.nat(6),
})

describe('the tags that the log touches', () => {
  test('include those of every list that has changed', ({ task }) => {
    let [run, untouched, violations] = [0, 0, 0]
    fc.assert(
      fc.property(story, ({ first, later, asked, seen }) => {
        run++
        const mailbox = new Map<string, ListImage>()
        for (const one of first) take(mailbox, { ...one, kind: 'ordered' }, 0)
        const question = listQuestion(canonicalize(asked))
        const window = windowOf(question, mailbox)
        const entries = later.map((one, i) => take(mailbox, one, i + 1))
        const viewAt = (at: number): LogView => viewOf(entries.slice(0, at))
        const view = viewAt(entries.length)
        const touches = new Touches()
        touches.ofShape(question.shape, 0, viewAt(Math.min(seen, entries.length)))
        if (touches.ofShape(question.shape, 0, view)) return
        untouched++
        const carried = carryOn(question, window, view)
        const isSame = carried.kind === 'current' && !carried.isChanged
        if (!isSame) violations++
        expect(carried).toMatchObject({ kind: 'current', isChanged: false })
        expect(windowOf(question, mailbox).rows).toEqual(window.rows)
      }),
      { numRuns: amount(1_000, 20_000) },
    )
    found(task, 'lists that the log does not touch', { run, untouched, violations })
    expect(untouched).toBeGreaterThan(run / 20)
  }, 120_000)

  test('may include those of a list that is older than the remembered part of the log', () => {
    const touches = new Touches()
    const shape = { shape: 'status|receivedAt', tags: ['["status|receivedAt","new"]'] }
    const none: LogEntry[] = []

    expect(touches.ofShape(shape, 5, { ...viewOf(none), at: 5 })).toBe(false)
    expect(touches.ofShape(shape, 4, { ...viewOf(none), at: 5 })).toBe(true)
    expect(touches.ofShape(shape, 5, { ...viewOf(none), at: 5, epoch: 'other' })).toBe(false)
  })

  test('are those of the messages that changed, or of all if the log does not say which', () => {
    const touches = new Touches()
    const before = imageFor({ id: 'm1', ...NOBODYS })
    const row = updated(before, { ...before, isFlagged: true }, [])
    const told: LogEntry[] = [{ at: 1, kind: 'ordered', value: packChange({ rows: [row] }) }]
    const open: LogEntry = {
      at: 2,
      kind: 'ordered',
      value: packChange({ rows: undefined, fields: ['isRead'] }),
    }

    expect(touches.ofMessages(['m1'], 0, viewOf(told))).toBe(true)
    expect(touches.ofMessages(['m2', 'm3'], 0, viewOf(told))).toBe(false)
    expect(touches.ofMessages(['m1'], 1, viewOf(told))).toBe(false)
    expect(touches.ofMessages(['m2'], 1, viewOf([...told, open]))).toBe(true)
  })
})

const NOBODYS = {
  status: 'new',
  priority: 'low',
  senderEmail: 's1@mail.example',
  assignedTo: null,
  isFlagged: false,
} as const

function viewOf(entries: readonly LogEntry[]): LogView {
  return {
    epoch: 'e',
    at: entries.length,
    marks: [],
    isShapeKnown: true,
    touchedAt: 0,
    since: (position) => entries.slice(position),
  }
}
