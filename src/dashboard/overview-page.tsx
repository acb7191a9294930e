/**
 * The first page: the figures of the cache, current and over time.
 *
 * @module
 */

import type { HealthReport } from '../monitor/health.ts'
import type { RuleId } from '../monitor/rules.ts'
import { type Summary, summarize } from '../monitor/summary.ts'
import { figuresOf, type Range } from './figures.ts'
import { bytes, count, duration, percent, UNKNOWN } from './format.ts'
import type { Html } from './html.ts'
import { Charts, SPANS } from './overview-charts.tsx'
import { Bar, Facts, Missing, Panel, Pill, Tile, type Tone } from './parts.tsx'
import { isThere, type Snapshot } from './snapshot.ts'

/** The input of the page. */
export interface OverviewProps {
  readonly snapshot: Snapshot
  readonly range: Range
  readonly pricePer100k: number
  readonly version: string | undefined
}

export function OverviewPage({ snapshot, range, pricePer100k, version }: OverviewProps): Html {
  const { timeline, health } = snapshot
  return (
    <>
      <Tiles snapshot={snapshot} range={range} />
      <div class="grid">
        <StatusPanel health={health} version={version} />
        <MemoryPanel health={health} />
        {isThere(timeline) ? (
          <Charts snapshot={snapshot} timeline={timeline} range={range} price={pricePer100k} />
        ) : (
          <Panel id="figures" title="Figures" isWide>
            <Missing lack={timeline} how="" />
          </Panel>
        )}
      </div>
    </>
  )
}

function Tiles({ snapshot, range }: { readonly snapshot: Snapshot; readonly range: Range }): Html {
  const { timeline, health } = snapshot
  const summary = isThere(timeline) ? summarize(figuresOf(timeline, range)) : undefined
  const of = (share: number | undefined): number | undefined =>
    share === undefined ? undefined : 100 * share
  const { stats } = health
  const memory = memoryPercent(health)
  return (
    <dl class="tiles" id="tiles" data-panel="tiles">
      <Tile
        id="tile-hit-rate"
        label="Hit rate"
        value={percent(of(summary?.hitRate))}
        detail={summary ? `${count(summary.lookups)} look-ups in ${SPANS[range]}` : UNKNOWN}
        tone={toneOf(snapshot, 'hit-rate')}
      />
      <Tile
        id="tile-latency"
        label="Look-up, p95"
        value={duration(summary?.getMs.p95)}
        detail={`p50 ${duration(summary?.getMs.p50)}, p99 ${duration(summary?.getMs.p99)}`}
        tone={toneOf(snapshot, 'latency')}
      />
      <Tile
        id="tile-errors"
        label="Error rate"
        value={percent(of(summary?.errorRate))}
        detail={summary ? errorText(summary) : UNKNOWN}
        tone={toneOf(snapshot, 'error-rate')}
      />
      <Tile
        id="tile-round-trip"
        label="Redis round trip"
        value={duration(stats.roundTripMs)}
        detail={`circuit ${stats.circuit}`}
        tone={toneOf(snapshot, 'connection')}
      />
      <Tile
        id="tile-memory"
        label="Memory"
        value={bytes(stats.memoryUsage)}
        detail={
          memory === undefined ? limitText(stats.memoryLimit) : `${percent(memory)} of the limit`
        }
        tone={toneOf(snapshot, 'memory')}
      />
      <Tile
        id="tile-keys"
        label="Keys"
        value={count(stats.totalKeys)}
        detail="in the whole database"
      />
    </dl>
  )
}

function limitText(limit: number | undefined): string {
  return limit === undefined ? 'limit unknown' : `of ${bytes(limit)}`
}

/** Errors of loaders are shown separately: they do not count in the error rate of the cache. */
function errorText({ errors, errorsByKind }: Summary): string {
  const ofLoaders = errorsByKind['loader'] ?? 0
  const own = errors - ofLoaders === 1 ? '1 error' : `${count(errors - ofLoaders)} errors`
  return ofLoaders === 0 ? own : `${own}, and ${count(ofLoaders)} in loaders`
}

function toneOf({ alerts }: Snapshot, id: RuleId): Tone {
  return alerts.some((alert) => alert.id === id) ? 'bad' : 'quiet'
}

const STATUS_WORDS = {
  ok: 'The cache is healthy.',
  degraded: 'The cache works, but something needs attention.',
  down: 'Redis does not answer. Reads call their loaders.',
} as const
const STATUS_TONES = { ok: 'good', degraded: 'warn', down: 'bad' } as const

function StatusPanel({
  health,
  version,
}: {
  readonly health: HealthReport
  readonly version: string | undefined
}): Html {
  const { status, issues, stats } = health
  const skew = stats.clockSkewMs
  return (
    <Panel id="status" title="Status" note={<Pill tone={STATUS_TONES[status]}>{status}</Pill>}>
      <p class="lead">{STATUS_WORDS[status]}</p>
      {issues.length === 0 ? (
        ''
      ) : (
        <ul class="issues">
          {issues.map((issue) => (
            <li>{issue}</li>
          ))}
        </ul>
      )}
      <Facts
        of={[
          ['Circuit', stats.circuit],
          ['Round trip', duration(stats.roundTripMs)],
          [
            'Clock skew of Redis',
            skew === undefined ? UNKNOWN : `${skew < 0 ? '−' : '+'}${duration(Math.abs(skew))}`,
          ],
          ...(version === undefined ? [] : ([['Version', version]] as const)),
        ]}
      />
    </Panel>
  )
}

function memoryPercent({ stats }: HealthReport): number | undefined {
  const { memoryUsage, memoryLimit } = stats
  return memoryUsage === undefined || !memoryLimit ? undefined : (100 * memoryUsage) / memoryLimit
}

function MemoryPanel({ health }: { readonly health: HealthReport }): Html {
  const { memoryUsage, memoryLimit, totalKeys } = health.stats
  const used = memoryPercent(health)
  const share = used === undefined ? '' : ` (${percent(used)} used)`
  const mean =
    memoryUsage === undefined || !totalKeys ? undefined : Math.round(memoryUsage / totalKeys)
  return (
    <Panel id="memory" title="Memory and keys">
      {used === undefined ? '' : <Bar percent={used} tone={used > 85 ? 'bad' : 'good'} />}
      <Facts
        of={[
          ['In use', bytes(memoryUsage)],
          ['Limit', memoryLimit ? `${bytes(memoryLimit)}${share}` : 'unknown'],
          ['Keys', count(totalKeys)],
          ['Memory per key', bytes(mean)],
        ]}
      />
    </Panel>
  )
}
