/**
 * The scheduled work of the Worker: one cron trigger sends heartbeats, which run the jobs that are due.
 *
 * @module
 */

import type { RedisCacheManager } from 'nearcache'
import { type CachedEmailRepository, indexTexts, type SqlDriver } from 'nearcache/email'
import type { LLMResponseCache } from 'nearcache/llm'
import type { CacheMonitor } from 'nearcache/monitor'
import { analyticsJob, llmJob, mailJob, Warming, type WarmingOptions } from 'nearcache/warming'
import { llmRoutes } from './routes/llm.ts'
import type { LLMRouteSettings } from './settings.ts'

/** How many messages, stored before search existed, one heartbeat indexes. The next one continues. */
const INDEXED_AT_ONCE = 500
/** An invocation may run for 30 seconds after its response. */
const AFTER_RESPONSE = '25s'

/** The parts that the jobs use. */
export interface CronParts {
  readonly cache: RedisCacheManager
  readonly emails: CachedEmailRepository
  readonly answers: LLMResponseCache
}

/** Settings of the jobs. */
export interface CronTerms extends Pick<WarmingOptions, 'version' | 'timeBudget'> {
  readonly llm?: LLMRouteSettings | undefined
}

/** The Worker's jobs. They keep the mailbox, its figures, and configured questions to models warm. */
export function createWarming(parts: CronParts, { llm, ...terms }: CronTerms = {}): Warming {
  const { cache, emails } = parts
  const warming = new Warming({ cache, ...terms })
  warming.register(mailJob({ emails, schedule: '*/5 * * * *', timeBudget: '30s' }))
  warming.register(analyticsJob({ emails }))
  if (llm && llm.warm.length > 0) {
    warming.register(llmJob({ questions: llm.warm, ask: askBy(parts, llm) }))
  }
  return warming
}

/** Asks as a client of `/llm` does, so that clients get these answers. Does not count towards their limit. */
function askBy(
  { cache, answers }: CronParts,
  settings: LLMRouteSettings,
): Parameters<typeof llmJob<LLMRouteSettings['warm'][number]>>[0]['ask'] {
  const app = llmRoutes({ cache, answers, settings: { ...settings, perMinute: undefined } })
  const headers = {
    'content-type': 'application/json',
    authorization: `Bearer ${settings.token ?? ''}`,
  }
  return async ({ path, body }, { signal }) => {
    const init = { method: 'POST', headers, body: JSON.stringify(body), signal }
    const response = await app.request(path, init)
    // The answer is stored once it has been read completely.
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`The model answered HTTP ${response.status}`)
    return { via: response.headers.get('x-nearcache') ?? 'miss' }
  }
}

/**
 * Warms the cache once for each version of the deployment, when its first isolates get their first requests,
 * because a Worker has no other start event. One isolate does the work; each other one only asks Redis once.
 */
export async function warmAtStart(parts: CronParts, terms: CronTerms): Promise<void> {
  if (terms.version === undefined) return
  await createWarming(parts, { ...terms, timeBudget: AFTER_RESPONSE }).runDue()
}

/**
 * One heartbeat. Indexes some of the messages that were stored before search existed, then runs the jobs
 * that are due. Even if these fail, the monitor then checks for alerts.
 *
 * @returns The number of runs; 0 with the cache off.
 */
export async function heartbeat(
  driver: SqlDriver,
  warming: Warming | undefined,
  controller: { readonly scheduledTime: number },
  monitor?: Pick<CacheMonitor, 'performHealthCheck'>,
): Promise<number> {
  try {
    await indexTexts(driver, INDEXED_AT_ONCE)
    return warming ? await warming.handleScheduled(controller) : 0
  } finally {
    await monitor?.performHealthCheck()
  }
}
