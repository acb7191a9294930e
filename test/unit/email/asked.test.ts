import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AskedQueries } from '../../../src/email/cached/asked.ts'
import type { EmailStatus } from '../../../src/email/email.ts'
import { canonicalize, canonicalKey, type EmailQuery } from '../../../src/email/filter.ts'
import { InvalidFilterError } from '../../../src/errors.ts'
import { queries } from '../../property/email/arbitraries.ts'
import { amount } from '../../support/deep.ts'

describe('AskedQueries', () => {
  test('returns the result of validation for a query, on the first call and on later ones', () => {
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

  test('validates a query only once when an equal query is passed in another object', () => {
    const known = new AskedQueries()
    const query = (): EmailQuery => ({ statuses: ['new'], dateRange: { start: new Date(5) } })

    expect(known.of(query()).canonical).toBe(known.of(query()).canonical)
  })

  test('treats a changed query object as another query', () => {
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
    ['NaN', { assignedTo: null }, { assignedTo: Number.NaN }],
    ['a Date for a number', { limit: 5 }, { limit: new Date(5) }],
    ['a Date for a string', { threadId: '1970-01-01T00:00:00.005Z' }, { threadId: new Date(5) }],
    ['a string for a number', { limit: 5 }, { limit: '5' }],
    ['a String object', { threadId: 't' }, { threadId: Object('t') }],
    [
      'an array with a hole',
      { statuses: ['new'] },
      { statuses: ['new', ...Array.from({ length: 1 })] },
    ],
    ['an object for an array', { statuses: ['new'] }, { statuses: { 0: 'new', length: 1 } }],
    ['a function', {}, { isRead: () => true }],
    ['an array for an object', {}, []],
    ['a BigInt', { isRead: true }, { isRead: true, limit: 10n }],
  ])('refuses %s, even after a similar valid query', (_, right, wrong) => {
    const known = new AskedQueries()
    known.of(right)

    expect(() => known.of(wrong as EmailQuery)).toThrow(InvalidFilterError)
  })

  test('reads getters and inherited fields, as validation does', () => {
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

  test('accepts an object with getTime as a Date', () => {
    const known = new AskedQueries()
    const start = { getTime: () => 5 }

    expect(known.of({ dateRange: { start } }).canonical.branches).toEqual([
      { received: { from: 5 } },
    ])
    expect(known.of({ dateRange: { start } }).plain).toEqual({ dateRange: { start: 5 } })
  })

  test('refuses an array that contains itself', () => {
    const known = new AskedQueries()
    const endless: unknown[] = []
    endless.push(endless)

    expect(() => known.of({ statuses: endless } as EmailQuery)).toThrow(InvalidFilterError)
  })

  test('forgets the least recently used query, and validates it again', () => {
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
