/**
 * Counts durations in buckets that grow by a fourth of a power of two.
 *
 * The bounds are those of OpenTelemetry's exponential histogram at scale 2, so that one is exported
 * without loss; two of them are merged by adding. A quantile read from it is off by at most 9.1 %.
 *
 * @module
 */

/** Buckets of a power of two. */
const PER_OCTAVE = 4
/** The first bucket ends at 0.25 ms, and holds whatever is shorter. */
const LOWEST_EXPONENT = -2
/** The last bucket ends at 65.536 s, and holds whatever is longer. */
const HIGHEST_EXPONENT = 16

/** How many buckets there are. */
export const BUCKETS: number = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * PER_OCTAVE + 1

/** Counts by bucket. Sums are in microseconds, and whole, so that they add up in any order. */
export interface HistogramData {
  readonly count: number
  readonly sumMicros: number
  /** Bucket number to count, those of 0 left out. */
  readonly buckets: ReadonlyMap<number, number>
}

/** The bucket of a duration in milliseconds. */
export function bucketOf(ms: number): number {
  if (!(ms > 2 ** LOWEST_EXPONENT)) return 0
  const index = Math.ceil(Math.log2(ms) * PER_OCTAVE) - LOWEST_EXPONENT * PER_OCTAVE
  return Math.min(index, BUCKETS - 1)
}

/** The longest duration that a bucket holds, in milliseconds; the last one has none. */
export function upperBoundMs(bucket: number): number {
  return bucket >= BUCKETS - 1 ? Infinity : 2 ** (LOWEST_EXPONENT + bucket / PER_OCTAVE)
}

/** Buckets of whole milliseconds, which is what most clocks tell: a look-up in place of a logarithm. */
const WHOLE_MS: Uint8Array = Uint8Array.from({ length: 1_024 }, (_, ms) => bucketOf(ms))

/** One that is being counted. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #sumMicros = 0

  record(ms: number): void {
    // What is not whole, or not in the table, has no entry there.
    const bucket = WHOLE_MS[ms] ?? bucketOf(ms)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#sumMicros += Math.max(0, Math.round(ms * 1_000))
  }

  /** What was counted since the last call, and starts anew; `undefined` if nothing was. */
  take(): HistogramData | undefined {
    if (this.#count === 0) return undefined
    const buckets = new Map<number, number>()
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) buckets.set(bucket, count)
    const data = { count: this.#count, sumMicros: this.#sumMicros, buckets }
    this.#counts.fill(0)
    this.#count = 0
    this.#sumMicros = 0
    return data
  }
}

/** Both together. */
export function mergeHistograms(a: HistogramData | undefined, b: HistogramData): HistogramData {
  if (a === undefined) return b
  const buckets = new Map(a.buckets)
  for (const [bucket, count] of b.buckets) buckets.set(bucket, (buckets.get(bucket) ?? 0) + count)
  return { count: a.count + b.count, sumMicros: a.sumMicros + b.sumMicros, buckets }
}

/**
 * The duration in milliseconds that a share of all does not exceed: the middle of its bucket, on the
 * scale of the buckets. `undefined` of nothing.
 *
 * @param share From 0 to 1, such as 0.95.
 */
export function quantileMs(data: HistogramData | undefined, share: number): number | undefined {
  if (data === undefined || data.count === 0) return undefined
  const rank = Math.max(1, Math.ceil(share * data.count))
  let seen = 0
  for (const bucket of [...data.buckets.keys()].sort((a, b) => a - b)) {
    seen += data.buckets.get(bucket) ?? 0
    if (seen >= rank) return middleMs(bucket)
  }
  return middleMs(BUCKETS - 1)
}

function middleMs(bucket: number): number {
  // Half of the first bucket's bound; what is beyond the last bound is at least that.
  if (bucket === 0) return upperBoundMs(0) / 2
  if (bucket === BUCKETS - 1) return upperBoundMs(BUCKETS - 2)
  return Math.sqrt(upperBoundMs(bucket - 1) * upperBoundMs(bucket))
}
