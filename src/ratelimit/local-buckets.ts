/**
 * Token buckets in this isolate, used while Redis cannot be asked.
 *
 * @module
 */

interface Bucket {
  readonly tokens: number
  /** When the bucket had this many tokens, in epoch milliseconds. */
  readonly at: number
}

/** Options for {@link LocalBuckets}. */
export interface LocalBucketsOptions {
  /** Tokens in a full bucket; 0 refuses all requests. */
  readonly capacity: number
  /** How long an empty bucket takes to refill, in milliseconds. */
  readonly windowMs: number
  /** Buckets that are not full, at most. @default 10_000 */
  readonly maxBuckets?: number
}

/**
 * Token buckets by identifier.
 *
 * Once `maxBuckets` identifiers have buckets that are not full, new identifiers are refused: to drop a
 * bucket would be to refill it, and a client with many addresses would never reach a limit. So an isolate
 * admits at most `maxBuckets * capacity` requests in a window, whatever is sent to it.
 */
export class LocalBuckets {
  readonly #capacity: number
  readonly #windowMs: number
  readonly #maxBuckets: number
  /** Least recently used first. Full buckets are not kept. */
  readonly #buckets = new Map<string, Bucket>()

  constructor({ capacity, windowMs, maxBuckets = 10_000 }: LocalBucketsOptions) {
    this.#capacity = capacity
    this.#windowMs = windowMs
    this.#maxBuckets = maxBuckets
  }

  /** @returns 0 when a token was taken; else milliseconds until there is one. */
  take(id: string, now: number): number {
    const tokens = this.#tokensOf(id, now)
    if (tokens < 1) {
      // After the clock was set back, the bucket refills from now on instead of from a future time.
      if ((this.#buckets.get(id)?.at ?? now) > now) this.#put(id, { tokens, at: now })
      return Math.ceil((1 - tokens) * this.#msPerToken())
    }
    if (!this.#buckets.has(id) && !this.#makeRoom(now)) return this.#msPerToken()
    this.#put(id, { tokens: tokens - 1, at: now })
    return 0
  }

  /** Returns a token that was taken. */
  giveBack(id: string, now: number): void {
    if (this.#buckets.has(id)) this.#put(id, { tokens: this.#tokensOf(id, now) + 1, at: now })
  }

  #tokensOf(id: string, now: number): number {
    const bucket = this.#buckets.get(id)
    return bucket ? this.#refilled(bucket, now) : this.#capacity
  }

  /** A clock that is set back refills nothing. */
  #refilled({ tokens, at }: Bucket, now: number): number {
    const refill = Math.max(0, now - at) / this.#msPerToken()
    return Math.min(this.#capacity, tokens + refill)
  }

  #msPerToken(): number {
    return this.#windowMs / Math.max(1, this.#capacity)
  }

  #put(id: string, bucket: Bucket): void {
    this.#buckets.delete(id)
    if (bucket.tokens < this.#capacity) this.#buckets.set(id, bucket)
  }

  #makeRoom(now: number): boolean {
    if (this.#buckets.size < this.#maxBuckets) return true
    for (const [id, bucket] of this.#buckets) {
      if (this.#refilled(bucket, now) < this.#capacity) return false
      this.#buckets.delete(id)
      return true
    }
    return false
  }
}
