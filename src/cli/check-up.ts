/**
 * Reads the state of a cache as its monitors see it. Does not start or resolve alerts.
 *
 * @module
 */

import { isNearcacheError } from '../errors.ts'
import type { Alert } from '../monitor/alerts.ts'
import { Alerts } from '../monitor/alerts.ts'
import type { Figures } from '../monitor/figures.ts'
import { type HealthReport, healthOf, probe } from '../monitor/health.ts'
import { RedisFigures } from '../monitor/redis-figures.ts'
import { resolveRules } from '../monitor/rules.ts'
import { summarize } from '../monitor/summary.ts'
import { ping } from '../startup/status.ts'
import type { OpenNamespace } from './connection.ts'

/** The result of {@link checkUp}. */
export interface CheckUp {
  readonly health: HealthReport
  readonly alerts: readonly Alert[]
  /** `undefined` if Redis could not be read. */
  readonly figures: Figures | undefined
}

/** The alerts of a cache, kept in its Redis. */
export function alertsOf({ cache, prefix }: Pick<OpenNamespace, 'cache' | 'prefix'>): Alerts {
  const ids = resolveRules().map(({ id }) => id)
  return new Alerts(cache, prefix, ids)
}

/** Reads health, alerts and figures. A failure of Redis becomes part of the result; it does not reject. */
export async function checkUp(connection: OpenNamespace, minutes: number): Promise<CheckUp> {
  const { cache, platform, prefix, requester } = connection
  // The first PING may have to open the connection, which would distort the round trip that `probe` measures.
  await ping(requester, platform)
  const now = platform.now()
  const found = await probe(cache, platform)
  const [figures, stats, alerts] = await Promise.all([
    new RedisFigures({ cache, prefix }).readRecent(now, minutes).catch(unread),
    cache.getStats(),
    alertsOf(connection).active(),
  ])
  const evidence = {
    summary: figures && summarize(figures),
    memoryBytes: stats.memoryUsage,
    memoryLimitBytes: stats.memoryLimit,
    failedChecks: found.kind === 'failed' ? 1 : 0,
    isCircuitClosed: stats.remote.circuit !== 'open',
  }
  return { health: healthOf({ found, evidence, alerts, now, figures, stats }), alerts, figures }
}

function unread(error: unknown): undefined {
  if (isNearcacheError(error)) return undefined
  throw error
}
