/**
 * The options of a dashboard, and their validation.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkCache, checkFields, oneOf } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { HotKeys } from '../monitor/hot-keys.ts'
import type { CacheMonitor } from '../monitor/monitor.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { Warming } from '../warming/warming.ts'

/** Decides whether a request may see the dashboard, for example by headers of an identity provider in front. */
export type Authenticate = (request: Request) => boolean | Promise<boolean>

/** Options for `dashboard`. */
export interface DashboardOptions {
  /** The cache whose keys are inspected. */
  readonly cache: RedisCacheManager
  /** The monitor whose figures and alerts are shown. */
  readonly monitor: CacheMonitor
  /**
   * A token of at least 16 characters, sent as `Authorization: Bearer` or entered on the log-in page; or a
   * function that decides who may enter. Required: there is no open dashboard.
   */
  readonly authenticate: string | Authenticate
  /**
   * Whether operators may change something: invalidate, delete, run jobs, resolve alerts.
   * @default 'read-only'
   */
  readonly mode?: 'read-only' | 'operate'
  /** Whether inspecting a key shows its value. @default 'hidden' */
  readonly values?: 'hidden' | 'shown'
  /** The jobs to show and run. @default none are shown */
  readonly warming?: Warming
  /** The source of the most read keys. @default none are shown */
  readonly hotKeys?: HotKeys
  /** How often pages update; at least 1 second. Figures are reused for half this time. @default '5s' */
  readonly refresh?: Duration
  /**
   * What a hundred thousand commands cost, in US dollars; 0 shows no cost.
   * @default 0.2 over REST, as on Upstash, and 0 over any other transport
   */
  readonly pricePer100k?: number
  /** The version of the deployment to show. @default none is shown */
  readonly version?: string
  /** How long a browser stays logged in, up to the 400 days of any cookie. @default '12h' */
  readonly session?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** Checked options with their defaults. */
export interface ResolvedOptions {
  readonly cache: RedisCacheManager
  readonly monitor: CacheMonitor
  readonly authenticate: string | Authenticate
  readonly mayOperate: boolean
  readonly showsValues: boolean
  readonly warming: Warming | undefined
  readonly hotKeys: HotKeys | undefined
  readonly refreshMs: number
  readonly pricePer100k: number
  readonly version: string | undefined
  readonly sessionMs: number
  readonly platform: Platform
}

const MIN_TOKEN = 16
const SESSION_RANGE = { min: 60_000, max: 400 * 86_400_000 }
const FIELDS =
  `cache monitor authenticate mode values warming hotKeys refresh pricePer100k version session
  platform`.split(/\s+/)

/** @throws {InvalidOptionError} When an option is missing, unknown or out of its range. */
export function resolveOptions(options: DashboardOptions): ResolvedOptions {
  checkFields(options, 'options', FIELDS)
  const { cache, monitor, authenticate, mode = 'read-only', values = 'hidden' } = options
  const { platform = webPlatform() } = options
  checkCache(cache)
  require(typeof monitor?.performHealthCheck === 'function', 'monitor', 'a CacheMonitor')
  require(typeof authenticate === 'function' ||
    (typeof authenticate === 'string' &&
      authenticate.length >=
        MIN_TOKEN), 'authenticate', `a token of at least ${MIN_TOKEN} characters, or a function`)
  oneOf(mode, 'mode', ['read-only', 'operate'])
  oneOf(values, 'values', ['hidden', 'shown'])
  const { pricePer100k = cache.redis.kind === 'rest' ? 0.2 : 0 } = options
  require(pricePer100k >= 0, 'pricePer100k', 'a number of at least 0')
  return {
    cache,
    monitor,
    authenticate,
    mayOperate: mode === 'operate',
    showsValues: values === 'shown',
    warming: options.warming,
    hotKeys: options.hotKeys,
    refreshMs: toMilliseconds(options.refresh ?? '5s', 'refresh', { min: 1_000 }),
    pricePer100k,
    version: options.version,
    sessionMs: toMilliseconds(options.session ?? '12h', 'session', SESSION_RANGE),
    platform,
  }
}

function require(isGood: boolean, option: string, requirement: string): void {
  if (!isGood) throw new InvalidOptionError(option, requirement)
}
