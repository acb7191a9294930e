import { describe, expect, test } from 'vitest'
import { shouldRefreshEarly } from '../../../src/entry/early-refresh.ts'

const entry = { freshUntil: 10_000, loadMs: 100 }
/** At this draw the exponential is exactly 1, so the lead time is loadMs * beta. */
const MEAN = 1 - 1 / Math.E

describe('shouldRefreshEarly', () => {
  test('refreshes one load time ahead at the mean draw, and not before', () => {
    expect(shouldRefreshEarly(entry, 9_901, 1, MEAN)).toBe(true)
    expect(shouldRefreshEarly(entry, 9_899, 1, MEAN)).toBe(false)
  })

  test('refreshes earlier for a larger beta', () => {
    expect(shouldRefreshEarly(entry, 9_750, 1, MEAN)).toBe(false)
    expect(shouldRefreshEarly(entry, 9_750, 3, MEAN)).toBe(true)
  })

  test.each([0, 0.5, 1 - Number.EPSILON])(
    'never goes ahead with beta 0, at a draw of %s',
    (draw) => {
      expect(shouldRefreshEarly(entry, 9_999, 0, draw)).toBe(false)
    },
  )

  test('a draw of 0 is the latest: the entry is due when it becomes stale', () => {
    expect(shouldRefreshEarly(entry, 9_999, 1, 0)).toBe(false)
    expect(shouldRefreshEarly(entry, 10_000, 1, 0)).toBe(true)
  })

  test('refreshes ahead as often as the exponential distribution says', () => {
    // A lead of two load times is reached by draws above 1 - e^-2.
    const draws = Array.from({ length: 10_000 }, (_, i) => i / 10_000)

    const share = draws.filter((draw) => shouldRefreshEarly(entry, 9_800, 1, draw)).length / 10_000

    expect(share).toBeCloseTo(Math.exp(-2), 3)
  })
})
