/**
 * The charts of the first page: hit rate, latency, errors and cost.
 *
 * @module
 */

import type { RuleId } from '../monitor/rules.ts'
import { type Summary, summarize } from '../monitor/summary.ts'
import { Chart } from './chart.tsx'
import {
  commandChart,
  errorChart,
  figuresOf,
  hitRateChart,
  latencyChart,
  type Range,
  type Spending,
  slicesOf,
  spendingOf,
} from './figures.ts'
import { count, dollars, UNKNOWN } from './format.ts'
import type { Html } from './html.ts'
import { Empty, Facts, Panel } from './parts.tsx'
import type { Snapshot, Timeline } from './snapshot.ts'

/** Ranges in words. */
export const SPANS: Readonly<Record<Range, string>> = {
  '1h': 'the last hour',
  '24h': 'the last 24 hours',
}

/** One panel for each chart. */
export function Charts({
  snapshot,
  timeline,
  range,
  price,
}: {
  readonly snapshot: Snapshot
  readonly timeline: Timeline
  readonly range: Range
  readonly price: number
}): Html {
  const slices = slicesOf(timeline, range)
  const summary = summarize(figuresOf(timeline, range))
  const limitOf = (id: RuleId): number | undefined =>
    snapshot.rules.find((rule) => rule.id === id)?.firesAt
  const spending = spendingOf(slices, snapshot.at, price)
  const month = `${count(spending?.commandsAMonth)} commands`
  return (
    <>
      <Panel id="hit-rate" title="Hit rate" isWide>
        <Chart
          id="hit-rate"
          title="Hit rate"
          data={hitRateChart(slices, limitOf('hit-rate'))}
          range={range}
        />
        <MissReasons summary={summary} />
      </Panel>
      <Panel id="latency" title="Latency of look-ups and sets" isWide>
        <Chart
          id="latency"
          title="Latency of look-ups and sets"
          data={latencyChart(slices, limitOf('latency'))}
          range={range}
        />
        <p class="soft small">Look-ups that the near tier answers are not included.</p>
      </Panel>
      <Panel id="errors" title="Errors by kind">
        {summary.errors === 0 ? (
          <Empty title="No errors">{`Nothing failed in ${SPANS[range]}.`}</Empty>
        ) : (
          <>
            <Chart id="errors" title="Errors by kind" data={errorChart(slices)} range={range} />
            <Facts of={errorFacts(summary)} />
          </>
        )}
      </Panel>
      <Panel id="commands" title="Commands and cost">
        <Chart id="commands" title="Commands" data={commandChart(slices)} range={range} />
        <Facts
          of={[
            ['Commands', count(spending?.commands)],
            ['Requests', count(spending?.requests)],
            ['In 30 days at this rate', spending ? month : UNKNOWN],
            ...(price === 0 ? [] : [costFact(price, spending)]),
          ]}
        />
      </Panel>
    </>
  )
}

function costFact(price: number, spending: Spending | undefined): readonly [string, string] {
  return [
    `At ${dollars(price)} per 100,000`,
    spending ? `${dollars(spending.dollarsAMonth)} a month` : UNKNOWN,
  ]
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  timeout: 'No answer in time',
  network: 'Connection lost',
  auth: 'Credentials refused',
  quota: 'Quota exceeded',
  breaker: 'Circuit open',
  decode: 'Unreadable entries',
  loader: 'Loader errors',
  other: 'Other errors',
}

function errorFacts({ errorsByKind }: Summary): readonly (readonly [string, string])[] {
  return Object.entries(errorsByKind)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => [KIND_WORDS[kind] ?? kind, count(number)])
}

const REASON_WORDS: Readonly<Record<string, string>> = {
  absent: 'No entry',
  expired: 'Expired',
  invalidated: 'Invalidated',
  'undeclared-tag': 'Declared tag missing',
  corrupt: 'Unreadable',
  unavailable: 'Redis did not answer',
}

function MissReasons({ summary }: { readonly summary: Summary }): Html {
  const { missesByReason, misses, nearHits, hits, staleHits } = summary
  return (
    <Facts
      of={[
        ['Hits in the near tier', count(nearHits)],
        ['Hits in Redis', count(hits - nearHits)],
        ['Stale hits', count(staleHits)],
        ['Misses', count(misses)],
        ...Object.entries(missesByReason)
          .filter(([, number]) => number > 0)
          .map(([reason, number]) => [REASON_WORDS[reason] ?? reason, count(number)] as const),
      ]}
    />
  )
}
