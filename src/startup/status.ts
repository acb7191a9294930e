/**
 * The status of the cache and its Redis, for health endpoints.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { CacheStats } from '../cache/stats.ts'
import { ClosedError, RemoteTimeoutError } from '../errors.ts'
import type { CircuitState } from '../flight/breaker.ts'
import { withDeadline } from '../flight/deadline.ts'
import type { HealthReport } from '../monitor/health.ts'
import type { CacheMonitor } from '../monitor/monitor.ts'
import type { Platform } from '../platform/platform.ts'
import { failureReason } from '../redis/failure-reason.ts'
import type { Requester } from '../redis/requester.ts'

/** How long a PING may take before the status is `down`. */
const PING_DEADLINE_MS = 1_000
/** Above this a Redis is slow: ten times what a PING within a region takes. */
const SLOW_MS = 100

/** The result of `getCacheSystemStatus`. It contains nothing secret. */
export interface CacheSystemStatus {
  /**
   * `ok`: PING was answered within 100 ms. `degraded`: it took longer, or the circuit is not closed,
   * so that reads call their loaders. `down`: no answer within a second, or an error.
   */
  readonly status: 'ok' | 'degraded' | 'down'
  /** `rest`, `tcp`, `embedded`; the kind of the transport given; `default` before start-up. */
  readonly transport: string
  readonly circuit: CircuitState
  /** Time that the PING took, in milliseconds; absent when it was not answered. */
  readonly roundTripMs?: number
  /** Why the status is not `ok`, in words that hold no address, key or value. */
  readonly reason?: string
  /** How the check at start-up ended; `none` before start-up. */
  readonly firstCheck: 'answered' | 'failed' | 'none'
  /** `undefined` after `stop()`. */
  readonly stats: CacheStats | undefined
  /** The result of the last health check; absent before the first one, and without monitoring. */
  readonly health?: HealthReport
  /** When the status was determined, in epoch milliseconds. */
  readonly timestamp: number
}

/** The system that a status is about. */
export interface Subject {
  readonly cache: RedisCacheManager
  readonly transport: string
  /** Takes the PING: without the circuit breaker if possible, as an open circuit would not ask Redis. */
  readonly requester: Requester
  readonly platform: Platform
  readonly firstCheck: CacheSystemStatus['firstCheck']
  readonly monitor: Pick<CacheMonitor, 'getCurrentHealth'> | undefined
}

/** How a PING ended. */
export type Answer =
  | { readonly kind: 'answered'; readonly roundTripMs: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly error: unknown }

/** Determines the status. Rejects only if the code of a transport has a bug. */
export async function systemStatus(subject: Subject): Promise<CacheSystemStatus> {
  const { cache, transport, requester, platform, firstCheck, monitor } = subject
  const [answer, stats] = await Promise.all([ping(requester, platform), statsOf(cache)])
  const { circuit } = cache.redis
  const health = monitor?.getCurrentHealth()
  return {
    ...judge(answer, circuit),
    transport,
    circuit,
    firstCheck,
    stats,
    ...(health && { health }),
    timestamp: platform.now(),
  }
}

/** Sends one PING. Never rejects. */
export async function ping(requester: Requester, platform: Platform): Promise<Answer> {
  const sentAt = platform.now()
  const timedOut = (): RemoteTimeoutError => new RemoteTimeoutError('PING', PING_DEADLINE_MS)
  try {
    const { error } = await withDeadline(platform, PING_DEADLINE_MS, timedOut, (signal) =>
      requester.request({ body: ['PING'], signal }),
    )
    // Only the error's first word: the rest may quote what was sent.
    if (error !== undefined) return { kind: 'failed', reason: error.split(' ', 1)[0] ?? '', error }
    return { kind: 'answered', roundTripMs: platform.now() - sentAt }
  } catch (error) {
    return { kind: 'failed', reason: failureReason(error), error }
  }
}

function judge(
  answer: Answer,
  circuit: CircuitState,
): Pick<CacheSystemStatus, 'status' | 'roundTripMs' | 'reason'> {
  if (answer.kind === 'failed') return { status: 'down', reason: answer.reason }
  const { roundTripMs } = answer
  if (circuit !== 'closed') return { status: 'degraded', roundTripMs, reason: `circuit ${circuit}` }
  if (roundTripMs > SLOW_MS) return { status: 'degraded', roundTripMs, reason: 'slow' }
  return { status: 'ok', roundTripMs }
}

async function statsOf(cache: RedisCacheManager): Promise<CacheStats | undefined> {
  try {
    return await cache.getStats()
  } catch (error) {
    if (error instanceof ClosedError) return undefined
    throw error
  }
}
