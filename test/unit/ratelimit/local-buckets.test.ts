import { describe, expect, test } from 'vitest'
import { LocalBuckets } from '../../../src/ratelimit/local-buckets.ts'

const WINDOW_MS = 10_000

describe('LocalBuckets', () => {
  test('admits a full bucket at once, then one request per equal share of the window', () => {
    const buckets = new LocalBuckets({ capacity: 2, windowMs: WINDOW_MS })

    expect([buckets.take('a', 0), buckets.take('a', 0)]).toEqual([0, 0])
    expect(buckets.take('a', 0)).toBe(5_000)
    expect(buckets.take('a', 4_000)).toBe(1_000)
    expect(buckets.take('a', 5_000)).toBe(0)
    expect(buckets.take('b', 5_000)).toBe(0)
  })

  test('a token that is given back may be taken again, but never exceeds the capacity', () => {
    const buckets = new LocalBuckets({ capacity: 1, windowMs: WINDOW_MS })
    buckets.take('a', 0)
    buckets.giveBack('a', 0)
    buckets.giveBack('a', 0)

    expect(buckets.take('a', 0)).toBe(0)
    expect(buckets.take('a', 0)).toBeGreaterThan(0)
  })

  test('refuses every request if the capacity is 0', () => {
    const buckets = new LocalBuckets({ capacity: 0, windowMs: WINDOW_MS })

    expect(buckets.take('a', 0)).toBe(WINDOW_MS)
  })

  test('refuses new identifiers while it is full, so that no client gets a fresh bucket by eviction', () => {
    const buckets = new LocalBuckets({ capacity: 1, windowMs: WINDOW_MS, maxBuckets: 3 })
    const allowed = Array.from({ length: 100 }, (_, i) => buckets.take(`id-${i}`, 0))

    expect(allowed.filter((waitMs) => waitMs === 0)).toHaveLength(3)
    expect(buckets.take('id-0', 0)).toBeGreaterThan(0)
    expect(buckets.take('new', WINDOW_MS)).toBe(0)
  })

  test('setting the clock back does not refill a bucket', () => {
    const buckets = new LocalBuckets({ capacity: 1, windowMs: WINDOW_MS })
    buckets.take('a', 100_000)

    expect(buckets.take('a', 0)).toBeGreaterThan(0)
    // Nor does it block a client for longer than a window.
    expect(buckets.take('a', WINDOW_MS)).toBe(0)
  })
})
