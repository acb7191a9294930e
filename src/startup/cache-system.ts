/**
 * Builds the cache of a Node process with its parts, and shuts them down.
 *
 * @module
 */

import { defaultCache, setDefaultCache } from '../cache/default-cache.ts'
import { RedisCacheManager } from '../cache/manager.ts'
import { CacheNamespace } from '../cache/namespace.ts'
import type { CacheOptions } from '../cache/options.ts'
import type { CachedEmailRepository } from '../email/cached/cached-email-repository.ts'
import { ConfigurationError } from '../errors.ts'
import type { LLMResponseCache } from '../llm/llm-cache.ts'
import type { CacheMonitor } from '../monitor/monitor.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { SessionUserCache } from '../session/session-user-cache.ts'
import type { WarmingJob } from '../warming/job.ts'
import type { Warming } from '../warming/warming.ts'
import type { WebSocketCache } from '../websocket/websocket-cache.ts'
import { bind } from './bindings.ts'
import { connect } from './connect.ts'
import type { StartupOptions } from './options.ts'
import { makeParts, type Parts } from './parts.ts'
import { stopAtSignal } from './signals.ts'
import { type CacheSystemStatus, ping, type Subject, systemStatus } from './status.ts'

/** A cache system that has been started. */
export interface CacheSystem {
  readonly cache: RedisCacheManager
  readonly llm: LLMResponseCache
  /** Only with the option `db`. */
  readonly emails: CachedEmailRepository | undefined
  /** Only if there are keys for sessions. */
  readonly sessions: SessionUserCache | undefined
  readonly webSockets: WebSocketCache | undefined
  readonly monitor: CacheMonitor<WarmingJob> | undefined
  readonly warming: Warming | undefined
  /** `rest`, `tcp` or `embedded`; the kind of the transport given, or `custom`. */
  readonly kind: string
  /** See {@link getCacheSystemStatus}. */
  status(): Promise<CacheSystemStatus>
  /**
   * Ends the warming jobs, which continue in other processes, and the health checks; writes the last
   * figures; waits up to two seconds for running loads; closes the connection. The cache stays the default
   * one, so later calls fail with a `ClosedError`, and do not go to another cache. A second call has no
   * effect.
   */
  stop(): Promise<void>
}

/** How long running loads may take to end, and how often they are checked. */
const LANDING_MS = 2_000
const LOOK_MS = 20

let subject: Subject | undefined

let running: Promise<CacheSystem> | undefined

let isReady = false

const warned = new Set<string>()

/**
 * Starts the cache of this process: finds Redis by environment variables (see `readEnvironment`), creates
 * the cache and its parts, sets the bindings of this module, and makes the cache the default of all domain
 * caches. Without any configuration the cache is in the memory of this process, and a warning says what to
 * set.
 *
 * Redis is asked once whether it answers. If not, start-up continues with a warning, and loaders are called
 * until it does. Then it starts metrics, health checks and scheduled jobs. An open TCP connection keeps the
 * process alive until `stop`; the timers do not.
 *
 * While the system is running, further calls return it, whatever their options.
 *
 * @throws {ConfigurationError} When the environment has problems, or `ioredis` is not installed.
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 *
 * @example
 * ```ts
 * import { startupCacheSystem } from 'nearcache/startup'
 *
 * const system = await startupCacheSystem()
 * const user = await system.cache.getOrSet('user:1', () => loadUser(1), { ttl: '15m' })
 * ```
 */
export function startupCacheSystem(options: StartupOptions = {}): Promise<CacheSystem> {
  if (running) return running
  const ended = (): void => {
    if (running !== starting) return
    running = undefined
    isReady = false
  }
  const starting = start(options, ended)
  running = starting
  starting.then(() => {
    isReady = running === starting
  }, ended)
  return starting
}

/** Whether a system is running. It does not ask Redis: see {@link getCacheSystemStatus} for that. */
export function isCacheSystemReady(): boolean {
  return isReady
}

/**
 * The status of the cache of this process: sends a PING and two commands for the figures. Before start-up
 * it is that of the default cache, on an engine in this process.
 */
export function getCacheSystemStatus(): Promise<CacheSystemStatus> {
  return systemStatus(subject ?? unstarted())
}

function unstarted(): Subject {
  const cache = defaultCache()
  return {
    cache,
    transport: 'default',
    requester: cache.redis,
    platform: webPlatform(),
    firstCheck: 'none',
    monitor: undefined,
  }
}

async function start(options: StartupOptions, ended: () => void): Promise<CacheSystem> {
  const { warn = console.warn, platform = webPlatform() } = options
  const { redis, sessionKeys } = await connect(options, (message) => warnOnce(warn, message))
  const cache = new RedisCacheManager({ ...cacheOptionsOf(options), redis })
  const { kind = 'custom' } = redis as Partial<Transport>
  const { firstCheck, parts } = await unlessFailed(cache, async () => ({
    firstCheck: await check(redis, options, (reason) =>
      warnOnce(warn, `Redis (${kind}) does not answer: ${reason}. The cache goes on without.`),
    ),
    parts: await makeParts({ cache, redis, platform, options, sessionKeys }),
  }))
  const { llm, emails, sessions, webSockets, monitor, warming } = parts

  const started: Subject = {
    cache,
    transport: kind,
    requester: redis,
    platform,
    firstCheck,
    monitor,
  }
  subject = started
  bind({
    cacheManager: cache,
    llmCache: llm,
    sessionUserCache: options.session !== false && sessions,
    webSocketCache: webSockets,
    cacheMonitor: monitor,
  })
  setDefaultCache(cache)
  await setDefaultAnswers(llm)
  runTimers(parts, options)

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    if (!stopping) {
      forget()
      ended()
      stopping = takeApart(cache, platform, parts)
    }
    return stopping
  }
  const forget = options.signals === true ? stopAtSignal(stop) : (): void => undefined
  const status = (): Promise<CacheSystemStatus> => systemStatus(started)
  return { cache, llm, emails, sessions, webSockets, monitor, warming, kind, status, stop }
}

/** Removes the options of start-up. The cache refuses unknown ones that are left. */
function cacheOptionsOf(options: StartupOptions): Omit<CacheOptions, 'redis'> {
  const { redis: _redis, env: _env, warn: _warn, signals: _signals, ...rest } = options
  const { db: _db, llm: _llm, session: _session, mailboxOf: _mailboxOf, ...others } = rest
  const { monitor: _monitor, warming: _warming, websocket: _websocket, ...own } = others
  return own
}

/** Closes the cache if a later step of start-up fails. */
async function unlessFailed<T>(cache: RedisCacheManager, make: () => Promise<T>): Promise<T> {
  try {
    return await make()
  } catch (error) {
    await cache.close()
    throw error
  }
}

/** @throws {ConfigurationError} When the transport cannot work as configured. */
async function check(
  redis: Requester,
  { platform = webPlatform() }: StartupOptions,
  tell: (reason: string) => void,
): Promise<'answered' | 'failed'> {
  const answer = await ping(redis, platform)
  if (answer.kind === 'answered') return 'answered'
  if (answer.error instanceof ConfigurationError) throw answer.error
  tell(answer.reason)
  return 'failed'
}

/** Imported on demand, like the parts. */
async function setDefaultAnswers(llm: LLMResponseCache): Promise<void> {
  const { setDefaultLLMCache } = await import('../llm/default-llm-cache.ts')
  setDefaultLLMCache(llm)
}

function runTimers({ monitor, warming }: Parts, options: StartupOptions): void {
  const { interval: checks = '5m' } = options.monitor || {}
  const { interval: looks = '30s' } = options.warming || {}
  monitor?.startMonitoring(checks)
  warming?.start(looks)
}

/** Ends the users of the cache before the cache itself. */
async function takeApart(
  cache: RedisCacheManager,
  platform: Platform,
  { warming, monitor, metrics }: Parts,
): Promise<void> {
  await warming?.stop()
  monitor?.stopMonitoring()
  await metrics?.stop()
  await landed(cache, platform)
  await cache.close()
}

/**
 * Waits for running loads, so that they are stored. A load that is cut off would leave its lease, and other
 * processes would wait until that ends.
 */
async function landed(cache: RedisCacheManager, platform: Platform): Promise<void> {
  const flights = CacheNamespace.partsOf(cache)?.ctx.flights
  for (let ms = 0; flights?.size && ms < LANDING_MS; ms += LOOK_MS) await platform.delay(LOOK_MS)
}

function warnOnce(warn: (message: string) => void, message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  warn(`nearcache: ${message}`)
}
