/**
 * Chooses which key to evict when the memory limit is reached, by the policies of Redis.
 *
 * LRU and LFU are approximate, as in Redis: the best candidate of a small sample is evicted. Frequency is
 * the logarithmic counter with decay of Redis' LFU (redis.io, "Key eviction").
 *
 * @module
 */

import type { Entry } from './entry.ts'

/** The policies, with the names of `maxmemory-policy`. */
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

/** What is evicted when memory is full. `volatile-*` evicts only keys with an expiry. */
export type EvictionPolicy = (typeof EVICTION_POLICIES)[number]

/** The sample size: how many keys are compared to evict one. */
const SAMPLES = 5
/** The counter of a new key, so that a new key is not evicted first. */
export const INITIAL_FREQUENCY = 5
const MAX_FREQUENCY = 255
/** How fast the probability of a step falls as the counter rises; `lfu-log-factor` in Redis. */
const LOG_FACTOR = 10
/** The counter decreases by one in each such interval; `lfu-decay-time` in Redis. */
const DECAY_MS = 60_000

/** The entry's counter after its decay since the last use. */
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

/** The rank of an entry: the lowest of a sample is evicted. */
function worth(entry: Entry, policy: EvictionPolicy, now: number): number {
  if (policy === 'volatile-ttl') return entry.expiresAt
  if (policy.endsWith('-lfu')) return decayedFrequency(entry, now)
  return entry.lastUse
}

/**
 * The entry to evict, or undefined if there are no candidates.
 *
 * @param candidates All entries, or those with an expiry, depending on the policy.
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
