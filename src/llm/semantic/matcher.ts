/**
 * What the response cache asks of semantic matching: which stored answer, if any, may stand for the
 * answer to a prompt that was never asked in these words.
 *
 * @module
 */

import type { VetoReason } from './veto.ts'

/** A stored prompt that is close to the one that was asked. */
export interface Candidate {
  readonly entryId: string
  /** Cosine of the two prompts' vectors, from [0, 1]; what is below 0 counts as 0. */
  readonly similarity: number
}

/** Why nothing may be served. */
export type MatchMiss =
  /** The scope holds no vectors. */
  | 'empty'
  /** The nearest prompt is less similar than the policy, or the caller, demands. */
  | 'below'
  /** The prompt has no letter or digit, is longer than `maxPromptChars`, or not well-formed. */
  | 'unsuitable'
  /** The embedder or the store failed; `error` says how. */
  | 'failed'

/** What matching a prompt led to. */
export type Match =
  /** The candidate's answer may be served. */
  | ({ readonly kind: 'hit' } & Candidate & {
        /** How probably the answer is right, by the verified policy; else `undefined`. */
        readonly confidence: number | undefined
      })
  /** Nothing to serve. The fresh answer's prompt is to be remembered. */
  | {
      readonly kind: 'miss'
      readonly reason: MatchMiss
      readonly candidate?: Candidate
      readonly error?: unknown
    }
  /** The nearest prompts differ in something that changes the answer. To be remembered as well. */
  | { readonly kind: 'veto'; readonly reason: VetoReason; readonly candidate: Candidate }
  /**
   * The candidate is not proven yet. The fresh answer is to be compared with the stored one by
   * {@link Matcher.review}, which then learns, and remembers the prompt if need be.
   */
  | {
      readonly kind: 'explore'
      readonly reason: 'unproven'
      readonly candidate: Candidate
      readonly confidence: number
    }

/** What to match. */
export interface MatchRequest {
  /**
   * Everything but the prompt that the answer depends on, as one text, such as a hash: tenant, model,
   * parameters, earlier turns. What was remembered in another scope is never seen.
   */
  readonly scope: string
  /** The last turn of the user. */
  readonly prompt: string
  readonly signal?: AbortSignal | undefined
  /** Demands more similarity than the policy does, from [0, 1]; less is not to be had. */
  readonly minSimilarity?: number | undefined
}

/** A prompt with an answer, to be found from now on. */
export interface RememberRequest {
  readonly scope: string
  readonly prompt: string
  /** What the response cache calls the answer: 1 to 128 printable ASCII characters. */
  readonly entryId: string
}

/** What an explored miss has shown. */
export interface LearnRequest {
  readonly scope: string
  readonly candidate: Candidate
  /** Whether the stored answer was as good as the fresh one. */
  readonly same: boolean
}

/** An explored miss whose fresh answer is there. */
export interface ReviewRequest extends RememberRequest {
  readonly candidate: Candidate
  /** The stored answer; `undefined` when it is gone, and the candidate is forgotten. */
  readonly stored: string | undefined
  readonly fresh: string
}

/** Counts since the matcher was made, in this isolate. */
export interface MatcherStats {
  readonly matches: number
  readonly hits: number
  readonly misses: Readonly<Record<MatchMiss, number>>
  readonly vetoes: Readonly<Partial<Record<VetoReason, number>>>
  readonly explored: number
  /** Explored misses that were judged. */
  readonly judged: number
  /** Of those, how often the stored answer was not as good. */
  readonly wrong: number
  /** Judgements that could not be made or kept. */
  readonly unjudged: number
  readonly remembered: number
  /** Sum over the hits of the probability that each was wrong, as believed; 0 under a static policy. */
  readonly expectedWrong: number
  /** How often a match is believed to have led to a wrong answer: `expectedWrong / matches`. */
  readonly errorOverAll: number
  /** How often a hit is believed to have been wrong: `expectedWrong / hits`. */
  readonly errorPerHit: number
}

/** Finds stored answers by what was asked. Reads fail open; writes reject as the cache's do. */
export interface Matcher {
  /**
   * Looks for an answer that may be served. What fails is a miss; only an abort rejects.
   *
   * @throws `signal.reason` when the caller gave up.
   * @throws {InvalidOptionError} When a field of the request is out of its range.
   */
  match(request: MatchRequest): Promise<Match>
  /** Makes a prompt findable. Does nothing for a prompt that is not suitable. */
  remember(request: RememberRequest): Promise<void>
  /** Adds one judgement to what is known of a candidate, unless it has been forgotten. */
  learn(request: LearnRequest): Promise<void>
  /**
   * Judges an explored miss, learns from it, and remembers the prompt when the candidate's answer
   * was not as good. Never rejects: meant for `platform.defer`.
   */
  review(request: ReviewRequest): Promise<void>
  /** Forgets some prompts of a scope; those unknown are passed over. */
  forget(scope: string, entryIds: readonly string[]): Promise<void>
  /** Forgets a scope with all that was learnt in it. */
  forgetScope(scope: string): Promise<void>
  stats(): MatcherStats
}
