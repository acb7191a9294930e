/**
 * What the Worker does by the clock.
 *
 * @module
 */

import { indexTexts } from 'nearcache/email'
import type { Composition } from './compose.ts'

/** Messages of before the search that are made findable at once; the next beat goes on. */
const INDEXED_AT_ONCE = 500

/**
 * Keeps the mailbox warm. What is in the cache already costs SQL nothing. Messages that were stored
 * before they could be searched are made findable, some at a time.
 *
 * @returns How many messages were read; 0 with the cache off.
 */
export async function heartbeat({
  caching,
  sql,
}: Pick<Composition, 'caching' | 'sql'>): Promise<number> {
  await indexTexts(sql.driver, INDEXED_AT_ONCE)
  if (!caching) return 0
  return (await caching.emails.warmCache({ recentDays: 7, priorityEmails: true })).emails
}
