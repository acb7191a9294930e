/**
 * Serves the figures of all isolates to Prometheus over HTTP.
 *
 * @module
 */

import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError, isNearcacheError } from '../errors.ts'
import { bearerIn, isSameSecret } from '../web/bearer.ts'
import { problemResponse } from '../web/problem.ts'
import type { HealthStats } from './health.ts'
import type { CacheMonitor } from './monitor.ts'
import { type Gauge, PROMETHEUS_TYPE, prometheusText } from './prometheus.ts'
import type { RedisFigures } from './redis-figures.ts'

/** Options for {@link metricsEndpoint}. */
export interface MetricsEndpointOptions {
  /** The figures to serve. */
  readonly figures: RedisFigures
  /** Adds gauges: memory, keys, round trip, error rate, circuit. @default no gauges */
  readonly monitor?: CacheMonitor
  /** Sent as `Authorization: Bearer`, at least 16 characters. @default everybody may read */
  readonly token?: string
}

/**
 * Answers a scrape with one command, and those of a health check if there is a `monitor`. Responds with 401
 * without the token, and 503 while Redis is down: a failed scrape is a gap, missing figures would be zeros.
 *
 * @example
 * ```ts
 * const metrics = metricsEndpoint({ figures, monitor, token })
 * app.get('/metrics', (c) => metrics(c.req.raw))
 * ```
 *
 * @throws {InvalidOptionError} When an option is unknown, or the token is too short.
 */
export function metricsEndpoint(
  options: MetricsEndpointOptions,
): (request: Request) => Promise<Response> {
  // A misspelled token would open the figures to everybody.
  checkFields(options, 'options', ['figures', 'monitor', 'token'])
  const { figures, monitor, token } = options
  if (token !== undefined && token.length < 16) {
    throw new InvalidOptionError('token', 'a text of at least 16 characters')
  }
  return async function answerScrape({ headers }) {
    if (token !== undefined && !(await isSameSecret(bearerIn(headers), token))) {
      return problemResponse(
        { status: 401, title: 'The token is wrong' },
        { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' },
      )
    }
    try {
      const [total, health] = await Promise.all([
        figures.readTotal(),
        monitor?.performHealthCheck(),
      ])
      const body = prometheusText(total, health ? gaugesOf(health.stats) : [])
      return new Response(body, {
        headers: { 'content-type': PROMETHEUS_TYPE, 'cache-control': 'no-store' },
      })
    } catch (error) {
      if (!isNearcacheError(error)) throw error
      return problemResponse(
        { status: 503, title: 'The figures cannot be read', code: error.code, retryAfter: 15 },
        { 'cache-control': 'no-store' },
      )
    }
  }
}

/** Unknown values are left out: a gauge of 0 would be wrong. */
export function gaugesOf(stats: HealthStats): readonly Gauge[] {
  const { memoryUsage, memoryLimit, totalKeys, roundTripMs, circuit, errorRate } = stats
  const errorShare = errorRate === undefined ? undefined : errorRate / 100
  const seconds = roundTripMs === undefined ? undefined : roundTripMs / 1_000
  return [
    gauge('cache.memory_usage', 'bytes', 'Memory that Redis uses', memoryUsage),
    gauge('cache.memory_limit', 'bytes', 'Memory that Redis may use', memoryLimit),
    gauge('cache.keys', '', 'Keys in the database', totalKeys),
    gauge('cache.redis.round_trip', 'seconds', 'Time of one question to Redis', seconds),
    gauge('cache.error_rate', '', 'Errors of the operations of the last minutes', errorShare),
    gauge(
      'cache.breaker.open',
      '',
      'Whether the circuit is not closed',
      circuit === 'closed' ? 0 : 1,
    ),
  ].flat()
}

function gauge(name: string, unit: string, help: string, value: number | undefined): Gauge[] {
  if (value === undefined) return []
  const prometheus = `${name.replaceAll('.', '_')}${unit && `_${unit}`}`
  return [{ name, prometheus, unit, help, value }]
}
