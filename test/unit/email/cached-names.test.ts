import { describe, expect, test } from 'vitest'
import { listKey, listTtl, touchesLists } from '../../../src/email/cached-names.ts'
import { canonicalize, type EmailQuery } from '../../../src/email/filter.ts'

const NOW = Date.UTC(2026, 0, 1)

describe('listKey', () => {
  test('is the same for two spellings of one query, and different for two queries', () => {
    const key = (query: EmailQuery) => listKey(canonicalize(query))

    expect(key({ statuses: ['new', 'waiting'] })).toBe(key({ statuses: ['waiting', 'new'] }))
    expect(key({ assignedTo: null })).not.toBe(key({}))
    expect(key({ limit: 10 })).not.toBe(key({ limit: 11 }))
  })

  test('is short for the longest query, and does not show whom it asks for', () => {
    const senderEmails = Array.from({ length: 1_000 }, (_, i) => `${'a'.repeat(900)}${i}@b.example`)

    const key = listKey(canonicalize({ senderEmails }))

    expect(key).toMatch(/^list\/[\w-]{43}$/)
  })
})

describe('listTtl', () => {
  test.each<[string, EmailQuery, string]>([
    ['new messages', { statuses: ['completed', 'new'] }, 'short'],
    ['unassigned messages', { assignedTo: null }, 'short'],
    ['unassigned messages of a past range', { assignedTo: null, dateRange: { end: 0 } }, 'short'],
    ['a range that has ended', { dateRange: { start: 0, end: NOW - 1 } }, 'long'],
    ['a range that ends now', { dateRange: { start: 0, end: NOW } }, 'medium'],
    ['an open range', { dateRange: { start: 0 } }, 'medium'],
    ['settled messages', { statuses: ['archived', 'completed', 'resolved'] }, 'long'],
    ['settled and waiting messages', { statuses: ['archived', 'waiting'] }, 'medium'],
    ['everything', {}, 'medium'],
  ])('of %s (%j) is %s', (_, query, expected) => {
    expect(listTtl(canonicalize(query), NOW)).toBe(expected)
  })
})

describe('touchesLists', () => {
  test.each([
    [{ status: 'new' }, true],
    [{ priority: 'low' }, true],
    [{ assignedTo: null }, true],
    [{ isRead: false }, true],
    [{ isFlagged: true }, true],
    [{ categories: ['a'] }, true],
    [{ workflowState: 'x' }, true],
    [{ importance: 'low', dueDate: 0, isWorkflowComplete: true }, false],
    [{ status: undefined }, false],
    [{}, false],
  ] as const)('of %j is %s', (changes, expected) => {
    expect(touchesLists(changes)).toBe(expected)
  })
})
