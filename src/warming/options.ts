/**
 * The options of `Warming`, and their checks.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkCache, checkFields, namePrefix } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'

/** Options for `Warming`. */
export interface WarmingOptions {
  /** The cache whose Redis keeps jobs and leases, with its deadline and breaker. */
  readonly cache: Pick<RedisCacheManager, 'redis'>
  /** The start of all names in Redis. @default 'nc' */
  readonly prefix?: string
  /** Of the deployment: jobs with `atStart` run once for each. 1 to 128 characters, no spaces. @default none */
  readonly version?: string
  /** How long no isolate can claim a job whose isolate has died; 3 s to 1 h. @default '30s' */
  readonly lease?: Duration
  /** How long one heartbeat may last, with all its jobs; 10 ms to 12 h. @default '10m' */
  readonly timeBudget?: Duration
  /** How long a handler may take to end once its signal is aborted. @default '5s' */
  readonly grace?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** Options, checked, with their defaults. */
export interface ResolvedOptions {
  readonly redis: RedisCacheManager['redis']
  readonly platform: Platform
  readonly prefix: string
  readonly version: string | undefined
  readonly leaseMs: number
  readonly timeBudgetMs: number
  readonly graceMs: number
}

const LONGEST_MS = 43_200_000
const FIELDS = ['cache', 'prefix', 'version', 'lease', 'timeBudget', 'grace', 'platform']

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function resolveOptions(options: WarmingOptions): ResolvedOptions {
  checkFields(options, 'options', FIELDS)
  const { cache, prefix = 'nc', version, platform = webPlatform() } = options
  checkCache(cache)
  namePrefix(prefix, 'prefix')
  if (version !== undefined && !/^\S{1,128}$/.test(version)) {
    throw new InvalidOptionError('version', '1 to 128 characters without spaces')
  }
  return {
    redis: cache.redis,
    platform,
    prefix,
    version,
    leaseMs: toMilliseconds(options.lease ?? '30s', 'lease', { min: 3_000, max: 3_600_000 }),
    timeBudgetMs: toMilliseconds(options.timeBudget ?? '10m', 'timeBudget', {
      min: 10,
      max: LONGEST_MS,
    }),
    graceMs: toMilliseconds(options.grace ?? '5s', 'grace', { max: LONGEST_MS }),
  }
}
