/**
 * The present state of the cache: one round trip to Redis, and the figures of the last minutes.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { CacheStats } from '../cache/stats.ts'
import { MAX_SKEW_MS } from '../entry/freshness.ts'
import type { Platform } from '../platform/platform.ts'
import { failureReason } from '../redis/failure-reason.ts'
import type { Alert } from './alerts.ts'
import type { Figures } from './figures.ts'
import { type Recommendation, recommend } from './recommendations.ts'
import type { Evidence } from './rules.ts'

/** Above this a round trip is slow: ten times the usual time within a region. */
const SLOW_MS = 100

/** `degraded`: the cache works, but there are issues. `down`: Redis does not answer. */
export type HealthStatus = 'ok' | 'degraded' | 'down'

/** What a health check found. It holds no key, value or address. */
export interface HealthReport {
  /** Whether the status is `ok`. */
  readonly healthy: boolean
  readonly status: HealthStatus
  /** What is wrong, in words. */
  readonly issues: readonly string[]
  readonly recommendations: readonly Recommendation[]
  readonly stats: HealthStats
  /** Epoch milliseconds. */
  readonly timestamp: number
}

/** Rates are in percent, as in `getStats`; unknown values are `undefined`. */
export interface HealthStats {
  readonly hitRate: number | undefined
  readonly missRate: number | undefined
  readonly errorRate: number | undefined
  /** Bytes. */
  readonly memoryUsage: number | undefined
  readonly memoryLimit: number | undefined
  readonly totalKeys: number | undefined
  /** Of look-ups that asked Redis, 95th percentile in milliseconds. */
  readonly responseTime: number | undefined
  /** Of this check's own request, in milliseconds. */
  readonly roundTripMs: number | undefined
  /** How far the clock of Redis is ahead of ours, in milliseconds, give or take the round trip. */
  readonly clockSkewMs: number | undefined
  readonly circuit: CacheStats['remote']['circuit']
}

/** How Redis answered. */
export type Probe =
  | {
      readonly kind: 'answered'
      readonly roundTripMs: number
      readonly clockSkewMs: number | undefined
    }
  | { readonly kind: 'failed'; readonly reason: string }

/** Asks Redis for its time. Never rejects. */
export async function probe(cache: RedisCacheManager, platform: Platform): Promise<Probe> {
  const sentAt = platform.now()
  try {
    const { result, error } = await cache.redis.request<readonly (string | number)[]>({
      path: [],
      body: ['TIME'],
    })
    const roundTripMs = platform.now() - sentAt
    // The token or the host may not allow TIME: an error is an answer too.
    if (error !== undefined || !Array.isArray(result)) {
      return { kind: 'answered', roundTripMs, clockSkewMs: undefined }
    }
    const theirs = Number(result[0]) * 1_000 + Number(result[1]) / 1_000
    const clockSkewMs = Math.round(theirs - (sentAt + roundTripMs / 2))
    return { kind: 'answered', roundTripMs, clockSkewMs }
  } catch (error) {
    return { kind: 'failed', reason: failureReason(error) }
  }
}

/** The issues that a probe shows. */
function issuesOf(found: Probe, circuit: HealthStats['circuit']): string[] {
  if (found.kind === 'failed') return [`Redis does not answer (${found.reason})`]
  const issues: string[] = []
  if (circuit !== 'closed') issues.push(`The circuit to Redis is ${circuit}`)
  if (found.roundTripMs > SLOW_MS) {
    issues.push(`A round trip to Redis took ${Math.round(found.roundTripMs)} ms`)
  }
  const { clockSkewMs = 0, roundTripMs } = found
  if (Math.abs(clockSkewMs) > MAX_SKEW_MS + roundTripMs) {
    issues.push(`The clocks of Redis and of this host are ${Math.round(clockSkewMs)} ms apart`)
  }
  return issues
}

/** What a check has found. */
export interface Findings {
  readonly found: Probe
  readonly evidence: Evidence
  readonly alerts: readonly Alert[]
  readonly now: number
  readonly figures: Figures | undefined
  readonly stats: CacheStats
}

/** Makes the report of a check. */
export function healthOf({ found, evidence, alerts, now, figures, stats }: Findings): HealthReport {
  const { circuit } = stats.remote
  const { summary, memoryBytes, memoryLimitBytes } = evidence
  const issues = [
    ...issuesOf(found, circuit),
    ...alerts.flatMap(({ message, metadata: { value, unit, threshold } }) => {
      // Already among the issues of the probe, with the reason.
      if (unit === 'checks') return found.kind === 'failed' ? [] : [message]
      return [`${message}: ${Math.round(value * 10) / 10} ${unit} (limit ${threshold} ${unit})`]
    }),
  ]
  const status = found.kind === 'failed' ? 'down' : issues.length > 0 ? 'degraded' : 'ok'
  const percent = (share: number | undefined): number | undefined =>
    share === undefined ? undefined : 100 * share
  const hitRate = percent(summary?.hitRate)
  const answered = found.kind === 'answered' ? found : undefined
  const health: HealthStats = {
    hitRate,
    missRate: hitRate === undefined ? undefined : 100 - hitRate,
    errorRate: percent(summary?.errorRate),
    memoryUsage: memoryBytes,
    memoryLimit: memoryLimitBytes,
    totalKeys: stats.totalKeys,
    responseTime: summary?.getMs.p95,
    roundTripMs: answered?.roundTripMs,
    clockSkewMs: answered?.clockSkewMs,
    circuit,
  }
  return {
    healthy: status === 'ok',
    status,
    issues: [...new Set(issues)],
    recommendations: figures ? recommend(figures, evidence) : [],
    stats: health,
    timestamp: now,
  }
}
