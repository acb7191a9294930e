/**
 * Chooses which key makes room when the memory cap is reached, under the policies of Redis.
 *
 * LRU and LFU are approximate, as in Redis: the best candidate of a small sample goes. Frequency is
 * the logarithmic counter with decay of Redis' LFU (redis.io, "Key eviction").
 *
 * @module
 */

import type { Entry } from './entry.ts'

/** The policies, by the names that `maxmemory-policy` has. */
export const EVICTION_POLICIES = [
  'noeviction',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const

/** What goes when memory is full. `volatile-*` only takes keys that have an expiry. */
export type EvictionPolicy = (typeof EVICTION_POLICIES)[number]

/** Keys looked at to find one to evict. */
const SAMPLES = 5
/** The counter of a new key, so that it is not the first to go. */
export const INITIAL_FREQUENCY = 5
const MAX_FREQUENCY = 255
/** How much harder each further step of the counter is, `lfu-log-factor` in Redis. */
const LOG_FACTOR = 10
/** The counter loses one every such interval, `lfu-decay-time` in Redis. */
const DECAY_MS = 60_000

/** The entry's counter, with what it lost since it was last used. */
export function decayedFrequency(entry: Entry, now: number): number {
  const elapsed = Math.max(0, Math.floor((now - entry.usedAt) / DECAY_MS))
  return Math.max(0, entry.frequency - elapsed)
}

/** Counts one use, with a probability that falls as the count rises. */
export function countUse(entry: Entry, now: number, random: () => number): void {
  const frequency = decayedFrequency(entry, now)
  const above = Math.max(0, frequency - INITIAL_FREQUENCY)
  const isCounted = frequency < MAX_FREQUENCY && random() < 1 / (above * LOG_FACTOR + 1)
  entry.frequency = isCounted ? frequency + 1 : frequency
}

/** How little the entry would be missed: the sample's lowest goes. */
function worth(entry: Entry, policy: EvictionPolicy, now: number): number {
  if (policy === 'volatile-ttl') return entry.expiresAt
  if (policy.endsWith('-lfu')) return decayedFrequency(entry, now)
  return entry.lastUse
}

/**
 * The entry to evict, or undefined when the policy forbids every one.
 *
 * @param candidates All entries, or those that have an expiry, by the policy.
 */
export function chooseVictim(
  candidates: readonly Entry[],
  policy: EvictionPolicy,
  now: number,
  random: () => number,
): Entry | undefined {
  const draw = (): Entry | undefined => candidates[Math.floor(random() * candidates.length)]
  let victim = draw()
  if (victim === undefined || policy.endsWith('-random')) return victim
  for (let sample = 1; sample < SAMPLES; sample++) {
    const rival = draw()
    if (rival && worth(rival, policy, now) < worth(victim, policy, now)) victim = rival
  }
  return victim
}
