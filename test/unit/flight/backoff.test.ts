import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs } from '../../../src/flight/backoff.ts'

const bounds = { baseMs: 10, capMs: 250 }

describe('backoffMs', () => {
  test.each([
    [0, 0, 5],
    [0, 0.5, 7.5],
    [1, 0, 10],
    [4, 0, 80],
    [5, 0, 125],
    [1_000, 0, 125],
    [1_000, 0.5, 187.5],
  ])('for attempt %i and random number %d is %d ms', (attempt, random, expected) => {
    expect(backoffMs(bounds, attempt, random)).toBe(expected)
  })

  test('lies between half of its ceiling and the ceiling, which never exceeds the cap', () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const ceiling = Math.min(bounds.capMs, bounds.baseMs * 2 ** attempt)
          const wait = backoffMs(bounds, attempt, random)
          expect(wait).toBeGreaterThanOrEqual(ceiling / 2)
          expect(wait).toBeLessThanOrEqual(ceiling)
        },
      ),
    )
  })

  test('never decreases from one attempt to the next for the same random number', () => {
    fc.assert(
      fc.property(fc.nat(100), (attempt) => {
        expect(backoffMs(bounds, attempt + 1, 0.3)).toBeGreaterThanOrEqual(
          backoffMs(bounds, attempt, 0.3),
        )
      }),
    )
  })
})
