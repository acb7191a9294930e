/**
 * Caches embeddings text by text: of a list, the model is asked only for the texts that are not cached.
 *
 * @module
 */

import { isRemoteFailure } from '../cache/context.ts'
import type { CacheNamespace } from '../cache/namespace.ts'
import type { Bytes } from '../entry/bytes.ts'
import { checkFunction, nonEmptyText } from '../entry/option-checks.ts'
import { InvalidValueError, LoaderTimeoutError } from '../errors.ts'
import { unlessAborted, withDeadline } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Accounts } from './accounting.ts'
import { type CacheControl, readCacheControl } from './cache-control.ts'
import { canonicalJson, digest } from './canonical.ts'
import { label } from './request.ts'

/** What is embedded: a text, with its white space unchanged, or the ids of its tokens. */
export type EmbeddingInput = string | readonly number[]

/** What an embedding depends on besides its text, and how to cache it. */
export interface EmbeddingRequest {
  readonly model: string
  /** @default '' */
  readonly tenant?: string
  /** Dimensions, truncation, a digest of the model: any difference leads to another embedding. */
  readonly context?: unknown
  /** `no-store` or `no-cache`, as in the HTTP request header. */
  readonly cacheControl?: string
  /** Aborting it rejects this call with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A model's reply: one vector for each text, in the same order. */
export interface Embedded {
  readonly vectors: readonly Float32Array[]
  /** Tokens of all texts together. @default 0 */
  readonly promptTokens?: number
}

/** Vectors in the order of the requested texts. */
export interface EmbeddingResult {
  readonly vectors: readonly Float32Array[]
  /** How many of the texts were found in the cache. */
  readonly found: number
  /** Tokens of all texts. A cached text counts the tokens that it used when it was embedded. */
  readonly promptTokens: number
}

/** Embeds texts. The signal aborts when the call takes too long. */
export type Embed = (inputs: readonly EmbeddingInput[], signal: AbortSignal) => Promise<Embedded>

interface StoredEmbedding {
  readonly bytes: Bytes
  readonly tokens: number
}

/** What {@link Embeddings} depends on. */
export interface EmbeddingsContext {
  readonly platform: Platform
  readonly accounts: Accounts
  readonly ttlMs: number
  /** How long a model may take, in milliseconds. */
  readonly limitMs: number
  cache(): CacheNamespace<unknown>
}

/** Finds stored embeddings and asks the model for the missing ones. */
export class Embeddings {
  readonly #ctx: EmbeddingsContext

  constructor(ctx: EmbeddingsContext) {
    this.#ctx = ctx
  }

  /**
   * Returns the embeddings of texts, and asks the model for all missing ones in one call. If stored and new
   * vectors differ in length, another model now has the same name: it is then asked for all texts.
   *
   * @throws Whatever `embed` rejected with, unchanged; `LoaderTimeoutError` when it took too long.
   * @throws {InvalidValueError} When `embed` returns another number of vectors than of texts, or vectors of
   *   different lengths.
   */
  async getOrEmbed(
    request: EmbeddingRequest,
    inputs: readonly EmbeddingInput[],
    embed: Embed,
  ): Promise<EmbeddingResult> {
    const { accounts, ttlMs: ttl, limitMs, platform } = this.#ctx
    const { model, tenant = '', signal } = request
    nonEmptyText(model, 'model')
    checkFunction(embed, 'embed')
    const control = readCacheControl(request.cacheControl)
    const { noStore, noCache } = control
    const keyed = new Map(inputs.map((input) => [keyOf(request, input), input] as const))
    const keys = [...keyed.keys()]
    const cache = this.#ctx.cache()
    const unstored = await prepare(cache, keys, control)
    let asked = 0
    const startedAt = platform.now()
    const load = async (
      missing: readonly string[],
      deadline: { readonly signal: AbortSignal },
    ): Promise<Map<string, StoredEmbedding>> => {
      asked = missing.length
      const texts = missing.map((key) => keyed.get(key) ?? '')
      const { vectors, promptTokens = 0 } = await embed(texts, deadline.signal)
      if (vectors.length !== texts.length) {
        throw new InvalidValueError('there are not as many vectors as texts')
      }
      if (!areAlike(vectors)) throw new InvalidValueError('the vectors are of different lengths')
      const tokens = sharesOf(promptTokens, texts)
      const usage = { promptTokens, completionTokens: 0 }
      const tookMs = platform.now() - startedAt
      const event = { usage, tookMs, firstMs: tookMs, followers: 0, unstored } as const
      accounts.emit({ kind: 'generated', model, ...event })
      return new Map(
        missing.map((key, i) => [key, { bytes: bytesOf(vectors[i]), tokens: tokens[i] ?? 0 }]),
      )
    }
    const late = (): LoaderTimeoutError => new LoaderTimeoutError(limitMs)
    const options = {
      tags: [label('model', model), label('tenant', tenant)],
      ttl,
      loaderTimeout: { hard: limitMs },
      ...(signal && { signal }),
    }
    // Nobody shares such a load, so it ends with its caller.
    const alone = (expiry: AbortSignal) => {
      const ended = signal ? AbortSignal.any([expiry, signal]) : expiry
      return unlessAborted(load(keys, { signal: ended }), signal)
    }
    const stored =
      unstored || ttl === 0
        ? await withDeadline(platform, limitMs, late, alone)
        : ((await cache.getOrSetMany(keys, load, options)) as Map<string, StoredEmbedding>)
    const all = inputs.map((input) => stored.get(keyOf(request, input)))
    const found = keys.length - asked
    const vectors = all.map((one) => vectorOf(one?.bytes))
    if (found > 0 && asked > 0 && !noCache && !areAlike(vectors)) {
      return this.getOrEmbed({ ...request, cacheControl: 'no-cache' }, inputs, embed)
    }
    accounts.emit(
      found < keys.length ? { kind: noStore ? 'bypass' : 'miss', model } : hitOf(model, all),
    )
    return {
      vectors,
      found,
      promptTokens: all.reduce((sum, one) => sum + (one?.tokens ?? 0), 0),
    }
  }
}

/** Deletes what is stored if the request says `no-cache`. Returns why new vectors are not to be stored. */
async function prepare(
  cache: CacheNamespace<unknown>,
  keys: readonly string[],
  { noStore, noCache }: CacheControl,
): Promise<'unwanted' | 'gave-up' | undefined> {
  if (noStore) return 'unwanted'
  try {
    if (noCache) await cache.delete(...keys)
    return undefined
  } catch (error) {
    if (isRemoteFailure(error)) return 'gave-up'
    throw error
  }
}

/** Whether all vectors have one length. Empty ones are ignored: a model may return them for empty texts. */
export function areAlike(vectors: readonly Float32Array[]): boolean {
  return new Set(vectors.map(({ length }) => length).filter((length) => length > 0)).size <= 1
}

function hitOf(model: string, all: readonly (StoredEmbedding | undefined)[]) {
  const promptTokens = all.reduce((sum, one) => sum + (one?.tokens ?? 0), 0)
  const usage = { promptTokens, completionTokens: 0 }
  const times = { savedMs: 0, ageMs: 0, similarity: undefined }
  return { kind: 'hit', tier: 'exact', model, usage, ...times } as const
}

function keyOf({ model, tenant = '', context = null }: EmbeddingRequest, input: EmbeddingInput) {
  return `embedding/${digest(canonicalJson({ model, tenant, context, input }))}`
}

function bytesOf(vector: Float32Array | undefined): Bytes {
  // Little-endian, as is every runtime that this library supports.
  const { buffer, byteOffset, byteLength } = vector ?? new Float32Array()
  return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer)
}

function vectorOf(bytes: Bytes | undefined): Float32Array {
  const copy = Uint8Array.from(bytes ?? [])
  return new Float32Array(copy.buffer, 0, copy.byteLength >> 2)
}

/** Splits a token count over texts by their lengths, so that the shares add up to the count. */
function sharesOf(total: number, texts: readonly EmbeddingInput[]): number[] {
  const lengths = texts.map(({ length }) => Math.max(1, length))
  const sum = lengths.reduce((a, b) => a + b, 0)
  let upTo = 0
  let given = 0
  return lengths.map((length) => {
    upTo += length
    const share = Math.round((total * upTo) / sum) - given
    given += share
    return share
  })
}
