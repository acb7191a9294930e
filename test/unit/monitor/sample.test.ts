import { describe, expect, test } from 'vitest'
import { Sample } from '../../../src/monitor/sample.ts'
import { draw } from '../../../src/testing/draw.ts'

function dice(seed: number): () => number {
  let nth = 0
  return () => draw(seed, 'sample', nth++)
}

describe('Sample', () => {
  test('takes the first 1,024 arrivals with weight 1, and draws no random numbers for them', () => {
    const sample = new Sample({ random: () => expect.unreachable('nothing is drawn') })

    const weights = Array.from({ length: 1_023 }, () => sample.weigh())

    expect(new Set(weights)).toEqual(new Set([1]))
  })

  test('takes fewer of a long stream, down to one in 64, with one draw for each that it takes', () => {
    let drawn = 0
    const sample = new Sample({ random: () => draw(7, 'sample', drawn++) })
    for (let i = 0; i < 1_000_000; i++) sample.weigh()
    drawn = 0

    const weights = Array.from({ length: 640_000 }, () => sample.weigh())

    const taken = weights.filter((weight) => weight > 0)
    expect(new Set(taken)).toEqual(new Set([64]))
    expect(drawn).toBe(taken.length)
    // 10,000 are expected, with a standard deviation of 99.
    expect(Math.abs(taken.length - 10_000)).toBeLessThan(500)
  })

  test.each([1, 2, 3])('gives weights with which the sums are right, with seed %i', (seed) => {
    const sample = new Sample({ random: dice(seed) })
    let all = 0
    // Every tenth arrival is of one kind: a fixed step would take all or none of them.
    let tenths = 0
    for (let i = 0; i < 1_000_000; i++) {
      const weight = sample.weigh()
      all += weight
      if (i % 10 === 0) tenths += weight
    }

    expect(Math.abs(all / 1_000_000 - 1)).toBeLessThan(0.05)
    expect(Math.abs(tenths / 100_000 - 1)).toBeLessThan(0.1)
  })

  test('takes every arrival again after a restart', () => {
    const sample = new Sample({ random: () => 0.999 })
    for (let i = 0; i < 10_000; i++) sample.weigh()
    expect(sample.weigh()).toBe(0)

    sample.restart()

    expect([sample.weigh(), sample.weigh()]).toEqual([1, 1])
  })
})
