/**
 * What the Worker does by the clock: one trigger, whose heartbeats run the jobs that are due.
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

/** Messages of before the search that are made findable at once; the next beat goes on. */
const INDEXED_AT_ONCE = 500
/** An invocation may go on for half a minute after its response. */
const AFTER_RESPONSE = '25s'

/** What the jobs work on. */
export interface CronParts {
  readonly cache: RedisCacheManager
  readonly emails: CachedEmailRepository
  readonly answers: LLMResponseCache
}

/** On which terms they run. */
export interface CronTerms extends Pick<WarmingOptions, 'version' | 'timeBudget'> {
  readonly llm?: LLMRouteSettings | undefined
}

/** The Worker's jobs: its mailbox, the figures of that, and what its models are asked, kept warm. */
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

/** Asks as a client of `/llm` does, and so for those clients; no limit of theirs is used up. */
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
    // It is stored when it has been read.
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`The model answered HTTP ${response.status}`)
    return { via: response.headers.get('x-nearcache') ?? 'miss' }
  }
}

/**
 * Warms once for each version of the deployment, when the first isolates of it get their first requests:
 * there is no other moment at which a Worker starts. One of them does it; the others ask Redis, once.
 */
export async function warmAtStart(parts: CronParts, terms: CronTerms): Promise<void> {
  if (terms.version === undefined) return
  await createWarming(parts, { ...terms, timeBudget: AFTER_RESPONSE }).runDue()
}

/**
 * One heartbeat. Messages that were stored before they could be searched are made findable, some at a
 * time; then the jobs that are due are run. Whatever becomes of them, the monitor looks for alerts.
 *
 * @returns How many runs there were; 0 with the cache off.
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
