import { describe, expect, test } from 'vitest'
import { between, draw } from '../../../src/testing/draw.ts'
import { found } from '../../support/findings.ts'

const DRAWS = 20_000
/** 9 degrees of freedom: true chance exceeds this once in a thousand. */
const CHI_SQUARE_LIMIT = 27.9

describe('draw', () => {
  test('returns the same values in every version, so that recorded seeds keep their meaning', () => {
    expect(draw(1, 'fail', 1)).toBe(0.7816189678851515)
    expect(draw(-7, 'offset', 1_000_000)).toBe(0.23400150332599878)
  })

  test('is uniform, whatever the seed', ({ task }) => {
    const chiSquares = [0, 1, 2, 3, -7, 123_456_789].map((seed) => {
      const deciles = Array.from({ length: 10 }, () => 0)
      for (let nth = 1; nth <= DRAWS; nth++) {
        const decile = Math.floor(draw(seed, 'fault', nth) * 10)
        deciles[decile] = (deciles[decile] ?? 0) + 1
      }
      return deciles.reduce((sum, n) => sum + (n - DRAWS / 10) ** 2 / (DRAWS / 10), 0)
    })
    found(task, 'chaos dice', {
      draws: chiSquares.length * DRAWS,
      'worst chi-square of 9 degrees': Math.max(...chiSquares).toFixed(1),
    })

    expect(Math.max(...chiSquares)).toBeLessThan(CHI_SQUARE_LIMIT)
  })

  test('is independent between streams and between seeds', () => {
    const pairs = [
      [1, 'fault', 1, 'latency'],
      [1, 'fault', 2, 'fault'],
      [5, 'offset', 5, 'random'],
    ] as const

    for (const [seed, stream, otherSeed, other] of pairs) {
      let agreeing = 0
      for (let nth = 1; nth <= DRAWS; nth++) {
        if (draw(seed, stream, nth) < 0.5 === draw(otherSeed, other, nth) < 0.5) agreeing++
      }
      // Four standard deviations of a fair coin.
      expect(Math.abs(agreeing - DRAWS / 2)).toBeLessThan(4 * Math.sqrt(DRAWS / 4))
    }
  })

  test('is scaled to a range', () => {
    expect([between([10, 20], 0), between([10, 20], 0.5), between([-4, 4], 0.25)]).toEqual([
      10, 15, -2,
    ])
  })
})
