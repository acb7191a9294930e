/**
 * Counts durations in buckets, four for each power of two.
 *
 * The bounds are those of OpenTelemetry's exponential histogram at scale 2, so that a histogram is exported
 * without loss. Two histograms are merged by adding. A quantile is off by at most 9.1 %.
 *
 * @module
 */

/** Buckets for each power of two. */
const PER_OCTAVE = 4
/** The first bucket ends at 0.25 ms, and holds all shorter durations. */
const LOWEST_EXPONENT = -2
/** The last bucket holds all durations above 65.536 s. */
const HIGHEST_EXPONENT = 16

/** How many buckets there are. */
export const BUCKETS: number = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * PER_OCTAVE + 1

/** Counts by bucket. Sums are whole microseconds, so that the order of additions does not matter. */
export interface HistogramData {
  readonly count: number
  readonly sumMicros: number
  /** Counts by bucket number, without empty buckets. */
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

/** The buckets of whole milliseconds, as most clocks give them: a look-up instead of a logarithm. */
const WHOLE_MS: Uint8Array = Uint8Array.from({ length: 1_024 }, (_, ms) => bucketOf(ms))

/** A histogram that is being counted. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0
  #sumMicros = 0

  record(ms: number): void {
    // The table has only whole milliseconds below 1,024.
    const bucket = WHOLE_MS[ms] ?? bucketOf(ms)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#sumMicros += Math.max(0, Math.round(ms * 1_000))
  }

  /** Returns what was counted since the last call, and starts again; `undefined` if nothing was. */
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

/** Adds two histograms. */
export function mergeHistograms(a: HistogramData | undefined, b: HistogramData): HistogramData {
  if (a === undefined) return b
  const buckets = new Map(a.buckets)
  for (const [bucket, count] of b.buckets) buckets.set(bucket, (buckets.get(bucket) ?? 0) + count)
  return { count: a.count + b.count, sumMicros: a.sumMicros + b.sumMicros, buckets }
}

/**
 * The duration in milliseconds that this share of all durations does not exceed: the geometric mean of the
 * bounds of its bucket. `undefined` without durations.
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
  // The first bucket has no lower bound, the last one no upper bound.
  if (bucket === 0) return upperBoundMs(0) / 2
  if (bucket === BUCKETS - 1) return upperBoundMs(BUCKETS - 2)
  return Math.sqrt(upperBoundMs(bucket - 1) * upperBoundMs(bucket))
}
