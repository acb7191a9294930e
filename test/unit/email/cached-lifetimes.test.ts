import { describe, expect, test } from 'vitest'
import { analyticsTtl, listTtl, rowTtl } from '../../../src/email/cached/lifetimes.ts'
import type { EmailFilter } from '../../../src/email/conditions.ts'
import type { Email } from '../../../src/email/email.ts'
import { canonicalizeFilter } from '../../../src/email/filter.ts'
import type { TtlClass } from '../../../src/entry/duration.ts'
import { DAY_MS, NOW } from './cached-mailbox.ts'

describe('Lifetimes of cached mailbox data', () => {
  test.each<[string, EmailFilter, TtlClass]>([
    ['all messages', {}, 'medium'],
    ['new messages', { statuses: ['new', 'archived'] }, 'short'],
    ['unassigned messages', { assignedTo: null, statuses: ['completed'] }, 'short'],
    ['settled messages', { statuses: ['completed', 'archived'] }, 'long'],
    ['settled and unsettled messages', { statuses: ['completed', 'pending'] }, 'medium'],
    ['a date range that has ended', { dateRange: { end: NOW - DAY_MS - 1 } }, 'long'],
    ['a date range that ended today', { dateRange: { end: NOW - 1 } }, 'medium'],
    ['a date range without an end', { dateRange: { start: NOW - 9 * DAY_MS } }, 'medium'],
    [
      'alternatives',
      { anyOf: [{ statuses: ['archived'] }, { statuses: ['new'], isRead: true }] },
      'short',
    ],
  ])('a list of %s', (_name, filter, ttl) => {
    expect(listTtl(canonicalizeFilter(filter).branches, NOW)).toBe(ttl)
  })

  test.each<[string, Partial<Email>, TtlClass]>([
    ['in progress', { status: 'in_progress' }, 'medium'],
    ['settled', { status: 'archived' }, 'long'],
    ['fully analysed', { isWorkflowComplete: true, processedAt: NOW }, 'veryLong'],
    [
      'settled, with a complete workflow',
      { status: 'resolved', isWorkflowComplete: true },
      'veryLong',
    ],
  ])('a message that is %s', (_name, fields, ttl) => {
    const email = {
      status: 'new',
      isWorkflowComplete: false,
      processedAt: null,
      ...fields,
    } as const
    expect(rowTtl(email)).toBe(ttl)
  })

  test('analytics of a date range that has ended, and of one without an end', () => {
    expect(analyticsTtl(NOW - 2 * DAY_MS, NOW)).toBe('veryLong')
    expect(analyticsTtl(undefined, NOW)).toBe('short')
  })
})
