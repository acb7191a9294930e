/**
 * The stored form of an answer, and the reasons not to store one.
 *
 * @module
 */

import type { StandardSchema } from '../cache/standard-schema.ts'

/** Tokens that an answer used, as counted by the model. */
export interface TokenUsage {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** A stored answer. */
export interface StoredAnswer<Part = unknown> {
  /** Version of this layout. */
  readonly format: 1
  /** Names the type of the parts; chosen by the source that stored them. */
  readonly shape: string
  /** What the model sent, in order. */
  readonly parts: readonly Part[]
  /** When it was complete, in epoch milliseconds. */
  readonly at: number
  /** How long it took to generate, in milliseconds. */
  readonly tookMs: number
  readonly usage: TokenUsage | undefined
  /** Whether the answer may be served for other prompts than its own. */
  readonly isMatchable: boolean
}

/** Why an answer is not stored. */
export type Unstorable =
  /** The answer was cut off by the model's token limit or a lost connection. */
  | 'truncated'
  /** The model refused, or a content filter did. */
  | 'refused'
  | 'empty'
  /** The model reported an error instead of the rest of its answer. */
  | 'failed'
  /** The answer does not have the requested format. */
  | 'malformed'
  /** The answer calls tools, and such answers are not to be stored. */
  | 'tool-calls'
  | 'too-large'
  /** The request, or the lifetime of its content class, excludes storing. */
  | 'unwanted'
  /** Generated without a lease: the wait for another process timed out, or Redis failed. */
  | 'gave-up'

/** Whether a complete answer may be stored, and if not, why. */
export type Verdict =
  | {
      readonly store: true
      readonly usage?: TokenUsage | undefined
      /** @default true */
      readonly isMatchable?: boolean
    }
  | {
      readonly store: false
      readonly reason: Unstorable
      readonly usage?: TokenUsage | undefined
    }

/** Checks answers read from Redis, because another version of nearcache may have stored them. */
export const answerSchema: StandardSchema<StoredAnswer> = {
  '~standard': {
    version: 1,
    vendor: 'nearcache',
    validate: (value: unknown) =>
      isAnswer(value) ? { value } : { issues: [{ message: 'not an answer of this version' }] },
  },
}

function isAnswer(value: unknown): value is StoredAnswer {
  if (typeof value !== 'object' || value === null) return false
  const { format, shape, parts, at, tookMs, usage } = value as Partial<StoredAnswer>
  return (
    format === 1 &&
    typeof shape === 'string' &&
    Array.isArray(parts) &&
    Number.isFinite(at) &&
    Number.isFinite(tookMs) &&
    (usage === undefined || isUsage(usage))
  )
}

function isUsage({ promptTokens, completionTokens }: TokenUsage): boolean {
  return Number.isFinite(promptTokens) && Number.isFinite(completionTokens)
}
