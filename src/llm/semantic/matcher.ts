/**
 * The interface of semantic matching: which stored answer, if any, may be served for a prompt that was
 * never asked in these words.
 *
 * @module
 */

import type { VetoReason } from './veto.ts'

/** A stored prompt that is close to the one that was asked. */
export interface Candidate {
  readonly entryId: string
  /** Cosine of the two prompts' vectors, from [0, 1]; negative ones count as 0. */
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
  /** Nothing to serve. Call {@link Matcher.remember} for the fresh answer. */
  | {
      readonly kind: 'miss'
      readonly reason: MatchMiss
      readonly candidate?: Candidate
      readonly error?: unknown
    }
  /** The nearest prompts differ in something that changes the answer. Call {@link Matcher.remember} too. */
  | { readonly kind: 'veto'; readonly reason: VetoReason; readonly candidate: Candidate }
  /**
   * The candidate is not proven yet. Pass the fresh answer to {@link Matcher.review}, which compares it
   * with the stored one, learns from that, and remembers the prompt if needed.
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
   * parameters, earlier turns. Prompts of another scope are never found.
   */
  readonly scope: string
  /** The last turn of the user. */
  readonly prompt: string
  readonly signal?: AbortSignal | undefined
  /** Raises the policy's minimum similarity, from [0, 1]; a lower value has no effect. */
  readonly minSimilarity?: number | undefined
}

/** A prompt that has an answer, and is to be found from now on. */
export interface RememberRequest {
  readonly scope: string
  readonly prompt: string
  /** The id of the answer in the response cache: 1 to 128 printable ASCII characters. */
  readonly entryId: string
}

/** A judgement on an explored miss. */
export interface LearnRequest {
  readonly scope: string
  readonly candidate: Candidate
  /** Whether the stored answer was as good as the fresh one. */
  readonly same: boolean
}

/** An explored miss, with its fresh answer. */
export interface ReviewRequest extends RememberRequest {
  readonly candidate: Candidate
  /** The stored answer; `undefined` if it no longer exists: then the candidate is forgotten. */
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
  /** Explored misses that could not be judged, or whose result could not be stored. */
  readonly unjudged: number
  readonly remembered: number
  /** Estimated number of wrong hits: the sum of their probabilities; 0 under a static policy. */
  readonly expectedWrong: number
  /** Estimated share of wrong hits among all matches: `expectedWrong / matches`. */
  readonly errorOverAll: number
  /** Estimated share of wrong hits among all hits: `expectedWrong / hits`. */
  readonly errorPerHit: number
}

/** Finds stored answers to similar prompts. A read that fails is a miss; a write that fails rejects. */
export interface Matcher {
  /**
   * Looks for an answer that may be served. A failure is a miss.
   *
   * @throws `signal.reason` when the caller aborted.
   * @throws {InvalidOptionError} When a field of the request is out of its range.
   */
  match(request: MatchRequest): Promise<Match>
  /** Makes a prompt findable. Does nothing for a prompt that is not suitable. */
  remember(request: RememberRequest): Promise<void>
  /** Adds one judgement on a candidate, unless the candidate has been forgotten. */
  learn(request: LearnRequest): Promise<void>
  /**
   * Judges an explored miss, learns from it, and remembers the prompt when the candidate's answer
   * was not as good. Never rejects: meant for `platform.defer`.
   */
  review(request: ReviewRequest): Promise<void>
  /** Forgets some prompts of a scope; unknown ids are ignored. */
  forget(scope: string, entryIds: readonly string[]): Promise<void>
  /** Forgets all prompts of a scope, with all judgements. */
  forgetScope(scope: string): Promise<void>
  stats(): MatcherStats
}
