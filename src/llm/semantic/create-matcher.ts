/**
 * Builds a semantic matcher from options.
 *
 * @module
 */

import type { CacheContext } from '../../cache/context.ts'
import { defaultCache } from '../../cache/default-cache.ts'
import { CacheNamespace } from '../../cache/namespace.ts'
import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkFields, checkFunction, wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import { SEMANTIC_SCRIPTS } from '../../redis/scripts/semantic.ts'
import { cachedEmbedder } from './cached-embedder.ts'
import type { Embedder } from './embedder.ts'
import { embeddingJudge, type Judge, textJudge } from './judge.ts'
import { Judgements } from './judgements.ts'
import { lexicalEmbedder } from './lexical-embedder.ts'
import type { Matcher } from './matcher.ts'
import { type PolicyOptions, resolveSemanticPolicy } from './policy.ts'
import { RedisVectorStore } from './redis-vector-store.ts'
import { SemanticMatcher } from './semantic-matcher.ts'
import { SemanticNames } from './semantic-names.ts'
import { VectorSeal } from './vector-seal.ts'
import type { VectorStore } from './vector-store.ts'

/** Options for {@link createSemanticMatcher}. */
export interface SemanticMatcherOptions {
  /**
   * Prompts and vectors are kept in the namespace `semantic` of this cache, encrypted if the cache encrypts.
   * @default defaultCache()
   */
  readonly cache?: CacheNamespace<unknown>
  /** @default lexicalEmbedder(), which compares wording, not meaning */
  readonly embedder?: Embedder
  /**
   * @default `{ kind: 'verified' }`; `{ kind: 'static', minSimilarity: 0.85 }` if the embedder sees wording
   */
  readonly policy?: PolicyOptions
  /**
   * Compares the stored with the fresh answer after an explored miss.
   * @default embeddingJudge(embedder); textJudge() if the embedder sees wording
   */
  readonly judge?: Judge
  /**
   * Keeps the vectors instead of Redis. The prompts beside them are encrypted if the cache encrypts, the
   * vectors are not. @default a store in Redis
   */
  readonly store?: VectorStore
  /** How many vectors a scope keeps in Redis, from 1 to 50,000; the oldest are dropped. @default 10_000 */
  readonly maxVectors?: number
  /** Bound on the vectors and prompts of all scopes in this isolate, in bytes. @default 33_554_432 (32 MiB) */
  readonly maxBytes?: number
  /** How long a scope lives after its last new prompt. @default '30d' */
  readonly ttl?: Duration
  /** How long prompts that other isolates add may not be found; 0 asks Redis for each match. @default '1s' */
  readonly lag?: Duration
  /** Longer prompts are neither matched nor remembered, from 1 to 20,000. @default 2_000 */
  readonly maxPromptChars?: number
}

const FIELDS = 'cache embedder policy judge store maxVectors maxBytes ttl lag maxPromptChars'.split(
  ' ',
)
const MODEL = /^[\w.-]{1,64}$/
const MIB = 1_048_576

/**
 * A matcher for `LLMResponseCache`.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 *
 * @example
 * ```ts
 * const matcher = createSemanticMatcher({ cache, embedder: ollamaEmbedder({ model: 'embeddinggemma', dimensions: 768 }) })
 * ```
 */
export function createSemanticMatcher(options: SemanticMatcherOptions = {}): Matcher {
  checkFields(options, 'options', FIELDS)
  const {
    cache = defaultCache(),
    embedder: given = lexicalEmbedder(),
    judge = defaultJudge(given),
  } = options
  const { maxVectors = 10_000, maxBytes = 32 * MIB, ttl = '30d', lag = '1s' } = options
  checkEmbedder(given)
  checkFunction(judge, 'judge')

  const { namespace, ctx } = inside(cache)
  const { keyspace } = ctx.names
  const names = new SemanticNames(keyspace, given)
  const seal = new VectorSeal(given, ctx.codec.cipher || undefined, keyspace.path, ctx.platform)
  const ttlMs = toMilliseconds(ttl, 'ttl', { min: 1 })
  const entries = wholeNumber(maxVectors, 'maxVectors', 1, 50_000)
  const own = new RedisVectorStore(ctx, {
    space: given,
    names,
    seal,
    maxVectors: entries,
    maxBytes: wholeNumber(maxBytes, 'maxBytes', 1, 2 ** 40),
    ttlMs,
    lagMs: toMilliseconds(lag, 'lag', { min: 0 }),
  })
  return new SemanticMatcher({
    ctx,
    embedder: given.isLocal ? given : cachedEmbedder(given, namespace),
    store: options.store ?? own,
    seal: options.store && seal,
    judgements: new Judgements(ctx, {
      names,
      hasVectors: options.store === undefined,
      maxEntries: entries,
      ttlMs,
    }),
    policy: resolveSemanticPolicy(options.policy ?? defaultPolicy(given)),
    judge,
    maxPromptChars: wholeNumber(options.maxPromptChars ?? 2_000, 'maxPromptChars', 1, 20_000),
  })
}

function inside(cache: CacheNamespace<unknown>): {
  readonly namespace: CacheNamespace<unknown>
  readonly ctx: CacheContext
} {
  const namespace = cache instanceof CacheNamespace ? cache.namespace('semantic') : undefined
  const parts = namespace && CacheNamespace.partsOf(namespace)
  if (namespace && parts) {
    parts.ctx.link.guarded.allowRepeat(SEMANTIC_SCRIPTS)
    return { namespace, ctx: parts.ctx }
  }
  throw new InvalidOptionError(
    'cache',
    'a RedisCacheManager of this package, or a namespace of one',
  )
}

function defaultPolicy({ sees }: Embedder): PolicyOptions {
  return sees === 'wording' ? { kind: 'static', minSimilarity: 0.85 } : { kind: 'verified' }
}

/** An embedder of wording would call nearly all answers different, as `textJudge` does with less work. */
function defaultJudge(embedder: Embedder): Judge {
  return embedder?.sees === 'wording' ? textJudge() : embeddingJudge(embedder)
}

function checkEmbedder(embedder: Embedder): void {
  if (typeof embedder?.embed !== 'function') {
    throw new InvalidOptionError('embedder', 'an Embedder')
  }
  if (!MODEL.test(embedder.model)) {
    throw new InvalidOptionError('embedder.model', '1 to 64 characters of A-Z a-z 0-9 . _ -')
  }
  wholeNumber(embedder.dimensions, 'embedder.dimensions', 8, 4_096)
}
