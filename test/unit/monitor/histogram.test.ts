import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BUCKETS,
  bucketOf,
  Histogram,
  mergeHistograms,
  quantileMs,
  upperBoundMs,
} from '../../../src/monitor/histogram.ts'

/** Half a bucket on the logarithmic scale: the error bound between the first and the last bucket. */
const BOUND = 2 ** (1 / 8) - 1

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

describe('Histogram', () => {
  test('puts each duration into the bucket whose bounds hold it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100_000, noNaN: true }), (ms) => {
        const bucket = bucketOf(ms)
        expect(ms).toBeLessThanOrEqual(upperBoundMs(bucket))
        if (bucket > 0) expect(ms).toBeGreaterThan(upperBoundMs(bucket - 1))
      }),
    )
  })

  test.each([
    [0, 0],
    [-5, 0],
    [Number.NaN, 0],
    [0.25, 0],
    [0.2500001, 1],
    [1, 8],
    [1e9, BUCKETS - 1],
  ])('counts %d ms in bucket %d', (ms, bucket) => {
    expect(bucketOf(ms)).toBe(bucket)
  })

  test('gives quantiles that are off by at most 9.1 %', () => {
    const durations = fc.array(fc.double({ min: 0.3, max: 60_000, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0
        const found = quantileMs(histogramOf(values).take(), share) ?? 0
        expect(Math.abs(found / exact - 1)).toBeLessThanOrEqual(BOUND + 1e-9)
      }),
    )
  })

  test('has no quantile without durations', () => {
    expect(quantileMs(undefined, 0.5)).toBeUndefined()
    expect(new Histogram().take()).toBeUndefined()
  })

  test('starts again after its counts were taken', () => {
    const histogram = histogramOf([1, 2, 3])

    expect(histogram.take()).toMatchObject({ count: 3, sumMicros: 6_000 })
    histogram.record(5)
    expect(histogram.take()).toMatchObject({ count: 1, sumMicros: 5_000 })
  })

  test('a merge of two histograms equals one that has counted everything', () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const [one, other] = [histogramOf(a).take(), histogramOf(b).take()]
        const merged = one && other && mergeHistograms(one, other)
        expect(merged?.buckets).toEqual(histogramOf([...a, ...b]).take()?.buckets)
        expect(merged?.count).toBe(a.length + b.length)
      }),
    )
  })
})
