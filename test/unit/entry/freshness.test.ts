import { describe, expect, test } from 'vitest'
import { classify, lifetimesOf } from '../../../src/entry/freshness.ts'

const entry = { createdAt: 1_000, freshUntil: 1_100, revalidateUntil: 1_150, staleUntil: 1_300 }

describe('classify', () => {
  test.each([
    ['is fresh when it was made', 1_000, 'fresh'],
    ['is fresh until the last millisecond of its ttl', 1_099, 'fresh'],
    ['is stale from the first instant after its ttl', 1_100, 'stale'],
    ['is stale until staleWhileRevalidate ends', 1_149, 'stale'],
    ['answers only for errors after that', 1_150, 'stale-if-error'],
    ['answers for errors until the last millisecond', 1_299, 'stale-if-error'],
    ['is expired afterwards', 1_300, 'expired'],
  ] as const)('an entry %s', (_, now, expected) => {
    expect(classify(entry, now)).toBe(expected)
  })

  test('an entry from up to a second ahead is fresh; from further ahead it is stale', () => {
    expect(classify(entry, 999)).toBe('fresh')
    expect(classify(entry, 0)).toBe('fresh')
    expect(classify(entry, -1)).toBe('stale')
  })

  test('an entry without stale windows goes from fresh to expired', () => {
    const strict = { createdAt: 0, freshUntil: 10, revalidateUntil: 10, staleUntil: 10 }

    expect(classify(strict, 9)).toBe('fresh')
    expect(classify(strict, 10)).toBe('expired')
  })
})

describe('lifetimesOf', () => {
  test('lets both stale windows begin where freshness ends', () => {
    const lifetimes = lifetimesOf({
      now: 1_000,
      ttlMs: 100,
      staleWhileRevalidateMs: 50,
      staleIfErrorMs: 200,
    })

    expect(lifetimes).toEqual(entry)
  })

  test('keeps an entry for the longer window when that is staleWhileRevalidate', () => {
    const { revalidateUntil, staleUntil } = lifetimesOf({
      now: 0,
      ttlMs: 10,
      staleWhileRevalidateMs: 20,
      staleIfErrorMs: 5,
    })

    expect([revalidateUntil, staleUntil]).toEqual([30, 30])
  })

  test('yields whole milliseconds from a fractional clock and jittered durations', () => {
    const lifetimes = lifetimesOf({
      now: 10.9,
      ttlMs: 1.6,
      staleWhileRevalidateMs: 0.4,
      staleIfErrorMs: 2.5,
    })

    expect(lifetimes).toEqual({
      createdAt: 10,
      freshUntil: 12,
      revalidateUntil: 12,
      staleUntil: 15,
    })
  })
})
