/**
 * One process of a soak: reads and writes through a cache of its own as fast as it may, and checks
 * each of its reads.
 *
 * @module
 */

import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import { SoakFloors } from './soak-floors.ts'
import { droppingDeletes, NaiveCache, type SoakReads } from './soak-mutants.ts'
import type { SoakPlan, SoakReport, Tally, Violation } from './soak-plan.ts'
import { SoakReader } from './soak-reader.ts'
import { PREFIX, type Row } from './soak-rows.ts'
import { SoakSource } from './soak-source.ts'
import { SoakWriter } from './soak-writer.ts'
import { transportOf } from './way.ts'

const READERS = 16
const WRITERS = 2
const REPORT_EVERY_MS = 100
/** A near copy's age is measured in whole milliseconds on the platform's clock. */
const ROUNDING_MS = 2

const plan = JSON.parse(process.argv[2] ?? '') as SoakPlan
const { index, near, mutant } = plan

function report(message: SoakReport): void {
  process.send?.(message)
}

const way = transportOf(plan.way)
const transport = mutant === 'drops DEL' ? droppingDeletes(way) : way
const manager = new RedisCacheManager({
  redis: transport,
  // The cache and the check must use one clock. The check needs a monotonic one.
  platform: {
    ...webPlatform(),
    now: () => Math.floor(performance.timeOrigin + performance.now()) + plan.clockOffsetMs,
  },
  near,
  deadline: '5s',
  breaker: { cooldownMs: 50 },
  // Short, because others wait for the lease of a process that was killed.
  loaderTimeout: { hard: 500 },
})

const cache = manager.namespace<Row>('soak', { prefixes: [PREFIX] })
const tally: Tally = { reads: 0, hits: 0, nearHits: 0, loads: 0, failed: 0, calls: {} }
const violations: Violation[] = []
manager.subscribe(({ outcome }) => {
  if (outcome.kind !== 'hit') return
  tally.hits++
  if (outcome.tier === 'near') tally.nearHits++
})
const source = new SoakSource(plan.source)
const lagMs = near && near.ttl !== undefined ? Number(near.ttl) + ROUNDING_MS : 0
const floors = new SoakFloors(lagMs)
const reads: SoakReads = mutant === 'naive' ? new NaiveCache(way) : cache
const reader = new SoakReader({ plan, cache: reads, source, floors, tally, violations })
const writer = new SoakWriter({ plan, cache: writable(), source, floors, tally })

/** A naive cache supports only `delete`, so it never gets other writes. */
function writable(): CacheNamespace<Row> {
  return mutant === 'naive' ? (reads as CacheNamespace<Row>) : cache
}

/** Repeats a task without end. An error of a task that must not fail ends the process. */
async function repeat(pauseMs: number, act: () => Promise<void>): Promise<never> {
  for (;;) {
    await act()
    await delay(Math.random() * pauseMs)
  }
}

// If the parent process has gone, there is nothing to do.
process.on('disconnect', () => process.exit(0))
report({ kind: 'ready' })
setInterval(
  () =>
    report({
      kind: 'tally',
      tally,
      violations: violations.slice(0, 5),
      violated: violations.length,
    }),
  REPORT_EVERY_MS,
)
await Promise.all([
  ...Array.from({ length: READERS }, () => repeat(4, () => reader.read())),
  // A solo row belongs to one writer in one process.
  ...Array.from({ length: WRITERS }, (_, i) =>
    repeat(20, () => writer.write(i === 0 ? index : undefined)),
  ),
])
