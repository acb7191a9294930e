/**
 * A tier for each data centre, on the Cache API of Workers: nearer than Redis, farther than the isolate's
 * memory, and shared by all isolates there. It is off by default, because it lags invalidations made
 * elsewhere by up to its `ttl`.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFields } from '../entry/option-checks.ts'
import { sha256 } from '../entry/sha256.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { isStored, type StoredResponse } from './stored-response.ts'

/** The part of the Cache API that is used. */
export interface ColoCache {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<void>
  delete(url: string): Promise<boolean>
}

/** Options of the tier. */
export interface ColoOptions {
  /**
   * How long a copy is served without asking Redis. The copy can be this far behind calls in other data
   * centres and all invalidations of tags; with a `ttl` of the near tier, both add up. From 1 s to 1 h.
   */
  readonly ttl: Duration
  /** @default caches.default, which Workers have */
  readonly cache?: ColoCache
}

/** A host name that no server can have, so that only nearcache uses these URLs. */
const BASE = 'https://colo.nearcache.invalid/'

/** The copies of one data centre. Every failure counts as a miss. */
export class ColoTier {
  readonly #platform: Platform
  readonly #cache: ColoCache
  readonly #ttlMs: number
  readonly #base: string

  /** @throws {InvalidOptionError} When an option is out of its range, or there is no Cache API. */
  constructor(platform: Platform, namespace: string, options: ColoOptions) {
    checkFields(options, 'colo', ['ttl', 'cache'])
    this.#platform = platform
    this.#cache = checkCache(options.cache ?? defaultCache())
    this.#ttlMs = toMilliseconds(options.ttl, 'colo.ttl', { min: 1_000, max: 3_600_000 })
    this.#base = `${BASE}${namespace}/`
  }

  /** A copy that is younger than `ttl`, if there is one. */
  async get(key: string): Promise<StoredResponse | undefined> {
    try {
      const found = await this.#cache.match(this.#urlOf(key))
      const copy: unknown = found && JSON.parse(await found.text())
      if (!isCopy(copy) || !isStored(copy.stored) || copy.stored.kind === 'pass') return undefined
      const ageMs = this.#platform.now() - copy.provedAt
      return ageMs >= 0 && ageMs < this.#ttlMs ? copy.stored : undefined
    } catch {
      // The Cache API failed, or the stored text is not JSON.
      return undefined
    }
  }

  /**
   * Keeps a copy.
   *
   * @param provedAt Epoch milliseconds: the response was current in Redis at this time or later.
   */
  async put(key: string, stored: StoredResponse, provedAt: number): Promise<void> {
    const headers = { 'cache-control': `max-age=${Math.ceil(this.#ttlMs / 1_000)}` }
    const copy = new Response(JSON.stringify({ provedAt, stored }), { headers })
    await this.#cache.put(this.#urlOf(key), copy)
  }

  /** Deletes the copies under these keys in this data centre. Never rejects. */
  async delete(keys: readonly string[]): Promise<void> {
    await Promise.allSettled(keys.map((key) => this.#cache.delete(this.#urlOf(key))))
  }

  #urlOf(key: string): string {
    return this.#base + toBase64Url(sha256(encodeUtf8(key.toWellFormed())))
  }
}

function isCopy(value: unknown): value is { readonly provedAt: number; readonly stored: unknown } {
  if (typeof value !== 'object' || value === null) return false
  return 'provedAt' in value && Number.isFinite(value.provedAt) && 'stored' in value
}

function defaultCache(): ColoCache | undefined {
  return (globalThis as { readonly caches?: { readonly default?: ColoCache } }).caches?.default
}

function checkCache(cache: ColoCache | undefined): ColoCache {
  if (typeof cache?.match === 'function' && typeof cache.put === 'function') return cache
  throw new InvalidOptionError('colo.cache', 'given where the host has no caches.default')
}
