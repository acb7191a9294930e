/**
 * Makes the parts around the cache of a process. The code of each is imported only if the part is used.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { CachedEmailRepository } from '../email/cached/cached-email-repository.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFields } from '../entry/option-checks.ts'
import { InvalidKeyError } from '../errors.ts'
import type { LLMResponseCache } from '../llm/llm-cache.ts'
import type { LLMRequest } from '../llm/request.ts'
import type { Matcher } from '../llm/semantic/matcher.ts'
import type { Metrics } from '../monitor/metrics.ts'
import type { CacheMonitor } from '../monitor/monitor.ts'
import type { Platform } from '../platform/platform.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { SessionOptions } from '../session/options.ts'
import type { SessionUserCache } from '../session/session-user-cache.ts'
import type { LLMJobOptions } from '../warming/default-jobs.ts'
import type { WarmingJob } from '../warming/job.ts'
import type { Warming } from '../warming/warming.ts'
import type { WebSocketCache } from '../websocket/websocket-cache.ts'
import type { LLMSettings, MonitoringOptions, StartupOptions, WarmingSettings } from './options.ts'

/** What the parts are made with. */
export interface PartsContext {
  readonly cache: RedisCacheManager
  /** Sessions and sockets have their own circuit: an open one of the cache must not refuse all users. */
  readonly redis: Requester | Transport
  readonly platform: Platform
  readonly options: StartupOptions
  /** Keys for sessions, if the option `session` has none. */
  readonly sessionKeys: SessionOptions['keys'] | undefined
}

/** The parts of a system. */
export interface Parts {
  readonly llm: LLMResponseCache
  readonly emails: CachedEmailRepository | undefined
  readonly sessions: SessionUserCache | undefined
  readonly webSockets: WebSocketCache | undefined
  readonly warming: Warming | undefined
  readonly metrics: Metrics | undefined
  readonly monitor: CacheMonitor<WarmingJob> | undefined
}

/** @throws {InvalidOptionError} When an option of a part is unknown or out of its range. */
export async function makeParts(ctx: PartsContext): Promise<Parts> {
  const { options } = ctx
  const emails = options.db === undefined ? undefined : await makeEmails(ctx, options.db)
  const llm = await makeLLM(ctx, options.llm)
  const sessions = await makeSessions(ctx, { llm })
  const webSockets = await makeWebSockets(ctx)
  const { warming: terms = {}, monitor: wanted = {} } = options
  const warming = terms === false ? undefined : await makeWarming(ctx, terms, { emails, llm })
  const watch = wanted === false ? undefined : await makeMonitor(ctx, wanted, warming)
  const { metrics, monitor } = watch ?? {}
  return { llm, emails, sessions, webSockets, warming, metrics, monitor }
}

async function makeEmails(
  { cache, platform }: PartsContext,
  db: StartupOptions['db'] & object,
): Promise<CachedEmailRepository> {
  const { CachedEmailRepository } = await import('../email/cached/cached-email-repository.ts')
  return new CachedEmailRepository({ db, cache, platform })
}

async function makeLLM(
  { cache, platform }: PartsContext,
  settings: LLMSettings | undefined,
): Promise<LLMResponseCache> {
  const { LLMResponseCache } = await import('../llm/llm-cache.ts')
  const { deferredMatcher } = await import('./deferred-matcher.ts')
  const builtIn = deferredMatcher(() => lexicalMatcher(cache))
  const { warm: _warm, matcher: given = builtIn, ...options } = settings ?? {}
  const matcher = typeof given === 'function' ? given(cache) : given
  return new LLMResponseCache({ ...options, ...(matcher && { matcher }), cache, platform })
}

/** The default matcher: without any, the option `matching` of a request would have no effect. */
async function lexicalMatcher(cache: RedisCacheManager): Promise<Matcher> {
  const { createSemanticMatcher } = await import('../llm/semantic/create-matcher.ts')
  return createSemanticMatcher({ cache })
}

async function makeSessions(
  { cache, redis, platform, options, sessionKeys }: PartsContext,
  { llm }: Pick<Parts, 'llm'>,
): Promise<SessionUserCache | undefined> {
  const { session, mailboxOf } = options
  if (session === false) return undefined
  const keys = session?.keys ?? sessionKeys
  if (keys === undefined) return undefined
  const { SessionUserCache } = await import('../session/session-user-cache.ts')
  const sessions = new SessionUserCache({
    ...wireOf(options),
    ...session,
    ...prefixOf(options),
    keys,
    redis,
    platform,
  })
  sessions.onPermissionChange(async (userId) => {
    const mailbox = mailboxOf?.(userId)
    await Promise.all([
      llm.invalidateUser(userId),
      invalidateUser(cache, userId),
      mailbox?.clearCache(),
    ])
  })
  return sessions
}

async function makeWebSockets({
  redis,
  platform,
  options,
}: PartsContext): Promise<WebSocketCache | undefined> {
  const { websocket = {} } = options
  if (websocket === false) return undefined
  const { WebSocketCache } = await import('../websocket/websocket-cache.ts')
  const own = { ...wireOf(options), ...websocket, ...prefixOf(options) }
  return new WebSocketCache({ ...own, redis, platform })
}

/** The settings of the cache for requests to Redis: parts with their own circuit use them too. */
function wireOf({ deadline, retries, breaker }: StartupOptions) {
  return {
    ...(deadline !== undefined && { deadline }),
    ...(retries !== undefined && { retries }),
    ...(breaker !== undefined && { breaker }),
  }
}

function prefixOf({ prefix }: StartupOptions): { readonly prefix?: string } {
  return prefix === undefined ? {} : { prefix }
}

async function invalidateUser(cache: RedisCacheManager, userId: string): Promise<void> {
  try {
    await cache.invalidateTags([`user:${userId}`])
  } catch (error) {
    // An id that cannot be part of a tag: nothing can have been stored with that tag.
    if (!(error instanceof InvalidKeyError)) throw error
  }
}

const WARMING_SETTINGS = ['interval', 'jobs', 'version', 'lease', 'timeBudget', 'grace']

async function makeWarming(
  { cache, platform, options: startup }: PartsContext,
  settings: WarmingSettings,
  { emails, llm }: Pick<Parts, 'emails' | 'llm'>,
): Promise<Warming> {
  checkFields(settings, 'warming', WARMING_SETTINGS)
  const { interval, jobs = [], ...options } = settings
  checkInterval('warming.interval', interval)
  const { Warming } = await import('../warming/warming.ts')
  const { analyticsJob, llmJob, mailJob } = await import('../warming/default-jobs.ts')
  const named = prefixOf(startup)
  const warming = new Warming({ ...options, ...named, cache, platform })
  if (emails) {
    warming.register(mailJob({ emails }))
    warming.register(analyticsJob({ emails }))
  }
  if (startup.llm?.warm) {
    const { questions, generate } = startup.llm.warm
    const ask: LLMJobOptions<LLMRequest>['ask'] = (question, { signal }) =>
      llm.getOrGenerate({ ...question, signal }, (context) => generate(question, context))
    warming.register(llmJob({ questions, ask }))
  }
  for (const job of jobs) warming.register(job)
  return warming
}

const MONITORING_OPTIONS = [
  ...['interval', 'sinks', 'flushInterval'],
  ...['window', 'rules', 'memoryLimitBytes', 'notify'],
]

/** Checked before anything runs: the timers are started last, when the bindings are set. */
function checkInterval(option: string, interval: Duration | undefined): void {
  if (interval !== undefined) toMilliseconds(interval, option, { min: 1_000 })
}

async function makeMonitor(
  { cache, platform, options: startup }: PartsContext,
  wanted: MonitoringOptions,
  warming: Warming | undefined,
): Promise<{ readonly metrics: Metrics; readonly monitor: CacheMonitor<WarmingJob> }> {
  checkFields(wanted, 'monitor', MONITORING_OPTIONS)
  const { interval, sinks = [], flushInterval, ...options } = wanted
  checkInterval('monitor.interval', interval)
  const { RedisFigures } = await import('../monitor/redis-figures.ts')
  const { Metrics } = await import('../monitor/metrics.ts')
  const { CacheMonitor } = await import('../monitor/monitor.ts')
  const named = prefixOf(startup)
  const figures = new RedisFigures({ cache, ...named })
  const monitor = new CacheMonitor<WarmingJob>({
    ...options,
    ...named,
    ...(warming && { warming }),
    cache,
    figures,
    platform,
  })
  for (const sink of sinks) monitor.on('health:checked', (report) => sink.health?.(report))
  const metrics = new Metrics({
    cache,
    platform,
    sinks: [figures, ...sinks],
    ...(flushInterval !== undefined && { interval: flushInterval }),
  })
  return { metrics, monitor }
}
