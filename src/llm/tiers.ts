/**
 * Finds answers that were stored for other prompts: for the same prompt written differently, or for one
 * with the same meaning.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import { settledWithin, TIMED_OUT } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import type { Tier } from './accounting.ts'
import { answerSchema, type StoredAnswer } from './answer.ts'
import { answerKey, type Resolved } from './request.ts'
import type { Match, Matcher } from './semantic/matcher.ts'

/** An answer that was stored for another prompt. */
export interface Elsewhere {
  readonly kind: 'found'
  readonly tier: Exclude<Tier, 'exact'>
  readonly answer: StoredAnswer
  readonly similarity: number | undefined
}

/** The result of a search for such an answer. */
export type Search =
  | Elsewhere
  /** No answer; `match` is the matcher's result, if it was asked. */
  | { readonly kind: 'none'; readonly match: Match | undefined }

/** How long the search for similar prompts may delay a question, in milliseconds. */
const MATCH_MS = 3_000
const ID = /^[A-Za-z0-9_-]{43}$/

/** What {@link Tiers} depends on. */
export interface TiersContext {
  readonly platform: Platform
  readonly matcher: Matcher | undefined
  cache(): CacheNamespace<unknown>
}

/** The normalised and the semantic tier, which follow the exact one. */
export class Tiers {
  readonly #ctx: TiersContext

  constructor(ctx: TiersContext) {
    this.#ctx = ctx
  }

  /** The id of an answer whose prompt folds to the same text, if there is one. */
  async pointerOf({ foldedKey, tags }: Resolved): Promise<string | undefined> {
    if (foldedKey === undefined) return undefined
    const { value } = await this.#ctx.cache().lookup(foldedKey, { tags })
    return typeof value === 'string' && ID.test(value) ? value : undefined
  }

  /** Looks for an answer of another prompt. A failure counts as a miss. */
  async search(
    request: Resolved,
    pointer: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Search> {
    if (pointer !== undefined && pointer !== request.id) {
      const answer = await this.#read(request, pointer)
      if (this.#mayServe(request, answer))
        return { kind: 'found', tier: 'normalised', answer, similarity: undefined }
    }
    return this.#match(request, signal)
  }

  async #match(request: Resolved, signal: AbortSignal | undefined): Promise<Search> {
    const { matcher, platform } = this.#ctx
    const { scope, prompt } = request
    if (!matcher || !request.matching) return { kind: 'none', match: undefined }
    const { minSimilarity } = request.matching
    const matching = matcher.match({ scope, prompt, signal, minSimilarity })
    const match = await settledWithin(platform, MATCH_MS, matching)
    if (match === TIMED_OUT) return { kind: 'none', match: { kind: 'miss', reason: 'failed' } }
    if (match.kind !== 'hit') return { kind: 'none', match }
    const { entryId, similarity } = match
    const answer = await this.#read(request, entryId)
    if (this.#mayServe(request, answer)) {
      return { kind: 'found', tier: 'semantic', answer, similarity }
    }
    // The answer has expired, was invalidated, or was never stored.
    if (!answer) platform.defer(matcher.forget(scope, [entryId]))
    return { kind: 'none', match: { kind: 'miss', reason: 'below' } }
  }

  /** The answer with this id, if it may be given to another prompt; `unread` if Redis did not tell. */
  async #read(request: Resolved, id: string): Promise<StoredAnswer | 'unread' | undefined> {
    const options = { tags: request.tags, schema: answerSchema as never }
    const { value, outcome } = await this.#ctx.cache().lookup(answerKey(id), options)
    if (outcome.kind === 'miss' && outcome.reason === 'unavailable') return 'unread'
    const answer = value as StoredAnswer | undefined
    return answer?.isMatchable ? answer : undefined
  }

  /** Whether an answer was read that is not too old for this request. */
  #mayServe(
    { control: { maxAgeMs = Infinity } }: Resolved,
    answer: StoredAnswer | 'unread' | undefined,
  ): answer is StoredAnswer {
    return typeof answer === 'object' && this.#ctx.platform.now() - answer.at <= maxAgeMs
  }

  /** Makes a new answer findable from other prompts. Never rejects, as the answer itself does not depend on it. */
  async introduce(
    request: Resolved,
    match: Match | undefined,
    fresh: () => string,
    textOf: (answer: StoredAnswer) => string,
  ): Promise<void> {
    await Promise.allSettled([this.#point(request), this.#remember(request, match, fresh, textOf)])
  }

  async #point({ foldedKey, id, tags, ttlMs: ttl }: Resolved): Promise<void> {
    if (foldedKey !== undefined) await this.#ctx.cache().set(foldedKey, id, { tags, ttl })
  }

  async #remember(
    request: Resolved,
    match: Match | undefined,
    fresh: () => string,
    textOf: (answer: StoredAnswer) => string,
  ): Promise<void> {
    const { matcher } = this.#ctx
    const { scope, prompt, id: entryId, matching } = request
    if (!matcher || !matching) return
    if (match?.kind !== 'explore') return matcher.remember({ scope, prompt, entryId })
    const { candidate } = match
    const answer = await this.#read(request, candidate.entryId)
    // The candidate is neither judged nor forgotten.
    if (answer === 'unread') return matcher.remember({ scope, prompt, entryId })
    const stored = answer && textOf(answer)
    await matcher.review({ scope, prompt, entryId, candidate, stored, fresh: fresh() })
  }
}
