import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/email/cursor.ts'
import { PRIORITIES, STATUSES } from '../../../src/email/email.ts'
import { canonicalize, canonicalKey, type EmailQuery } from '../../../src/email/filter.ts'
import { ORDERS } from '../../../src/email/order.ts'
import { InvalidFilterError } from '../../../src/errors.ts'

const cursor = encodeCursor([1_760_000_000_000, 'mail-1'], 'received')

describe('canonicalKey', () => {
  test.each<[string, EmailQuery, EmailQuery]>([
    ['the order of a list', { statuses: ['new', 'pending'] }, { statuses: ['pending', 'new'] }],
    ['a repeated member', { priorities: ['low', 'low'] }, { priorities: ['low'] }],
    ['the order of fields', { isRead: true, threadId: 't' }, { threadId: 't', isRead: true }],
    ['the default limit', { limit: 50 }, {}],
    ['a field that is undefined', { statuses: undefined, cursor: undefined }, {}],
    ['every status listed', { statuses: STATUSES.toReversed() }, {}],
    ['every priority listed', { priorities: PRIORITIES }, {}],
    [
      'case and white space of senders',
      { senderEmails: [' Ada@Mail.example', 'ada@mail.EXAMPLE'] },
      { senderEmails: ['ada@mail.example'] },
    ],
    [
      'composed and decomposed letters of senders',
      { senderEmails: ['re\u0301mi@mail.example'] },
      { senderEmails: ['r\u00e9mi@mail.example'] },
    ],
    [
      'case of senders, also of a letter that only has a composed form in lower case',
      { senderEmails: ['J\u030can@mail.example'] },
      { senderEmails: ['j\u030can@mail.example'] },
    ],
    [
      'the notation of an instant',
      { dateRange: { start: '2026-01-01', end: new Date(5e12) } },
      { dateRange: { start: Date.UTC(2026, 0, 1), end: 5e12 } },
    ],
  ])('does not depend on %s', (_, one, other) => {
    expect(canonicalKey(one)).toBe(canonicalKey(other))
  })

  test('differs for queries of different pages', () => {
    const queries: EmailQuery[] = [
      {},
      { limit: 49 },
      { cursor },
      { statuses: ['new'] },
      { statuses: ['new', 'pending'] },
      { priorities: ['low'] },
      { senderEmails: ['a@b.example', 'c@d.example'] },
      { senderEmails: ['a@b.example,c@d.example'] },
      { assignedTo: null },
      { assignedTo: 'null' },
      { threadId: 'null' },
      { isRead: true },
      { isRead: false },
      { dateRange: { start: 1 } },
      { dateRange: { end: 1 } },
      { dateRange: { start: 1, end: 1 } },
    ]

    expect(new Set(queries.map((query) => canonicalKey(query))).size).toBe(queries.length)
  })

  test('is the same for a query and for its canonical form', () => {
    const query: EmailQuery = { statuses: ['pending', 'new'], dateRange: { start: 1 }, cursor }

    expect(canonicalKey(canonicalize(query))).toBe(canonicalKey(query))
  })
})

describe('canonicalize', () => {
  test('returns an object with every part frozen, and returns a canonical query unchanged', () => {
    const statuses: ('new' | 'pending')[] = ['pending', 'new']
    const query = canonicalize({ statuses, cursor })
    statuses.push('new')

    expect(query).toEqual({
      branches: [{ statuses: ['new', 'pending'] }],
      order: { by: 'received', direction: 'desc' },
      limit: 50,
      after: [1_760_000_000_000, 'mail-1'],
    })
    const [branch] = query.branches
    const parts = [query, query.branches, branch, branch?.statuses, query.order, query.after]
    expect(parts.every(Object.isFrozen)).toBe(true)
    expect(canonicalize(query)).toBe(query)
  })

  test('refuses an object that only looks like a canonical query', () => {
    expect(() => canonicalize({ limit: 50, branches: [] } as EmailQuery)).toThrow(
      InvalidFilterError,
    )
  })

  const secret = 'ada.secret@mail.example'
  test.each<[string, unknown]>([
    ['query', null],
    ['query', []],
    ['query', 'statuses'],
    ['query', { [secret]: 1 }],
    ['query', { folder: secret }],
    ['statuses', { statuses: secret }],
    ['statuses', { statuses: [] }],
    ['statuses', { statuses: ['new', secret] }],
    ['statuses', { statuses: [null] }],
    ['statuses', { statuses: Array.from({ length: 1 }) }],
    ['statuses', { statuses: Array.from({ length: 1_001 }, () => 'new') }],
    ['priorities', { priorities: ['urgent'] }],
    ['priorities', { priorities: null }],
    ['senderEmails', { senderEmails: [] }],
    ['senderEmails', { senderEmails: [''] }],
    ['senderEmails', { senderEmails: [`${secret}\u0000`] }],
    ['senderEmails', { senderEmails: ['\ud800@mail.example'] }],
    ['senderEmails', { senderEmails: ['a'.repeat(999)] }],
    ['senderEmails', { senderEmails: [{ address: secret }] }],
    ['assignedTo', { assignedTo: '' }],
    ['assignedTo', { assignedTo: 7 }],
    ['assignedTo', { assignedTo: ['grace'] }],
    ['dateRange', { dateRange: {} }],
    ['dateRange', { dateRange: null }],
    ['dateRange', { dateRange: { start: 2, end: 1 } }],
    ['dateRange', { dateRange: { start: 1, until: secret } }],
    ['dateRange.start', { dateRange: { start: secret } }],
    ['dateRange.start', { dateRange: { start: null } }],
    ['dateRange.end', { dateRange: { end: '2026-02-30' } }],
    ['isRead', { isRead: 0 }],
    ['isRead', { isRead: 'false' }],
    ['threadId', { threadId: null }],
    ['threadId', { threadId: '' }],
    ['limit', { limit: 0 }],
    ['limit', { limit: -1 }],
    ['limit', { limit: 1_001 }],
    ['limit', { limit: 1.5 }],
    ['limit', { limit: Number.NaN }],
    ['limit', { limit: '50' }],
    ['cursor', { cursor: '' }],
    ['cursor', { cursor: secret }],
    ['cursor', { cursor: `${cursor}=` }],
    ['cursor', { cursor: `${cursor}AA` }],
    ['cursor', { cursor: btoa('[1]') }],
    ['cursor', { cursor: btoa('["1","a"]') }],
    ['cursor', { cursor: btoa('[1,"a",2]') }],
    ['cursor', { cursor: btoa('[1.5,"a"]') }],
    ['cursor', { cursor: btoa('[1, "a"]') }],
    ['cursor', { cursor: 'A'.repeat(100_000) }],
  ])('refuses an invalid %s without quoting it: %j', (field, query) => {
    const refused = () => canonicalize(query as EmailQuery)

    expect(refused).toThrow(expect.objectContaining({ field, name: InvalidFilterError.name }))
    expect(refused).not.toThrow(/secret/)
  })

  test('names the allowed values when a value is unknown', () => {
    expect(() => canonicalize({ statuses: ['nwe' as 'new'] })).toThrow(STATUSES.join(', '))
    expect(() => canonicalize({ priorities: ['urgent' as 'low'] })).toThrow(PRIORITIES.join(', '))
  })
})

describe('a cursor', () => {
  test('decodes to its position, and only in its own order', () => {
    const instant = fc
      .maxSafeInteger()
      .filter((ms) => Math.abs(ms) <= 8.64e15 && !Object.is(ms, -0))
    const id = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 900 })
      .filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text) && text.length <= 998)
    const sender = fc.stringMatching(/^[a-zé\u{1f4e6}]{1,20}@[a-z]{1,9}\.example$/u)
    const position = fc.oneof(
      fc.tuple(fc.constant('received' as const), fc.tuple(instant, id)),
      fc.tuple(fc.constant('sent' as const), fc.tuple(instant, id)),
      fc.tuple(fc.constant('priority' as const), fc.tuple(fc.nat(3), instant, id)),
      fc.tuple(fc.constant('sender' as const), fc.tuple(sender, instant, id)),
    )
    fc.assert(
      fc.property(position, ([by, key]) => {
        const text = encodeCursor(key, by)
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
        expect(decodeCursor(text, by)).toEqual(key)
        for (const other of ORDERS.filter((order) => order !== by)) {
          expect(() => decodeCursor(text, other)).toThrow(InvalidFilterError)
        }
      }),
    )
  })
})
