import { describe, expect, test } from 'vitest'
import { RecentRefusals } from '../../../src/ratelimit/refusals.ts'

describe('RecentRefusals', () => {
  test('repeats a refusal for 1 s, but not beyond the reset of the limit', () => {
    const refusals = new RecentRefusals()
    refusals.remember('a', 60_000, 10_000)
    refusals.remember('b', 10_300, 10_000)

    expect(refusals.resetAt('a', 10_999)).toBe(60_000)
    expect(refusals.resetAt('a', 11_000)).toBeUndefined()
    expect(refusals.resetAt('b', 10_300)).toBeUndefined()
  })

  test('ignores refusals from the future, which exist after the clock was set back', () => {
    const refusals = new RecentRefusals()
    refusals.remember('a', 3_660_000, 3_600_000)

    expect(refusals.resetAt('a', 0)).toBeUndefined()
  })
})
