/**
 * The cache of answers of language models.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import { checkFunction, nonEmptyText } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { unlessAborted } from '../flight/deadline.ts'
import { webPlatform } from '../platform/web.ts'
import { Accounts, type LLMCacheStats, type LLMEvent } from './accounting.ts'
import { Analyses } from './analyses.ts'
import { Answers, type Obtained } from './answers.ts'
import { answersIn } from './answers-namespace.ts'
import {
  type Embed,
  type EmbeddingInput,
  type EmbeddingRequest,
  type EmbeddingResult,
  Embeddings,
} from './embeddings.ts'
import { partSource, valueSource } from './function-source.ts'
import { cachedOf, partsOf, type StreamedAnswer, wholeOf } from './obtained.ts'
import { type LLMResponseCacheOptions, type LLMSettings, readOptions } from './options.ts'
import {
  type LLMRequest,
  type LLMRequestOptions,
  label,
  type Question,
  questionOf,
  type Resolved,
  resolve,
} from './request.ts'
import type {
  CachedLLMResponse,
  CacheResponseOptions,
  Generate,
  GeneratedResponse,
  StoreResult,
} from './responses.ts'
import type { Source } from './source.ts'
import { Tiers } from './tiers.ts'

/**
 * A cache of answers of language models. Tenant, model, parameters, system prompt, tools, schema and
 * earlier turns must match exactly.
 *
 * The user's last message is looked up exactly, then without initial capitals, extra spaces and end
 * punctuation, and on request by similarity. Empty answers are not stored. If Redis is down, reads are
 * misses and writes reject, as in the underlying cache.
 *
 * @example
 * ```ts
 * const cached = await llmCache.getCachedLLMResponse(prompt, 'llama3.2:3b')
 * if (!cached) {
 *   const response = await performLLMAnalysis(prompt)
 *   await llmCache.cacheLLMResponse(prompt, response, 'llama3.2:3b')
 * }
 * ```
 */
export class LLMResponseCache {
  /** Analyses of e-mails and workflows. */
  readonly #analyses: Analyses
  readonly #embeddings: Embeddings
  readonly #settings: LLMSettings
  readonly #accounts: Accounts
  readonly #answers: Answers
  readonly #tiers: Tiers
  readonly #namespace: () => CacheNamespace<unknown>

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: LLMResponseCacheOptions = {}) {
    const settings = readOptions(options)
    const { platform = options.cache?.platform ?? webPlatform() } = options
    const { matcher, prices = {} } = options
    const cache = answersIn(options.cache)
    this.#namespace = cache
    this.#settings = settings
    this.#accounts = new Accounts(prices, matcher)
    this.#tiers = new Tiers({ platform, matcher, cache })
    this.#answers = new Answers({
      platform,
      cache,
      accounts: this.#accounts,
      tiers: this.#tiers,
      limits: settings.limits,
    })
    this.#analyses = new Analyses({ platform, cache, ttls: settings.ttls })
    const { embedding: ttlMs } = settings.ttls
    this.#embeddings = new Embeddings({
      platform,
      cache,
      accounts: this.#accounts,
      ttlMs,
      limitMs: Math.min(settings.limits.firstMs, settings.limits.totalMs),
    })
  }

  /**
   * The stored answer to a prompt, or `undefined`.
   *
   * @throws {InvalidOptionError} When an option is out of its range.
   */
  async getCachedLLMResponse<T = string>(
    prompt: string,
    model: string,
    options: LLMRequestOptions = {},
  ): Promise<CachedLLMResponse<T> | undefined> {
    const request = this.resolve(questionOf({ ...options, prompt, model }))
    const obtained = await unlessAborted(this.#answers.find<T>(request), request.signal)
    return cachedOf(obtained, prompt, model)
  }

  /**
   * Stores an answer that you have generated. It counts as generated at this call; if an invalidation
   * during the generation must prevent storing, use {@link getOrGenerate}. Requests with semantic matching
   * can find it for similar prompts, unless `enableSemanticMatching` is false.
   *
   * @param response A string, or anything else that the cache can store.
   * @throws {InvalidValueError} When the response cannot be stored.
   */
  async cacheLLMResponse<T>(
    prompt: string,
    response: T,
    model: string,
    options: CacheResponseOptions = {},
  ): Promise<StoreResult> {
    const { processingTime = 0, usage, enableSemanticMatching = true } = options
    if (!(processingTime >= 0)) throw new InvalidOptionError('processingTime', '0 or more')
    const question = questionOf({ ...options, enableSemanticMatching, prompt, model })
    const request = this.resolve(question)
    const source = valueSource<T>(() => response)
    return this.#answers.store(request, source, [response], { tookMs: processingTime, usage })
  }

  /**
   * Returns the answer to a question, and generates it if there is none. Calls for the same question share
   * one generation, across processes; a call that gives up does not end it for the others.
   *
   * @throws Whatever `generate` rejected with, unchanged.
   * @throws {LoaderTimeoutError} When generating took longer than `timeouts` allow.
   * @throws {NotCachedError} When the request says `only-if-cached`, and no answer is stored.
   * @throws The signal's reason, when it aborts.
   */
  async getOrGenerate<T>(
    request: LLMRequest,
    generate: Generate<T>,
  ): Promise<GeneratedResponse<T>> {
    checkFunction(generate, 'generate')
    const obtained = await this.obtain(questionOf(request), valueSource<T>(generate))
    return wholeOf(obtained, request.signal)
  }

  /**
   * As {@link getOrGenerate}, for an answer in parts. A call that joins a running generation gets the
   * earlier parts at once and the others as they arrive. A stored answer is replayed part by part.
   *
   * To stop reading early, leave the loop or call `return`. When the last reader stops, the model is told
   * to stop. An incomplete answer is never stored.
   *
   * @param generate Returns the parts: texts, or anything else that the cache can store.
   * @throws {NotCachedError} When the request says `only-if-cached`, and no answer is stored.
   */
  async getOrStream<Part>(
    request: LLMRequest,
    generate: (context: {
      readonly signal: AbortSignal
    }) => AsyncIterable<Part> | Promise<AsyncIterable<Part>>,
  ): Promise<StreamedAnswer<Part>> {
    checkFunction(generate, 'generate')
    return partsOf(await this.obtain(questionOf(request), partSource<Part>(generate)))
  }

  /** See {@link Embeddings.getOrEmbed}. */
  getOrEmbed(
    request: EmbeddingRequest,
    inputs: readonly EmbeddingInput[],
    embed: Embed,
  ): Promise<EmbeddingResult> {
    return this.#embeddings.getOrEmbed(request, inputs, embed)
  }

  /**
   * The basis of `getOrGenerate` and `getOrStream`, for other interfaces such as the proxy or a middleware.
   *
   * @throws Whatever the source failed with before it began to answer.
   */
  obtain<Part>(question: Question, source: Source<Part>): Promise<Obtained<Part>> {
    return this.#answers.obtain(this.resolve(question), source)
  }

  /** Computes the key, scope, tags and lifetime of a question. */
  resolve(question: Question): Resolved {
    return resolve(question, this.#settings)
  }

  /** Invalidates the answers of a model: call it when the model was replaced under the same name. */
  invalidateModel(model: string): Promise<void> {
    return this.#invalidate('model', model)
  }

  /** Invalidates the answers to prompts of this version of a template. */
  invalidatePromptVersion(promptVersion: string): Promise<void> {
    return this.#invalidate('version', promptVersion)
  }

  /** Invalidates the answers of a tenant. */
  invalidateTenant(tenant: string): Promise<void> {
    return this.#invalidate('tenant', tenant)
  }

  /**
   * Invalidates the answers of the tenant of this name, and those with the tag `user:<id>`, with one
   * command. Call it when the user's permissions have changed.
   */
  async invalidateUser(id: string): Promise<void> {
    nonEmptyText(id, 'user')
    await this.#namespace().invalidateTags([label('tenant', id), label('tag', `user:${id}`)])
  }

  /** Invalidates the answers that were drawn from a document. */
  invalidateDocument(id: string): Promise<void> {
    return this.#invalidate('document', id)
  }

  /** Invalidates the answers whose requests had one of these `tags`, with one command. */
  invalidateTags(tags: readonly string[]): Promise<void> {
    return this.#namespace().invalidateTags(tags.map((tag) => label('tag', tag)))
  }

  /** See {@link Analyses.storeEmail}. */
  get cacheEmailAnalysis(): Analyses['storeEmail'] {
    return this.#analyses.storeEmail
  }

  /** See {@link Analyses.findEmail}. */
  get getCachedEmailAnalysis(): Analyses['findEmail'] {
    return this.#analyses.findEmail
  }

  /** See {@link Analyses.storeWorkflow}. */
  get cacheWorkflowAnalysis(): Analyses['storeWorkflow'] {
    return this.#analyses.storeWorkflow
  }

  /** See {@link Analyses.findWorkflow}. */
  get getCachedWorkflowAnalysis(): Analyses['findWorkflow'] {
    return this.#analyses.findWorkflow
  }

  /** Invalidates the analyses of this e-mail and of the workflows that it is part of. */
  invalidateByEmailId(emailId: string): Promise<void> {
    return this.#invalidate('email', emailId)
  }

  /** Invalidates the analyses of this workflow. */
  invalidateByWorkflowId(workflowId: string): Promise<void> {
    return this.#invalidate('workflow', workflowId)
  }

  /** Invalidates the analyses of the e-mails of a thread. */
  invalidateByThreadId(threadId: string): Promise<void> {
    return this.#invalidate('thread', threadId)
  }

  /** Invalidates the analyses of the e-mails of a mailbox. */
  invalidateByMailbox(mailbox: string): Promise<void> {
    return this.#invalidate('mailbox', mailbox)
  }

  /** Counts of this instance: hits by tier, tokens, money and time saved, and results of matching. */
  getCacheStats(): LLMCacheStats {
    return this.#accounts.stats()
  }

  /**
   * Calls `listener` with each hit, miss and generated answer.
   *
   * @returns A function that ends the subscription.
   */
  subscribe(listener: (event: LLMEvent) => void): () => void {
    return this.#accounts.subscribe(listener)
  }

  /** Invalidates everything that this cache stores, with one command. */
  clearCache(): Promise<void> {
    return this.#namespace().clear()
  }

  async #invalidate(kind: string, value: string): Promise<void> {
    nonEmptyText(value, kind)
    await this.#namespace().invalidateTags([label(kind, value)])
  }
}
