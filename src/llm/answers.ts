/**
 * Gets the answer to a question by the cheapest way there is: stored under the very prompt, under the
 * folded one, in the making elsewhere, stored for a similar prompt, and at last from the model.
 *
 * @module
 */

import { settledWithin, TIMED_OUT, unlessAborted } from '../flight/deadline.ts'
import type { Tier } from './accounting.ts'
import { answerSchema, type StoredAnswer } from './answer.ts'
import type { AnswerContext } from './answer-context.ts'
import { type Generation, Generator } from './generate.ts'
import type { Reader } from './reader.ts'
import { Recording } from './recording.ts'
import type { Resolved } from './request.ts'
import type { StoreResult } from './responses.ts'
import type { Source } from './source.ts'
import type { Elsewhere } from './tiers.ts'

/** The answer to a question, or the way to it. */
export type Obtained<Part = unknown> =
  | {
      readonly kind: 'stored'
      readonly tier: Tier
      readonly answer: StoredAnswer<Part>
      readonly ageMs: number
      readonly similarity: number | undefined
    }
  /** `joined`: another call is the first that reads it. */
  | {
      readonly kind: 'live'
      readonly via: 'miss' | 'joined' | 'bypass'
      readonly reader: Reader<Part>
    }
  | { readonly kind: 'absent' }

/** What a load of the cache below leads to, beside a stored answer. */
type Loaded = StoredAnswer | Recording | Elsewhere | Nothing
/** Nothing to serve: the load began after its caller had given up, or ended unstored. */
const NOTHING = Symbol('nothing to serve')
type Nothing = typeof NOTHING

/** How often a call looks again when what it found was gone by the time it came. */
const MAX_TRIES = 4

/** Gets answers. */
export class Answers {
  readonly #ctx: AnswerContext
  readonly #generator: Generator

  constructor(ctx: AnswerContext) {
    this.#ctx = ctx
    this.#generator = new Generator(ctx)
  }

  /**
   * Finds the answer, or asks the model.
   *
   * A hit is as new as any read of the cache below: no answer that was begun before an invalidation
   * is served to a call that came after it, and none in the making is joined.
   *
   * @throws Whatever the model failed with, unchanged, where it fails before it begins to answer.
   */
  async obtain<Part>(request: Resolved, source: Source<Part>): Promise<Obtained<Part>> {
    const { control, ttlMs, signal } = request
    signal?.throwIfAborted()
    if (control.noStore || ttlMs === 0) return this.#bypass(request, source)
    if (control.onlyIfCached) return this.find(request)
    if (control.noCache) return this.#afresh(request, source)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const obtained = await this.#whileWanted(this.#attempt(request, source), signal)
      if (obtained === 'too-old') return this.#afresh(request, source)
      if (obtained) return obtained
    }
    return this.#alone(request, source)
  }

  /** Finds the answer, and asks no model. */
  async find<Part>(request: Resolved): Promise<Obtained<Part>> {
    const { tiers, accounts, cache } = { ...this.#ctx, cache: this.#ctx.cache() }
    const { control, ttlMs, model } = request
    if (control.noStore || control.noCache || ttlMs === 0) {
      accounts.emit({ kind: 'bypass', model })
      return { kind: 'absent' }
    }
    const [exact, pointer] = await Promise.all([
      cache.lookup(request.key, { tags: request.tags, schema: answerSchema }),
      tiers.pointerOf(request),
    ])
    const answer = exact.value as StoredAnswer<Part> | undefined
    if (answer && !this.#isTooOld(request, answer)) return this.#hit(request, 'exact', answer)
    const other = await tiers.search(request, pointer, request.signal)
    if (other.kind === 'found') return this.#found(request, other)
    accounts.emit({ kind: 'absent', model })
    return { kind: 'absent' }
  }

  /** Stores an answer that the caller has, if it is worth it and the request does not forbid it. */
  async store<Part>(
    request: Resolved,
    source: Source<Part>,
    parts: readonly Part[],
    told: Pick<StoredAnswer, 'tookMs' | 'usage'>,
  ): Promise<StoreResult> {
    const { platform, tiers, cache } = { ...this.#ctx, cache: this.#ctx.cache() }
    const verdict = source.judge(parts)
    if (!verdict.store) return { stored: false, reason: verdict.reason }
    const { key, tags, ttlMs: ttl, control } = request
    if (ttl === 0 || control.noStore) return { stored: false, reason: 'unwanted' }
    const answer: StoredAnswer = {
      format: 1,
      shape: source.shape,
      parts,
      at: platform.now(),
      ...told,
      isMatchable: true,
    }
    const result = await cache.set(key, answer, { tags, ttl })
    if (result !== 'stored') return { stored: false, reason: result }
    await tiers.introduce(request, undefined, () => source.textOf(parts), String)
    return { stored: true }
  }

  /** Waits for an attempt. What it comes to when the caller has given up is left: nobody reads it. */
  async #whileWanted<T extends Obtained | 'too-old' | undefined>(
    attempt: Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    try {
      return await unlessAborted(attempt, signal)
    } catch (error) {
      this.#ctx.platform.defer(attempt.then(leave))
      throw error
    }
  }

  /** One look, and a load if nothing is there; `undefined` when what was found is gone by now. */
  async #attempt<Part>(
    request: Resolved,
    source: Source<Part>,
  ): Promise<Obtained<Part> | 'too-old' | undefined> {
    const { platform, limits, tiers } = this.#ctx
    const leading = Promise.withResolvers<Reader<Part>>()
    const state = { hasLed: false, gaveUp: false }
    // Sent in the same request as the look below.
    const pointer = tiers.pointerOf(request)
    const value = this.#ctx.cache().getOrSet<Loaded>(
      request.key,
      async (load) => {
        if (state.gaveUp || request.signal?.aborted) {
          load.skip()
          return NOTHING
        }
        state.hasLed = true
        const other = await tiers.search(request, await pointer, load.signal)
        if (other.kind === 'found') {
          load.skip()
          return other
        }
        const generation: Generation<Part> = { request, source, search: other }
        const recording = this.#generator.begin(generation)
        leading.resolve(recording.reader)
        load.share(recording.recording as Recording)
        const answer = await recording.run(load.signal)
        if (answer) return answer as StoredAnswer
        load.skip()
        return NOTHING
      },
      {
        tags: request.tags,
        ttl: request.ttlMs,
        loaderTimeout: { hard: limits.totalMs },
        schema: answerSchema as never,
      },
    )
    platform.defer(value)
    const first = Promise.race([leading.promise, value])
    let outcome = await settledWithin(platform, limits.patienceMs, first)
    if (outcome === TIMED_OUT && !state.hasLed) {
      state.gaveUp = true
      return this.#alone(request, source)
    }
    if (outcome === TIMED_OUT) outcome = await first
    return this.#interpret(request, outcome as Reader<Part> | Loaded)
  }

  async #interpret<Part>(
    request: Resolved,
    outcome: Reader<Part> | Loaded,
  ): Promise<Obtained<Part> | 'too-old' | undefined> {
    const { accounts } = this.#ctx
    const { model } = request
    if (outcome === NOTHING) return undefined
    if (outcome instanceof Recording) {
      const reader = (outcome as unknown as Recording<Part>).subscribe()
      if (!reader) return undefined
      accounts.emit({ kind: 'joined', model })
      return { kind: 'live', via: 'joined', reader }
    }
    if ('next' in outcome) {
      accounts.emit({ kind: 'miss', model })
      return { kind: 'live', via: 'miss', reader: outcome }
    }
    if ('kind' in outcome) return this.#found(request, outcome)
    const answer = outcome as StoredAnswer<Part>
    return this.#isTooOld(request, answer) ? 'too-old' : this.#hit(request, 'exact', answer)
  }

  /** Generates under a ticket, so that the new answer replaces the one there is. */
  async #afresh<Part>(request: Resolved, source: Source<Part>): Promise<Obtained<Part>> {
    const { reader } = await this.#generator.afresh({ request, source, search: NO_SEARCH })
    this.#ctx.accounts.emit({ kind: 'miss', model: request.model })
    return { kind: 'live', via: 'miss', reader }
  }

  /** Generates without the right to store: after waiting for another process in vain. */
  #alone<Part>(request: Resolved, source: Source<Part>): Obtained<Part> {
    const { reader } = this.#generator.unstored({ request, source, search: NO_SEARCH }, 'gave-up')
    this.#ctx.accounts.emit({ kind: 'miss', model: request.model })
    return { kind: 'live', via: 'miss', reader }
  }

  #bypass<Part>(request: Resolved, source: Source<Part>): Obtained<Part> {
    const { reader } = this.#generator.unstored({ request, source, search: NO_SEARCH }, 'unwanted')
    this.#ctx.accounts.emit({ kind: 'bypass', model: request.model })
    return { kind: 'live', via: 'bypass', reader }
  }

  #found<Part>(request: Resolved, { tier, answer, similarity }: Elsewhere): Obtained<Part> {
    return this.#hit(request, tier, answer as StoredAnswer<Part>, similarity)
  }

  #hit<Part>(
    { model }: Resolved,
    tier: Tier,
    answer: StoredAnswer<Part>,
    similarity?: number,
  ): Obtained<Part> {
    const ageMs = Math.max(0, this.#ctx.platform.now() - answer.at)
    const { usage, tookMs: savedMs } = answer
    this.#ctx.accounts.emit({ kind: 'hit', tier, model, usage, savedMs, ageMs, similarity })
    return { kind: 'stored', tier, answer, ageMs, similarity }
  }

  #isTooOld({ control: { maxAgeMs } }: Resolved, { at }: StoredAnswer): boolean {
    return maxAgeMs !== undefined && this.#ctx.platform.now() - at > maxAgeMs
  }
}

async function leave(obtained: Obtained | 'too-old' | undefined): Promise<void> {
  if (typeof obtained === 'object' && obtained.kind === 'live') await obtained.reader.return()
}

const NO_SEARCH = { kind: 'none', match: undefined } as const
