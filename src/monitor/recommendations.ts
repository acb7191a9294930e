/**
 * Recommends changes, with the figures that support them.
 *
 * @module
 */

import type { Figures } from './figures.ts'
import { type Summary, summarize } from './summary.ts'

/** Advice with its evidence. */
export interface Recommendation {
  readonly id:
    | 'longer-ttl'
    | 'narrower-tags'
    | 'warm-or-fewer-keys'
    | 'declare-tags'
    | 'near-tier'
    | 'larger-near-tier'
    | 'slow-loader'
    | 'memory'
  /** The namespace it is about; empty for all. */
  readonly cache: string
  readonly advice: string
  /** The option to change, or the setting outside nearcache. */
  readonly setting: string
  readonly evidence: Readonly<Record<string, number>>
}

/** With fewer look-ups, advice would be a guess. */
const MIN_LOOKUPS = 1_000
/** The share of misses from which on a reason leads to advice. */
const DOMINANT = 0.5
/** With a lower miss rate, misses lead to no advice. */
const MIN_MISS_RATE = 0.1

/** The memory that Redis uses, and may use. */
export interface MemoryEvidence {
  readonly memoryBytes: number | undefined
  readonly memoryLimitBytes: number | undefined
}

/** Advice on the memory of Redis, then on each namespace, those with the most time spent in loads first. */
export function recommend(figures: Figures, memory: MemoryEvidence): Recommendation[] {
  const found = [...figures].flatMap(([cache, one]) => {
    const summary = summarize(new Map([[cache, one]]))
    if (summary.lookups < MIN_LOOKUPS) return []
    const cost = summary.misses * (summary.loadMs.mean ?? 0)
    return [...byMisses(cache, summary), ...byTiers(cache, summary)].map((advice) => ({
      cost,
      advice,
    }))
  })
  const sorted = found.sort((a, b) => b.cost - a.cost).map(({ advice }) => advice)
  return [...byMemory(memory), ...sorted]
}

const BY_REASON: readonly {
  readonly reason: string
  readonly id: Recommendation['id']
  readonly advice: string
  readonly setting: string
}[] = [
  {
    reason: 'expired',
    id: 'longer-ttl',
    advice:
      'Most misses find an entry that is too old: keep it longer, or serve it while it is refreshed',
    setting: 'ttl, staleWhileRevalidate',
  },
  {
    reason: 'invalidated',
    id: 'narrower-tags',
    advice: 'Most misses find an entry that was invalidated: use tags that fewer entries share',
    setting: 'tags',
  },
  {
    reason: 'absent',
    id: 'warm-or-fewer-keys',
    advice:
      'Most misses find nothing: warm what is asked for, or leave out of the key what does not matter',
    setting: 'warming jobs, the key',
  },
  {
    reason: 'undeclared-tag',
    id: 'declare-tags',
    advice:
      'Most misses find an entry without a tag that the call names: name the same tags wherever it is read',
    setting: 'tags',
  },
]

function byMisses(cache: string, summary: Summary): Recommendation[] {
  const { misses, lookups, missesByReason, loadMs } = summary
  if (misses / lookups < MIN_MISS_RATE) return []
  return BY_REASON.flatMap(({ reason, id, advice, setting }) => {
    const count = missesByReason[reason] ?? 0
    if (count / misses < DOMINANT) return []
    const evidence = { lookups, misses, [reason]: count, loadMsMean: rounded(loadMs.mean ?? 0) }
    return [{ id, cache, advice, setting, evidence }]
  })
}

function byTiers(cache: string, summary: Summary): Recommendation[] {
  const { lookups, hits, nearHits, evictions, getMs, loadMs, staleHits, loads } = summary
  const remoteHits = hits - nearHits
  const advices: Recommendation[] = []
  if (nearHits + evictions === 0 && hits / lookups > 0.9) {
    advices.push({
      id: 'near-tier',
      cache,
      advice:
        'Nearly all look-ups are hits that ask Redis: a near tier answers many of them at once',
      setting: 'near',
      evidence: { lookups, remoteHits, getMsMean: rounded(getMs.mean ?? 0) },
    })
  }
  if (evictions > nearHits / 2) {
    advices.push({
      id: 'larger-near-tier',
      cache,
      advice: 'Near copies are dropped for room before they are used much: give the near tier more',
      setting: 'near.maxEntries, near.maxBytes',
      evidence: { nearHits, evictions },
    })
  }
  if (loads >= 100 && (loadMs.p95 ?? 0) > 1_000 && staleHits === 0) {
    advices.push({
      id: 'slow-loader',
      cache,
      advice:
        'Loads are slow and callers wait for them: serve the stale entry while it is refreshed',
      setting: 'staleWhileRevalidate, earlyRefresh',
      evidence: { loads, loadMsP95: rounded(loadMs.p95 ?? 0) },
    })
  }
  return advices
}

function byMemory({ memoryBytes, memoryLimitBytes }: MemoryEvidence): Recommendation[] {
  if (memoryBytes === undefined || !memoryLimitBytes || memoryBytes < 0.7 * memoryLimitBytes)
    return []
  return [
    {
      id: 'memory',
      cache: '',
      advice:
        'Redis is filling up: compress large values, shorten what is kept long, or give it more',
      setting: 'compression, ttl, maxmemory',
      evidence: { memoryBytes, memoryLimitBytes },
    },
  ]
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
