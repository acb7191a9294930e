/**
 * `nearcache stats`: shows the recent figures of all caches on this Redis, summed over all processes.
 *
 * @module
 */

import type { CacheStats } from '../../cache/stats.ts'
import { isoTime } from '../../entry/iso-time.ts'
import { readablePath } from '../../entry/visible.ts'
import type { Figures } from '../../monitor/figures.ts'
import { RedisFigures } from '../../monitor/redis-figures.ts'
import { type Summary, summarize } from '../../monitor/summary.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, type OpenNamespace, withRedis } from '../connection.ts'
import { type Call, command } from '../define.ts'
import { failureOf } from '../failure.ts'
import { readInteger, readTime } from '../numbers.ts'
import { bytes, type Cell, millis, percent } from '../output.ts'

const ARGS = {
  minutes: {
    type: 'string',
    valueHint: 'NUMBER',
    default: '15',
    description: 'minutes to look back, including the current one; 1 to 180',
  },
  watch: {
    type: 'boolean',
    description: 'repeat until Ctrl-C; with --json, print one line each time',
  },
  interval: {
    type: 'string',
    valueHint: 'TIME',
    default: '2s',
    description: 'how often --watch repeats',
  },
  ...CONNECTION_ARGS,
} as const

/** The command. */
export const statsCommand: CliCommand = command({
  name: 'stats',
  summary:
    'Show the recent figures of all caches on this Redis, as recorded by Metrics with RedisFigures.',
  args: ARGS,
  run: (call) => {
    const minutes = readInteger('minutes', call.args.minutes, 1, 180)
    const intervalMs = readTime('interval', call.args.interval, '200ms', '1h')
    return withRedis(
      call,
      async (connection) => {
        if (call.args.watch) await watch(call, connection, minutes, intervalMs)
        else show(call, await gather(connection, minutes), 'result')
        return 0
      },
      call.args.watch ? 'by itself' : 'left',
    )
  },
})

interface Stats {
  readonly timestamp: number
  readonly minutes: number
  readonly total: Summary
  readonly caches: Readonly<Record<string, Summary>>
  readonly redis: CacheStats
}

async function gather({ cache, platform, prefix }: OpenNamespace, minutes: number): Promise<Stats> {
  const now = platform.now()
  const [figures, redis] = await Promise.all([
    new RedisFigures({ cache, prefix }).readRecent(now, minutes),
    cache.getStats(),
  ])
  return { timestamp: now, minutes, total: summarize(figures), caches: byCache(figures), redis }
}

function byCache(figures: Figures): Record<string, Summary> {
  const rows = [...figures].map(([name, one]): [string, Summary] => [
    name,
    summarize(new Map([[name, one]])),
  ])
  // The row that counts the requests of all caches together has no look-ups, and is left out.
  return Object.fromEntries(
    rows
      .filter(([, { lookups, sets }]) => lookups + sets > 0)
      .sort(([, a], [, b]) => b.lookups - a.lookups),
  )
}

async function watch(
  call: Call,
  connection: OpenNamespace,
  minutes: number,
  intervalMs: number,
): Promise<void> {
  const { host, out } = call
  // Moves to the top left and clears the screen, so that the table is redrawn in place.
  const clear = (): void => {
    if (out.terminal?.redraws && !out.isJson) host.print('\u001B[H\u001B[J')
  }
  // If the first read fails, the configuration is probably wrong. A later failure may pass.
  let hasBeenThere = false
  while (!host.signal.aborted) {
    try {
      const stats = await gather(connection, minutes)
      hasBeenThere = true
      clear()
      show(call, stats, 'next')
    } catch (error) {
      const { isOfRedis, told, failure } = failureOf(error)
      if (!hasBeenThere || !isOfRedis) throw error
      clear()
      host.warn(`nearcache stats: ${isoTime(connection.platform.now())}: ${told}`)
      if (out.isJson) out.next({ error: failure }, () => [])
    }
    await connection.platform.delay(intervalMs, host.signal).catch(() => undefined) // ended
  }
}

function show({ out }: Call, stats: Stats, how: 'result' | 'next'): void {
  const { timestamp, minutes, total, caches, redis } = stats
  const facts = {
    timestamp,
    minutes,
    total,
    caches,
    redis: {
      keys: redis.totalKeys ?? null,
      memoryBytes: redis.memoryUsage ?? null,
      memoryLimitBytes: redis.memoryLimit ?? null,
    },
  }
  out[how](facts, () => [
    `${isoTime(timestamp)}, the last ${minutes} minutes: ${total.lookups} look-ups, hit rate ${percent(total.hitRate)}`,
    ...(total.lookups + total.sets === 0
      ? ['No figures. To record them, use Metrics with RedisFigures: see docs/guides/monitoring.md']
      : out.table([
          [
            'cache',
            'look-ups',
            'hits',
            'near',
            'stale',
            'loads',
            'sets',
            'errors',
            'p50',
            'p95',
            'p99',
          ],
          ...Object.entries(caches).map(([name, one]) => rowOf(readablePath(name), one)),
          rowOf('all', total),
        ])),
    `Redis: ${redis.totalKeys ?? 'unknown'} keys, ${bytes(redis.memoryUsage)}; the caches sent ${total.redisRequests} requests with ${total.redisCommands} commands`,
  ])
}

function rowOf(name: string, one: Summary): Cell[] {
  return [
    name,
    one.lookups,
    percent(one.hitRate),
    one.nearHits,
    one.staleHits,
    one.loads,
    one.sets,
    one.errors,
    millis(one.getMs.p50),
    millis(one.getMs.p95),
    millis(one.getMs.p99),
  ]
}
