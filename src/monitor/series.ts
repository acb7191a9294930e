/**
 * The table of everything that is counted: name, attributes, and the short code that is stored.
 *
 * OpenTelemetry has no convention for caches yet, so the names are the product's own. The values of an
 * attribute are a closed set: never a key, user or prompt (I5).
 *
 * @module
 */

/** A metric as monitoring systems know it. */
export interface Metric {
  /** Name in OpenTelemetry. */
  readonly name: string
  /** Name in Prometheus, without the `_total` of counters. */
  readonly prometheus: string
  readonly kind: 'counter' | 'histogram'
  /** UCUM unit, as OpenTelemetry requires; histograms are recorded in milliseconds. */
  readonly unit: string
  readonly help: string
}

/** A metric with its attributes, except the cache. */
export interface Series {
  /** Must not change: it is stored in Redis. */
  readonly code: string
  readonly metric: Metric
  readonly attributes: Readonly<Record<string, string>>
}

function counter(name: string, unit: string, help: string, prometheus?: string): Metric {
  return { name, prometheus: prometheus ?? name.replaceAll('.', '_'), kind: 'counter', unit, help }
}

function histogram(name: string, help: string): Metric {
  const prometheus = `${name.replaceAll('.', '_')}_seconds`
  return { name, prometheus, kind: 'histogram', unit: 'ms', help }
}

const HIT = counter('cache.hit', '{hit}', 'Look-ups that the cache answered', 'cache_hits')
const MISS = counter('cache.miss', '{miss}', 'Look-ups that it did not', 'cache_misses')
const SET = counter('cache.set', '{set}', 'Values stored by the caller')
const DELETE = counter('cache.delete', '{call}', 'Calls that deleted keys')
const INVALIDATION = counter('cache.invalidation', '{call}', 'Calls that invalidated')
const EVICTION = counter('cache.eviction', '{entry}', 'Near copies dropped for room')
const LOAD = counter('cache.load', '{load}', 'Values that a loader produced, or was to')
const COALESCED = counter('cache.load.coalesced', '{load}', 'Loads shared with another caller')
const ERROR = counter(
  'cache.error',
  '{error}',
  'Operations that failed, or had to do without Redis',
  'cache_errors',
)
const BREAKER = counter('cache.breaker.opened', '{change}', 'Times that the circuit opened')
const REQUESTS = counter('cache.redis.requests', '{request}', 'Requests sent to Redis')
const COMMANDS = counter('cache.redis.commands', '{command}', 'Commands in them')
const RETRIES = counter('cache.redis.retries', '{request}', 'Requests sent again')
const TIMEOUTS = counter('cache.redis.timeouts', '{request}', 'Requests that met their deadline')
const GET_DURATION = histogram('cache.get.duration', 'Time of look-ups that asked Redis')
const SET_DURATION = histogram('cache.set.duration', 'Time of sets')
const LOAD_DURATION = histogram('cache.load.duration', 'Time that loaders took')

/** Why a look-up missed: the values of the attribute `reason`. */
export const MISS_REASONS = [
  'absent',
  'expired',
  'invalidated',
  'undeclared-tag',
  'corrupt',
  'unavailable',
] as const

/** Kinds of errors: the values of the attribute `kind`. */
export const ERROR_KINDS = [
  'timeout',
  'network',
  'auth',
  'quota',
  'breaker',
  'decode',
  'loader',
  'other',
] as const

export type ErrorKind = (typeof ERROR_KINDS)[number]

function series(
  code: string,
  metric: Metric,
  attributes: Readonly<Record<string, string>> = {},
): Series {
  return { code, metric, attributes }
}

/** Everything that is counted for a cache. */
export const SERIES: readonly Series[] = [
  series('hn', HIT, { layer: 'near', freshness: 'fresh' }),
  series('hr', HIT, { layer: 'remote', freshness: 'fresh' }),
  series('hs', HIT, { layer: 'remote', freshness: 'stale' }),
  series('he', HIT, { layer: 'remote', freshness: 'stale-if-error' }),
  ...MISS_REASONS.map((reason) => series(`m.${reason}`, MISS, { reason })),
  series('s', SET, { outcome: 'stored' }),
  series('ss', SET, { outcome: 'superseded' }),
  series('d', DELETE),
  series('ih', INVALIDATION, { mode: 'hard' }),
  series('is', INVALIDATION, { mode: 'soft' }),
  series('ev', EVICTION),
  series('l', LOAD, { outcome: 'loaded' }),
  series('lf', LOAD, { outcome: 'failed' }),
  series('lc', COALESCED),
  ...(['read', 'write'] as const).flatMap((op) =>
    ERROR_KINDS.map((kind) => series(`e.${op}.${kind}`, ERROR, { op, kind })),
  ),
  series('bo', BREAKER),
  series('rr', REQUESTS),
  series('rc', COMMANDS),
  series('rt', RETRIES),
  series('rd', TIMEOUTS),
  series('g.hit', GET_DURATION, { layer: 'remote', outcome: 'hit' }),
  series('g.miss', GET_DURATION, { layer: 'remote', outcome: 'miss' }),
  series('w', SET_DURATION),
  series('ld', LOAD_DURATION),
]

/** By code. */
export const SERIES_BY_CODE: ReadonlyMap<string, Series> = new Map(
  SERIES.map((one) => [one.code, one]),
)

/** Replaces each code by its series; unknown codes, of other versions, are left out. */
export function bySeries<T>(byCode: ReadonlyMap<string, T>): [Series, T][] {
  return [...byCode].flatMap(([code, value]) => {
    const series = SERIES_BY_CODE.get(code)
    return series ? [[series, value]] : []
  })
}
