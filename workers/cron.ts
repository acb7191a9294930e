/**
 * What the Worker does by the clock: one trigger, whose heartbeats run the jobs that are due.
 *
 * @module
 */

import type { RedisCacheManager } from 'nearcache'
import { type CachedEmailRepository, indexTexts, type SqlDriver } from 'nearcache/email'
import { type JobAnswer, type JobContext, Warming } from 'nearcache/warming'

/** Messages of before the search that are made findable at once; the next beat goes on. */
const INDEXED_AT_ONCE = 500

/** What the jobs work on. */
export interface CronParts {
  readonly cache: RedisCacheManager
  readonly emails: CachedEmailRepository
}

/** The Worker's jobs: its mailbox, kept warm. */
export function createWarming({ cache, emails }: CronParts): Warming {
  const warming = new Warming({ cache })
  warming.register({
    id: 'mail',
    name: 'Mailbox',
    priority: 80,
    schedule: '*/5 * * * *',
    timeBudget: '30s',
    handler: (context) => warmMailbox(emails, context),
  })
  return warming
}

/** What is in the cache already costs SQL nothing, so an invocation that begins anew goes on where the last one ended. */
async function warmMailbox(
  emails: CachedEmailRepository,
  { signal, budget, emit }: JobContext,
): Promise<JobAnswer> {
  let told = 0
  const { isComplete } = await emails.warmCache({
    recentDays: 7,
    priorityEmails: true,
    signal,
    budgetMs: Math.max(1, budget.remainingMs),
    onProgress: (progress) => {
      emit(progress.emails - told)
      told = progress.emails
    },
  })
  // With time left it is the bound on messages that has ended it.
  return { count: 0, isComplete: isComplete || !budget.isSpent }
}

/**
 * One heartbeat. Messages that were stored before they could be searched are made findable, some at a
 * time; then the jobs that are due are run.
 *
 * @returns How many runs there were; 0 with the cache off.
 */
export async function heartbeat(
  driver: SqlDriver,
  warming: Warming | undefined,
  controller: { readonly scheduledTime: number },
): Promise<number> {
  await indexTexts(driver, INDEXED_AT_ONCE)
  return warming ? warming.handleScheduled(controller) : 0
}
