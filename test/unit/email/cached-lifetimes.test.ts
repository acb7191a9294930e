import { describe, expect, test } from 'vitest'
import { analyticsTtl, listTtl, rowTtl } from '../../../src/email/cached/lifetimes.ts'
import type { EmailFilter } from '../../../src/email/conditions.ts'
import type { Email } from '../../../src/email/email.ts'
import { canonicalizeFilter } from '../../../src/email/filter.ts'
import type { TtlClass } from '../../../src/entry/duration.ts'
import { DAY_MS, NOW } from './cached-mailbox.ts'

describe('How long what is cached of a mailbox stays', () => {
  test.each<[string, EmailFilter, TtlClass]>([
    ['all messages', {}, 'medium'],
    ['new ones', { statuses: ['new', 'archived'] }, 'short'],
    ['unassigned ones', { assignedTo: null, statuses: ['completed'] }, 'short'],
    ['settled ones', { statuses: ['completed', 'archived'] }, 'long'],
    ['some settled ones', { statuses: ['completed', 'pending'] }, 'medium'],
    ['a closed range', { dateRange: { end: NOW - DAY_MS - 1 } }, 'long'],
    ['a range that ended today', { dateRange: { end: NOW - 1 } }, 'medium'],
    ['an open range', { dateRange: { start: NOW - 9 * DAY_MS } }, 'medium'],
    [
      'alternatives',
      { anyOf: [{ statuses: ['archived'] }, { statuses: ['new'], isRead: true }] },
      'short',
    ],
  ])('a list of %s', (_name, filter, ttl) => {
    expect(listTtl(canonicalizeFilter(filter).branches, NOW)).toBe(ttl)
  })

  test.each<[string, Partial<Email>, TtlClass]>([
    ['at work', { status: 'in_progress' }, 'medium'],
    ['settled', { status: 'archived' }, 'long'],
    ['analysed to the end', { isWorkflowComplete: true, processedAt: NOW }, 'veryLong'],
    [
      'settled, its workflow complete',
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

  test('figures of a closed range, and of one that is not', () => {
    expect(analyticsTtl(NOW - 2 * DAY_MS, NOW)).toBe('veryLong')
    expect(analyticsTtl(undefined, NOW)).toBe('short')
  })
})
