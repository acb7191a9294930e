/**
 * `nearcache status`: shows whether Redis answers, its version and its memory.
 *
 * @module
 */

import { ConfigurationError, isNearcacheError } from '../../errors.ts'
import { ping } from '../../startup/status.ts'
import type { CliCommand } from '../command.ts'
import { CONNECTION_ARGS, type OpenNamespace, withRedis } from '../connection.ts'
import { command } from '../define.ts'
import { readInfo } from '../doctor/ask.ts'
import { bytes, millis, type Output, span } from '../output.ts'

/** The command. */
export const statusCommand: CliCommand = command({
  name: 'status',
  summary: 'Show whether Redis answers, its version and its memory.',
  args: CONNECTION_ARGS,
  notes: ['Exit code: 0 if Redis answers, 1 if not.'],
  run: (call) =>
    withRedis(call, async (connection) => {
      const { out } = call
      const facts = await gather(connection)
      out.result(facts, () => linesOf(facts, out))
      return facts.status === 'ok' ? 0 : 1
    }),
})

interface Facts {
  readonly status: 'ok' | 'down'
  readonly reason: string | null
  readonly transport: string
  readonly roundTripMs: number | null
  readonly version: string | null
  readonly uptimeSeconds: number | null
  readonly keys: number | null
  readonly memoryBytes: number | null
  readonly memoryLimitBytes: number | null
  readonly evictionPolicy: string | null
}

const NOTHING = {
  roundTripMs: null,
  version: null,
  uptimeSeconds: null,
  keys: null,
  memoryBytes: null,
  memoryLimitBytes: null,
  evictionPolicy: null,
} as const

async function gather(connection: OpenNamespace): Promise<Facts> {
  const { requester, platform, kind, cache } = connection
  // The first PING may have to open the connection, which would distort the round trip.
  const opened = await ping(requester, platform)
  // No command was sent, for example because a package is missing.
  if (opened.kind === 'failed' && opened.error instanceof ConfigurationError) throw opened.error
  const answer = opened.kind === 'failed' ? opened : await ping(requester, platform)
  if (answer.kind === 'failed') {
    return { status: 'down', reason: answer.reason, transport: kind, ...NOTHING }
  }
  const asker = { requester, platform, deadlineMs: 5_000 }
  // If one node of a cluster is down, the figures of the whole cluster are unknown.
  const [stats, info] = await Promise.all([cache.getStats(), readInfo(asker).catch(untold)])
  const uptime = info.get('uptime_in_seconds')
  return {
    status: 'ok',
    reason: null,
    transport: kind,
    roundTripMs: answer.roundTripMs,
    version: info.get('redis_version') ?? null,
    uptimeSeconds: uptime === undefined ? null : Number(uptime),
    keys: stats.totalKeys ?? null,
    memoryBytes: stats.memoryUsage ?? null,
    memoryLimitBytes: stats.memoryLimit ?? null,
    evictionPolicy: info.get('maxmemory_policy') ?? null,
  }
}

function untold(error: unknown): ReadonlyMap<string, string> {
  if (isNearcacheError(error)) return new Map()
  throw error
}

function linesOf(facts: Facts, out: Output): string[] {
  if (facts.reason !== null) return [`${out.paint('bad', 'down')}: ${facts.reason}`]
  const { memoryBytes, memoryLimitBytes: limit, uptimeSeconds } = facts
  const ofLimit = limit === null ? ', no limit' : ` of ${bytes(limit)}`
  return out.table([
    ['status', { text: 'ok', tone: 'good' }],
    ['round trip', `${millis(facts.roundTripMs ?? undefined)}, over ${facts.transport}`],
    ['version', facts.version ?? 'unknown'],
    ['uptime', uptimeSeconds === null ? 'unknown' : span(uptimeSeconds * 1_000)],
    ['keys', String(facts.keys ?? 'unknown')],
    ['memory', memoryBytes === null ? 'unknown' : `${bytes(memoryBytes)}${ofLimit}`],
    ['eviction', facts.evictionPolicy ?? 'unknown'],
  ])
}
