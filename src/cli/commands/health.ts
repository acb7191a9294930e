/**
 * `nearcache health`: reports ok, degraded or down, for people and for health probes.
 *
 * @module
 */

import { checkUp } from '../check-up.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { millis, percent } from '../output.ts'

const CODES = { ok: 0, degraded: 1, down: 2 } as const
const TONES = { ok: 'good', degraded: 'warning', down: 'bad' } as const

/** The command. */
export const healthCommand: CliCommand = command({
  name: 'health',
  summary:
    'Report the health of the cache: whether Redis answers, alerts, and the figures of five minutes.',
  args: CONNECTION_ARGS,
  notes: [
    'Exit code: 0 ok, 1 degraded, 2 down or invalid arguments. Does not start or resolve alerts.',
  ],
  run: (call) =>
    withRedis(call, async (connection) => {
      const { out } = call
      const { health } = await checkUp(connection, 5)
      const { status, issues, recommendations, stats, timestamp } = health
      const facts = {
        status,
        issues,
        hitRate: stats.hitRate ?? null,
        errorRate: stats.errorRate ?? null,
        p95Ms: stats.responseTime ?? null,
        roundTripMs: stats.roundTripMs ?? null,
        clockSkewMs: stats.clockSkewMs ?? null,
        memoryBytes: stats.memoryUsage ?? null,
        memoryLimitBytes: stats.memoryLimit ?? null,
        keys: stats.totalKeys ?? null,
        recommendations,
        timestamp,
      }
      const share = (rate: number | undefined): string =>
        percent(rate === undefined ? undefined : rate / 100)
      out.result(facts, () => [
        out.paint(TONES[status], status),
        ...issues.map((issue) => `  ${issue}`),
        ...out.table(
          [
            ['hit rate', share(stats.hitRate)],
            ['error rate', share(stats.errorRate)],
            ['look-ups, p95', millis(stats.responseTime)],
            ['round trip', millis(stats.roundTripMs)],
          ],
          '  ',
        ),
        ...recommendations.map(
          ({ cache, advice, setting }) => `  ${cache ? `${cache}: ` : ''}${advice} (${setting})`,
        ),
      ])
      return CODES[status]
    }),
})
