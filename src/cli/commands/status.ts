/**
 * `nearcache status`: whether Redis answers, and what it is.
 *
 * @module
 */

import { ping } from '../../startup/status.ts'
import { CONNECTION_ARGS, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { readInfo } from '../doctor/ask.ts'
import { bytes, millis, span } from '../output.ts'

/** The command. */
export const statusCommand = command({
  name: 'status',
  summary: 'Whether Redis answers, and what it is.',
  args: CONNECTION_ARGS,
  notes: ['Exit code: 0 if it answers, 1 if not.'],
  run: (call) =>
    withRedis(call, async ({ requester, platform, kind, cache }) => {
      const { out } = call
      // The first question has a connection to open, which says nothing of the way.
      const opened = await ping(requester, platform)
      const answer = opened.kind === 'failed' ? opened : await ping(requester, platform)
      if (answer.kind === 'failed') {
        out.result({ status: 'down', transport: kind, reason: answer.reason }, () => [
          `${out.paint('bad', 'down')}: ${answer.reason}`,
        ])
        return 1
      }
      const asker = { requester, platform, deadlineMs: 5_000 }
      const [stats, info] = await Promise.all([cache.getStats(), readInfo(asker)])
      const uptime = info.get('uptime_in_seconds')
      const facts = {
        status: 'ok',
        transport: kind,
        roundTripMs: answer.roundTripMs,
        version: info.get('redis_version') ?? null,
        uptimeSeconds: uptime === undefined ? null : Number(uptime),
        keys: stats.totalKeys ?? null,
        memoryBytes: stats.memoryUsage ?? null,
        memoryLimitBytes: stats.memoryLimit ?? null,
        evictionPolicy: info.get('maxmemory_policy') ?? null,
      }
      out.result(facts, () =>
        out.table([
          ['status', { text: 'ok', tone: 'good' }],
          ['round trip', `${millis(answer.roundTripMs)}, over ${kind}`],
          ['version', facts.version ?? 'unknown'],
          ['up for', facts.uptimeSeconds === null ? 'unknown' : span(facts.uptimeSeconds * 1_000)],
          ['keys', String(facts.keys ?? 'unknown')],
          [
            'memory',
            `${bytes(stats.memoryUsage)} of ${stats.memoryLimit ? bytes(stats.memoryLimit) : 'no limit'}`,
          ],
          ['eviction', facts.evictionPolicy ?? 'unknown'],
        ]),
      )
      return 0
    }),
})
