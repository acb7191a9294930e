/**
 * Puts the cache of a Node process together, and takes it apart again.
 *
 * @module
 */

import { defaultCache, setDefaultCache } from '../cache/default-cache.ts'
import { RedisCacheManager } from '../cache/manager.ts'
import type { CacheOptions } from '../cache/options.ts'
import { ConfigurationError } from '../errors.ts'
import { webPlatform } from '../platform/web.ts'
import { embeddedTransport } from '../redis/embedded/index.ts'
import { nodeFetch } from '../redis/node/index.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import { restTransport } from '../redis/rest.ts'
import { type Environment, type RedisConfiguration, readEnvironment } from './environment.ts'
import { stopAtSignal } from './signals.ts'
import { type CacheSystemStatus, ping, type Subject, systemStatus } from './status.ts'

/** Options for {@link startupCacheSystem}: those of the cache, and where to find Redis. */
export interface StartupOptions extends Omit<CacheOptions, 'redis'> {
  /** Used in place of what the environment names; `stop` closes it. */
  readonly redis?: Requester | Transport
  /** @default process.env */
  readonly env?: Environment
  /** Gets each warning once a process. @default console.warn */
  readonly warn?: (message: string) => void
  /** Stops the system at SIGINT and SIGTERM. @default false */
  readonly signals?: boolean
}

/** A cache system that has been started. */
export interface CacheSystem {
  readonly cache: RedisCacheManager
  /** `rest`, `tcp` or `embedded`; the kind of the transport given, or `custom`. */
  readonly kind: string
  /** See {@link getCacheSystemStatus}. */
  status(): Promise<CacheSystemStatus>
  /**
   * Closes the connection. The cache stays the default one, so that calls which come later fail
   * with a `ClosedError` and are not lost in another cache. Stopping twice is stopping once.
   */
  stop(): Promise<void>
}

/**
 * The cache of this process, a live binding: after start-up the one that was started, before it
 * `defaultCache()`, which is on an engine in this process.
 *
 * A copy of it does not follow: import the binding, and use it where it is needed.
 */
export let cacheManager: RedisCacheManager = defaultCache()

let subject: Subject = {
  cache: cacheManager,
  transport: 'default',
  requester: cacheManager.redis,
  platform: webPlatform(),
  firstCheck: 'none',
}

let running: Promise<CacheSystem> | undefined

const warned = new Set<string>()

/**
 * Starts the cache of this process: finds Redis by the environment (see `readEnvironment`), makes
 * the cache, and makes it the default of all domain caches. Without any configuration the cache is
 * in this process, and a warning tells what to set.
 *
 * Redis is asked once whether it answers. If it does not, start-up goes on with a warning: loaders
 * are called until it does. An open TCP connection keeps the process alive until `stop`.
 *
 * While the system runs, further calls resolve to it, whatever their options.
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
  const starting = start(options, () => {
    if (running === starting) running = undefined
  })
  running = starting
  starting.catch(() => {
    if (running === starting) running = undefined
  })
  return starting
}

/** How the cache of this process does: sends a PING and two commands for the figures. */
export function getCacheSystemStatus(): Promise<CacheSystemStatus> {
  return systemStatus(subject)
}

async function start(options: StartupOptions, ended: () => void): Promise<CacheSystem> {
  const { redis, env = process.env, warn = console.warn, signals = false, ...rest } = options
  const requester = redis ?? (await connect(readEnvironment(env), warn))
  const cache = new RedisCacheManager({ ...rest, redis: requester })
  const { kind = 'custom' } = requester as Partial<Transport>
  const platform = options.platform ?? webPlatform()

  const answer = await ping(requester, platform)
  if (answer.kind === 'failed') {
    if (answer.error instanceof ConfigurationError) {
      await cache.close()
      throw answer.error
    }
    warnOnce(warn, `Redis (${kind}) does not answer: ${answer.reason}. The cache goes on without.`)
  }

  const started: Subject = { cache, transport: kind, requester, platform, firstCheck: answer.kind }
  subject = started
  cacheManager = cache
  setDefaultCache(cache)

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    if (!stopping) {
      forget()
      ended()
      stopping = cache.close()
    }
    return stopping
  }
  const forget = signals ? stopAtSignal(stop) : (): void => undefined
  return { cache, kind, status: () => systemStatus(started), stop }
}

async function connect(
  configuration: RedisConfiguration,
  warn: (message: string) => void,
): Promise<Transport> {
  for (const warning of configuration.warnings) warnOnce(warn, warning)
  switch (configuration.kind) {
    case 'embedded':
      return embeddedTransport()
    case 'rest':
      return restTransport({
        url: configuration.url,
        token: configuration.token,
        fetch: nodeFetch(),
      })
    case 'tcp': {
      const { kind: _kind, warnings: _warnings, ...address } = configuration
      // Loaded here, so that a bundle for HTTP alone does not hold the TCP transport.
      const { tcpTransport } = await import('../redis/tcp/index.ts')
      return tcpTransport(address)
    }
  }
}

function warnOnce(warn: (message: string) => void, message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  warn(`nearcache: ${message}`)
}
