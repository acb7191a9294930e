/**
 * What the Worker does by the clock.
 *
 * @module
 */

import type { Composition } from './compose.ts'

/**
 * Keeps the mailbox warm. What is in the cache already costs SQL nothing.
 *
 * @returns How many messages were read; 0 with the cache off.
 */
export async function heartbeat({ caching }: Pick<Composition, 'caching'>): Promise<number> {
  if (!caching) return 0
  return (await caching.emails.warmCache({ recentDays: 7, priorityEmails: true })).emails
}
