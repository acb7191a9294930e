import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EmailConditions, EmailFilter } from '../../../src/email/conditions.ts'
import { PRIORITIES, STATUSES } from '../../../src/email/email.ts'
import {
  canonicalize,
  canonicalizeFilter,
  canonicalKey,
  type EmailQuery,
  filterKey,
} from '../../../src/email/filter.ts'
import { cpuTimeOf } from '../../support/cpu-time.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { conditions, queries } from './arbitraries.ts'

const numRuns = amount(1_000, 50_000)
const keyOf = (filter: EmailFilter) => filterKey(canonicalizeFilter(filter))

/** The same object with its fields, and the members of its lists, in another order and repeated. */
function shuffled<T>(value: T, seed: number): T {
  if (Array.isArray(value)) {
    const rotated = value.map((_, index) => value[(index + seed) % value.length])
    return [...rotated, rotated[0]].map((entry) => shuffled(entry, seed)) as T
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toReversed()
  return Object.fromEntries(entries.map(([name, entry]) => [name, shuffled(entry, seed)])) as T
}

describe('filters that mean the same have the same key', () => {
  test('whatever the order of fields and members, and however often one is repeated', () => {
    const property = fc.property(queries, fc.nat(5), (query, seed) => {
      expect(canonicalKey(shuffled(query, seed))).toBe(canonicalKey(query))
    })

    fc.assert(property, { numRuns })
  })

  test('with one alternative, with one given twice, and with one that another includes', () => {
    const property = fc.property(conditions, conditions, (one, two) => {
      expect(keyOf({ anyOf: [one] })).toBe(keyOf(one))
      expect(keyOf({ ...one, anyOf: [one] })).toBe(keyOf(one))
      expect(keyOf({ anyOf: [one, two, one] })).toBe(keyOf({ anyOf: [two, one] }))
      const narrower = { ...two, ...one }
      expect(keyOf({ anyOf: [one, narrower] })).toBe(keyOf(one))
      expect(keyOf({ anyOf: [one, {}] })).toBe(keyOf({}))
    })

    fc.assert(property, { numRuns })
  })

  test('whether a condition is outside the alternatives or in each of them', () => {
    const property = fc.property(
      conditions,
      fc.array(conditions, { minLength: 1, maxLength: 4 }),
      (common, anyOf) => {
        const spread = anyOf.filter((branch) => isApart(common, branch))
        fc.pre(spread.length > 0)
        const within = spread.map((branch) => ({ ...common, ...branch }))
        expect(keyOf({ ...common, anyOf: spread })).toBe(keyOf({ anyOf: within }))
      },
    )

    fc.assert(property, { numRuns })
  })

  test('whether a list is given whole, or split into alternatives', () => {
    const lists: fc.Arbitrary<EmailConditions> = fc.oneof(
      fc.record({ statuses: fc.uniqueArray(fc.constantFrom(...STATUSES), { minLength: 1 }) }),
      fc.record({ priorities: fc.uniqueArray(fc.constantFrom(...PRIORITIES), { minLength: 1 }) }),
      fc.record({
        workflowStates: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
      }),
      fc.record({
        recipients: fc.uniqueArray(fc.constantFrom('a@x', 'b@x', 'c@x'), { minLength: 1 }),
      }),
      fc.record({ categories: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }) }),
    )
    const property = fc.property(conditions, lists, (common, list) => {
      const [field, members] = Object.entries(list)[0] as [keyof EmailConditions, string[]]
      const { [field]: _, ...rest } = common
      const whole = { ...rest, [field]: members }
      const parts = members.map((member) => ({ ...rest, [field]: [member] }))
      expect(keyOf({ anyOf: parts })).toBe(keyOf(whole))
    })

    fc.assert(property, { numRuns })
  })

  test.each<[string, EmailFilter, EmailFilter]>([
    ['both values of a flag', { anyOf: [{ isRead: true }, { isRead: false }] }, {}],
    [
      'neighbouring ranges',
      { anyOf: [{ dateRange: { start: 1, end: 4 } }, { dateRange: { start: 5, end: 9 } }] },
      { dateRange: { start: 1, end: 9 } },
    ],
    [
      'ranges that are open on opposite sides',
      { anyOf: [{ dateRange: { end: 4 } }, { dateRange: { start: 3 } }] },
      {},
    ],
    [
      'alternatives of which one is redundant',
      {
        anyOf: [
          { isRead: true, threadId: 'a' },
          { isRead: false, assignedTo: 'b' },
          { threadId: 'a', assignedTo: 'b' },
        ],
      },
      {
        anyOf: [
          { isRead: true, threadId: 'a' },
          { isRead: false, assignedTo: 'b' },
        ],
      },
    ],
    [
      'alternatives that together list every status',
      { anyOf: [{ statuses: STATUSES.slice(0, 5) }, { statuses: STATUSES.slice(4) }] },
      {},
    ],
    [
      'filters that no message can match',
      { isRead: true, anyOf: [{ isRead: false }] },
      { threadId: 'a', anyOf: [{ threadId: 'b' }] },
    ],
    ['words in another order and case', { search: 'ORDER  café' }, { search: 'cafe, order' }],
    ['a prefix that another word implies', { search: 'ord* order' }, { search: 'order' }],
    ['compatibility forms', { search: 'ﬁle Ⅷ' }, { search: 'FILE viii' }],
    [
      'the wider of two searches',
      { anyOf: [{ search: 'order' }, { search: 'order late' }] },
      { search: 'order' },
    ],
  ])('for %s', (_, one, other) => {
    expect(keyOf(one)).toBe(keyOf(other))
  })
})

describe('a canonical filter', () => {
  test('stays as small as its input if the canonical form would be large', () => {
    const anyOf = Array.from({ length: 16 }, (_, bit) => ({
      threadId: `t${bit}`,
      statuses: STATUSES.filter((_status, index) => index % 3 !== bit % 3),
      isRead: bit % 2 === 0,
      isFlagged: bit % 4 < 2,
      priorities: PRIORITIES.filter((_priority, index) => index !== bit % 4),
    }))

    expect(canonicalizeFilter({ anyOf }).branches.length).toBeLessThanOrEqual(48)
  })

  test('is built within milliseconds from the largest allowed query', ({ task }) => {
    const lists = { senderEmails: 900, workflowStates: 900 }
    const names = (prefix: string, length: number, seed: number) =>
      Array.from({ length }, (_, index) => `${prefix}${(index * seed) % 1_300}@x.example`)
    const anyOf = Array.from({ length: 16 }, (_, index) => ({
      senderEmails: names('s', lists.senderEmails, index * 2 + 1),
      workflowStates: names('w', lists.workflowStates, index * 2 + 7),
    }))

    const ms = Math.round(cpuTimeOf(() => canonicalizeFilter({ anyOf })))

    found(task, 'the largest filter', { ms })
    expect(ms).toBeLessThan(2_000)
  })

  test('is the filter as given if only the canonical form has more names than D1 binds', () => {
    const anyOf = Array.from({ length: 5 }, (_, index) => ({
      categories: [`c${index}`],
      assignedTo: `a${index}`,
    }))

    expect(canonicalizeFilter({ anyOf }).branches).toHaveLength(5)
  })

  test('is refused if it has more names than D1 binds', () => {
    const anyOf = Array.from({ length: 16 }, (_, index) => ({
      threadId: `t${index}`,
      conversationId: `c${index}`,
      workflowStates: [`s${index}`],
      workflowTypes: [`y${index}`],
      senderEmails: [`e${index}`],
      search: `word${index}`,
    }))

    expect(() => canonicalizeFilter({ anyOf })).toThrow(expect.objectContaining({ field: 'anyOf' }))
  })

  test.each<[string, unknown]>([
    ['anyOf', { anyOf: [] }],
    ['anyOf', { anyOf: {} }],
    ['anyOf', { anyOf: Array.from({ length: 17 }, () => ({ isRead: true })) }],
    ['anyOf[1]', { anyOf: [{}, null] }],
    ['anyOf[0]', { anyOf: [{ anyOf: [{ isRead: true }] }] }],
    ['anyOf[0]', { anyOf: [{ limit: 3 }] }],
    ['anyOf[0].statuses', { anyOf: [{ statuses: ['lost'] }] }],
    ['anyOf[0].dateRange', { anyOf: [{ dateRange: {} }] }],
    ['workflowStates', { workflowStates: [] }],
    ['workflowTypes', { workflowTypes: [null] }],
    ['workflowChainId', { workflowChainId: '' }],
    ['recipients', { recipients: [''] }],
    ['categories', { categories: 'order' }],
    ['hasAttachments', { hasAttachments: 'yes' }],
    ['isFlagged', { isFlagged: 1 }],
    ['conversationId', { conversationId: 7 }],
    ['search', { search: '' }],
    ['search', { search: '!?*' }],
    ['search', { search: 'x'.repeat(1_001) }],
    ['search', { search: Array.from({ length: 33 }, (_, index) => `w${index}`).join(' ') }],
    ['orderBy', { orderBy: 'size' }],
    ['direction', { direction: 'up' }],
    ['offset', { offset: -1 }],
    ['offset', { offset: 100_001 }],
    ['total', { total: 1 }],
  ])('is refused with a bad %s: %j', (field, query) => {
    expect(() => canonicalize(query as EmailQuery)).toThrow(
      expect.objectContaining({ field, code: 'ERR_INVALID_FILTER' }),
    )
  })
})

describe('known defects of table-level email caches, each avoided', () => {
  test('17: the order of keys and list members does not change the key of a query', () => {
    const one: EmailQuery = { statuses: ['new', 'pending'], isRead: false, priorities: ['low'] }
    const other: EmailQuery = { priorities: ['low'], isRead: false, statuses: ['pending', 'new'] }

    expect(canonicalKey(one)).toBe(canonicalKey(other))
  })

  test('18: the status in_progress exists', () => {
    expect(canonicalize({ statuses: ['new', 'in_progress'], limit: 50 }).branches).toEqual([
      { statuses: ['in_progress', 'new'] },
    ])
  })

  test('18: null as assignee selects unassigned messages', () => {
    expect(canonicalize({ assignedTo: null }).branches).toEqual([{ assignees: [null] }])
  })

  test('workflow states and types are checked, not accepted and ignored', () => {
    expect(keyOf({ workflowStates: ['a'] })).not.toBe(keyOf({}))
    expect(keyOf({ workflowTypes: ['a'] })).not.toBe(keyOf({}))
  })
})

/** Whether two sets of conditions have no field in common, so that they can be merged. */
function isApart(one: EmailConditions, other: EmailConditions): boolean {
  return !Object.keys(one).some((field) => field in other)
}
