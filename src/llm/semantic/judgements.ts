/**
 * The judgements on each entry, shared by all isolates through Redis.
 *
 * A judgement has twelve characters: `;`, a nonce of six, the similarity in thousandths, and `1` if the
 * stored answer was as good as the fresh one, else `0`. The latest 64 of an entry are kept.
 *
 * @module
 */

import type { CacheContext } from '../../cache/context.ts'
import { randomId } from '../../entry/id.ts'
import { inTurn } from '../../redis/answer.ts'
import type { Reply } from '../../redis/requester.ts'
import { SEMANTIC_LEARN } from '../../redis/scripts/semantic.ts'
import type { Observation } from './belief.ts'
import { type Prior, pool } from './prior.ts'
import type { SemanticNames } from './semantic-names.ts'

const JUDGEMENT = /;[\w-]{6}(\d{4})([01])/g
const CHARS = 12
const KEPT = 64
const NONCE_CHARS = 6
/** How many entries of a scope are sampled to compute its prior, which takes some milliseconds. */
export const SAMPLED_ENTRIES = 64
/** How long a scope's prior is used before it is computed again. */
const PRIOR_LIFE_MS = 60_000
const MAX_PRIORS = 256

/** What the decision about a candidate is based on. */
export interface Knowledge {
  readonly prior: Prior
  readonly own: readonly Observation[]
}

interface KnownPrior {
  readonly prior: Prior
  readonly madeAt: number
}

/** Settings of {@link Judgements}, resolved. */
export interface JudgementsOptions {
  readonly names: SemanticNames
  /** Whether the vectors are in the same Redis: then an entry without a vector is known to be gone. */
  readonly hasVectors: boolean
  /** How many entries of a scope may have judgements if the vectors are stored elsewhere. */
  readonly maxEntries: number
  readonly ttlMs: number
}

/**
 * Reads and adds judgements, each with one command. Once a minute per scope, a read takes a second command.
 * Judgements added at the same time are all kept, and one that is sent twice is kept once.
 */
export class Judgements {
  readonly #ctx: CacheContext
  readonly #options: JudgementsOptions
  readonly #priors = new Map<string, KnownPrior>()

  constructor(ctx: CacheContext, options: JudgementsOptions) {
    this.#ctx = ctx
    this.#options = options
  }

  async of(scope: string, entryId: string): Promise<Knowledge> {
    const { state } = this.#options.names.of(scope)
    const prior = this.#priorOf(scope, state)
    const own = this.#ctx.link.send(['HGET', state, entryId])
    const [known, text] = await Promise.all([prior, own])
    return { prior: known, own: readJudgements(text) }
  }

  /** @returns Whether the judgement is stored; it is not if the entry is gone. */
  async add(scope: string, entryId: string, { similarity, same }: Observation): Promise<boolean> {
    const { vectors, state } = this.#options.names.of(scope)
    const { hasVectors, maxEntries, ttlMs } = this.#options
    const thousandths = String(Math.round(similarity * 1_000)).padStart(4, '0')
    const judgement = `;${randomId().slice(0, NONCE_CHARS)}${thousandths}${same ? 1 : 0}`
    const args = [entryId, judgement, KEPT * CHARS, ttlMs, hasVectors ? 0 : maxEntries]
    return (await this.#ctx.link.run(SEMANTIC_LEARN, [vectors, state], args)) === 1
  }

  /** Removes judgements if the vectors are stored elsewhere. Otherwise they are removed with their vectors. */
  async remove(scope: string, entryIds: readonly string[]): Promise<void> {
    if (this.#options.hasVectors || entryIds.length === 0) return
    await this.#ctx.link.send(['HDEL', this.#options.names.of(scope).state, ...entryIds])
  }

  async clear(scope: string): Promise<void> {
    this.#priors.delete(scope)
    if (!this.#options.hasVectors) {
      await this.#ctx.link.send(['DEL', this.#options.names.of(scope).state])
    }
  }

  async #priorOf(scope: string, state: string): Promise<Prior> {
    const now = this.#ctx.platform.now()
    const known = this.#priors.get(scope)
    if (known && now - known.madeAt < PRIOR_LIFE_MS) return known.prior
    const reply = await this.#ctx.link.send(['HRANDFIELD', state, SAMPLED_ENTRIES, 'WITHVALUES'])
    const prior = pool(valuesOf(reply).map(readJudgements))
    this.#priors.delete(scope)
    this.#priors.set(scope, { prior, madeAt: now })
    for (const oldest of this.#priors.keys()) {
      if (this.#priors.size <= MAX_PRIORS) break
      this.#priors.delete(oldest)
    }
    return prior
  }
}

function readJudgements(text: Reply | undefined): Observation[] {
  if (typeof text !== 'string') return []
  return [...text.matchAll(JUDGEMENT)].slice(-KEPT).map(([, thousandths, same]) => ({
    similarity: Math.min(1, Number(thousandths) / 1_000),
    same: same === '1',
  }))
}

/** The values of a reply that lists fields and values in turn. */
function valuesOf(reply: Reply): readonly Reply[] {
  const told = inTurn(reply)
  return Array.isArray(told) ? told.filter((_, i) => i % 2 === 1) : []
}
