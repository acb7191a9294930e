import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AskedQueries } from '../../../src/email/cached/asked.ts'
import type { EmailStatus } from '../../../src/email/email.ts'
import { canonicalize, canonicalKey, type EmailQuery } from '../../../src/email/filter.ts'
import { InvalidFilterError } from '../../../src/errors.ts'
import { queries } from '../../property/email/arbitraries.ts'
import { amount } from '../../support/deep.ts'

describe('AskedQueries', () => {
  test('answers what checking a query answers, however often it was asked', () => {
    const known = new AskedQueries()
    const property = fc.property(fc.array(queries, { minLength: 1, maxLength: 5 }), (list) => {
      for (const query of [...list, ...list]) {
        const { canonical, key, plain } = known.of(structuredClone(query))
        expect(canonical).toEqual(canonicalize(query))
        expect(key).toBe(canonicalKey(query))
        expect(canonicalKey(plain as EmailQuery)).toBe(key)
      }
    })

    fc.assert(property, { numRuns: amount(200, 5_000) })
  })

  test('checks a query once that is asked again in an object of its own', () => {
    const known = new AskedQueries()
    const query = (): EmailQuery => ({ statuses: ['new'], dateRange: { start: new Date(5) } })

    expect(known.of(query()).canonical).toBe(known.of(query()).canonical)
  })

  test('a query whose object was changed is another one', () => {
    const known = new AskedQueries()
    const statuses: EmailStatus[] = ['new']
    const query = { statuses, limit: 10 }
    const before = known.of(query)
    query.limit = 20
    statuses.push('pending')

    expect(known.of(query).canonical).toMatchObject({
      limit: 20,
      branches: [{ statuses: ['new', 'pending'] }],
    })
    expect(before.plain).toEqual({ statuses: ['new'], limit: 10 })
  })

  test.each<[string, EmailQuery, unknown]>([
    ['no number', { assignedTo: null }, { assignedTo: Number.NaN }],
    ['a Date for a number', { limit: 5 }, { limit: new Date(5) }],
    ['a Date for a text', { threadId: '1970-01-01T00:00:00.005Z' }, { threadId: new Date(5) }],
    ['a text for a number', { limit: 5 }, { limit: '5' }],
    ['a text object', { threadId: 't' }, { threadId: Object('t') }],
    [
      'a hole in a list',
      { statuses: ['new'] },
      { statuses: ['new', ...Array.from({ length: 1 })] },
    ],
    ['an object for a list', { statuses: ['new'] }, { statuses: { 0: 'new', length: 1 } }],
    ['a function', {}, { isRead: () => true }],
    ['a list for an object', {}, []],
    ['a large whole number', { isRead: true }, { isRead: true, limit: 10n }],
  ])('refuses %s, though what looks like it was asked before', (_, right, wrong) => {
    const known = new AskedQueries()
    known.of(right)

    expect(() => known.of(wrong as EmailQuery)).toThrow(InvalidFilterError)
  })

  test('looks at inherited fields as checking does', () => {
    const known = new AskedQueries()
    known.of({})
    class Asked {
      get limit(): number {
        return 7
      }
    }

    expect(known.of(new Asked()).canonical.limit).toBe(7)
    expect(known.of(Object.create({ limit: 8 })).canonical.limit).toBe(8)
  })

  test('takes what tells an instant for a Date', () => {
    const known = new AskedQueries()
    const start = { getTime: () => 5 }

    expect(known.of({ dateRange: { start } }).canonical.branches).toEqual([
      { received: { from: 5 } },
    ])
    expect(known.of({ dateRange: { start } }).plain).toEqual({ dateRange: { start: 5 } })
  })

  test('refuses lists in each other, and those without end', () => {
    const known = new AskedQueries()
    const endless: unknown[] = []
    endless.push(endless)

    expect(() => known.of({ statuses: endless } as EmailQuery)).toThrow(InvalidFilterError)
  })

  test('forgets the query longest unasked, and checks it anew', () => {
    const known = new AskedQueries()
    const [kept, left] = [known.of({ limit: 1 }), known.of({ limit: 2 })]
    for (let n = 0; n < 2_048; n++) {
      known.of({ threadId: `t${n}` })
      known.of({ limit: 1 })
    }

    expect(known.of({ limit: 1 }).canonical).toBe(kept.canonical)
    expect(known.of({ limit: 2 }).canonical).not.toBe(left.canonical)
  })
})
