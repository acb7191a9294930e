/**
 * Finds stored answers to similar prompts: embeds the prompt, searches, checks for a veto, decides.
 *
 * @module
 */

import type { CacheContext } from '../../cache/context.ts'
import { encodeUtf8, toBase64Url } from '../../entry/bytes.ts'
import { nonEmptyText, numberWithin } from '../../entry/option-checks.ts'
import { sha256 } from '../../entry/sha256.ts'
import { InvalidOptionError, InvalidValueError } from '../../errors.ts'
import { unlessAborted } from '../../flight/deadline.ts'
import type { Embedder } from './embedder.ts'
import type { Judge } from './judge.ts'
import type { Judgements } from './judgements.ts'
import type {
  Candidate,
  LearnRequest,
  Match,
  Matcher,
  MatcherStats,
  MatchRequest,
  RememberRequest,
  ReviewRequest,
} from './matcher.ts'
import { believe, decide, type SemanticPolicy } from './policy.ts'
import { quantize } from './quantize.ts'
import { type Reading, read } from './reading.ts'
import { MatchTally } from './tally.ts'
import type { VectorSeal } from './vector-seal.ts'
import type { Neighbour, VectorStore } from './vector-store.ts'
import { findVeto, type VetoReason } from './veto.ts'

/** What a matcher is made of; see `createSemanticMatcher`. */
export interface MatcherParts {
  readonly ctx: CacheContext
  readonly embedder: Embedder
  readonly store: VectorStore
  /** Seals prompts for a store that does not do so itself. */
  readonly seal: VectorSeal | undefined
  readonly judgements: Judgements
  readonly policy: SemanticPolicy
  readonly judge: Judge
  readonly maxPromptChars: number
}

/** How many of the nearest prompts are checked: the first without a veto is the candidate. */
const LOOKED_AT = 8
const ENTRY_ID = /^[\x21-\x7e]{1,128}$/

/** A {@link Matcher} made of an embedder, a vector store and the judgements. */
export class SemanticMatcher implements Matcher {
  readonly #parts: MatcherParts
  readonly #tally = new MatchTally()

  constructor(parts: MatcherParts) {
    this.#parts = parts
  }

  stats(): MatcherStats {
    return this.#tally.stats()
  }

  async match(request: MatchRequest): Promise<Match> {
    const { signal, minSimilarity = 0 } = request
    numberWithin(minSimilarity, 'minSimilarity', 0, 1)
    signal?.throwIfAborted()
    const scope = scopeName(request.scope)
    try {
      const work = this.#match(scope, request)
      return this.#tally.matched(await unlessAborted(work, signal))
    } catch (error) {
      signal?.throwIfAborted()
      return this.#tally.matched({ kind: 'miss', reason: 'failed', error })
    }
  }

  async remember({ scope, prompt, entryId }: RememberRequest): Promise<void> {
    checkEntryId(entryId)
    if (!this.#isSuitable(prompt)) return
    const name = scopeName(scope)
    const { store, seal } = this.#parts
    const code = await this.#codeOf(prompt)
    const note = seal ? await seal.closeText(name, entryId, prompt) : prompt
    await store.add(name, { entryId, code, note })
    this.#tally.remembered()
  }

  async learn({ scope, candidate, same }: LearnRequest): Promise<void> {
    const { entryId, similarity } = candidate
    checkEntryId(entryId)
    numberWithin(similarity, 'candidate.similarity', 0, 1)
    await this.#parts.judgements.add(scopeName(scope), entryId, { similarity, same })
    this.#tally.judged(same)
  }

  async review(request: ReviewRequest): Promise<void> {
    const { scope, prompt, candidate, stored, fresh } = request
    try {
      if (stored === undefined) {
        await this.forget(scope, [candidate.entryId])
        await this.remember(request)
        return
      }
      const same = await this.#parts.judge({ prompt, stored, fresh })
      await this.learn({ scope, candidate, same })
      if (!same) await this.remember(request)
    } catch {
      // An error of the judge or of Redis. The request has already been answered, so it is only counted.
      this.#tally.unjudged()
    }
  }

  async forget(scope: string, entryIds: readonly string[]): Promise<void> {
    for (const id of entryIds) checkEntryId(id)
    if (entryIds.length === 0) return
    const name = scopeName(scope)
    const { store, judgements } = this.#parts
    await Promise.all([store.remove(name, entryIds), judgements.remove(name, entryIds)])
  }

  async forgetScope(scope: string): Promise<void> {
    const name = scopeName(scope)
    await Promise.all([this.#parts.store.clear(name), this.#parts.judgements.clear(name)])
  }

  async #match(scope: string, { prompt, signal, minSimilarity = 0 }: MatchRequest): Promise<Match> {
    if (!this.#isSuitable(prompt)) return { kind: 'miss', reason: 'unsuitable' }
    const code = await this.#codeOf(prompt, signal)
    const found = await this.#parts.store.search(scope, code, LOOKED_AT, signal)
    const [nearest] = found
    if (nearest === undefined) return { kind: 'miss', reason: 'empty' }
    // The caller can only raise the minimum of the policy.
    const least = Math.max(this.#parts.policy.minSimilarity, minSimilarity)
    const near = found.filter(({ similarity }) => similarity >= least)
    if (near.length === 0) return { kind: 'miss', reason: 'below', candidate: candidateOf(nearest) }
    return this.#choose(scope, read(prompt), near)
  }

  /** Decides about the nearest prompt without a veto. */
  async #choose(scope: string, asked: Reading, near: readonly Neighbour[]): Promise<Match> {
    const { embedder } = this.#parts
    let first: { readonly reason: VetoReason; readonly candidate: Candidate } | undefined
    for (const neighbour of near) {
      const stored = await this.#promptOf(scope, neighbour)
      if (stored === undefined) continue
      const candidate = candidateOf(neighbour)
      const reason = findVeto(asked, read(stored), embedder.sees)
      if (reason === undefined) return this.#decide(scope, candidate)
      first ??= { reason, candidate }
    }
    return first ? { kind: 'veto', ...first } : { kind: 'miss', reason: 'empty' }
  }

  async #decide(scope: string, candidate: Candidate): Promise<Match> {
    const { policy, judgements, ctx } = this.#parts
    if (policy.kind === 'static') return { kind: 'hit', ...candidate, confidence: undefined }
    const { prior, own } = await judgements.of(scope, candidate.entryId)
    const belief = believe(prior, own)
    const verdict = decide(policy, belief, candidate.similarity, ctx.platform.random())
    const { confidence } = verdict
    if (verdict.kind === 'serve') return { kind: 'hit', ...candidate, confidence }
    return { kind: 'explore', reason: 'unproven', candidate, confidence }
  }

  async #promptOf(scope: string, { entryId, note }: Neighbour): Promise<string | undefined> {
    const { seal } = this.#parts
    return seal ? seal.openText(scope, entryId, note) : note
  }

  async #codeOf(prompt: string, signal?: AbortSignal): Promise<Int8Array> {
    const { embedder } = this.#parts
    const [vector] = await embedder.embed([prompt], signal)
    if (vector === undefined) throw new InvalidValueError('the embedder answered with no vector')
    return quantize(vector, embedder.dimensions)
  }

  #isSuitable(prompt: string): boolean {
    const { maxPromptChars } = this.#parts
    return prompt.length <= maxPromptChars && prompt.isWellFormed() && /[\p{L}\p{N}]/u.test(prompt)
  }
}

/** A name that every store accepts, for a scope of any length and characters. */
function scopeName(scope: string): string {
  nonEmptyText(scope, 'scope')
  return toBase64Url(sha256(encodeUtf8(scope)))
}

function checkEntryId(entryId: string): void {
  if (typeof entryId === 'string' && ENTRY_ID.test(entryId)) return
  throw new InvalidOptionError('entryId', '1 to 128 printable ASCII characters')
}

function candidateOf({ entryId, similarity }: Neighbour): Candidate {
  return { entryId, similarity: Math.min(1, Math.max(0, similarity)) }
}
