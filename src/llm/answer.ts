/**
 * An answer as it is stored, and what decides whether it is.
 *
 * @module
 */

import type { StandardSchema } from '../cache/standard-schema.ts'

/** Tokens that an answer took, as the model counted them. */
export interface TokenUsage {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** A stored answer. */
export interface StoredAnswer<Part = unknown> {
  /** Of this layout. */
  readonly format: 1
  /** What the parts are, in the words of whoever stored them. */
  readonly shape: string
  /** What the model sent, in its order. */
  readonly parts: readonly Part[]
  /** When it was complete, in epoch milliseconds. */
  readonly at: number
  /** How long it took to generate, in milliseconds. */
  readonly tookMs: number
  readonly usage: TokenUsage | undefined
  /** Whether it may answer other prompts than its own. */
  readonly isMatchable: boolean
}

/** Why an answer is not stored. */
export type Unstorable =
  /** The model was cut off: by its limit of tokens, or by a lost connection. */
  | 'truncated'
  /** It refused, or a filter did. */
  | 'refused'
  | 'empty'
  /** It reported an error in place of the rest of its answer. */
  | 'failed'
  /** It is not of the form that was asked for. */
  | 'malformed'
  /** It calls tools, and those are not to be stored. */
  | 'tool-calls'
  | 'too-large'
  /** The request, or its content class, asked not to. */
  | 'unwanted'
  /** Generated without the right to store, after waiting for another process in vain. */
  | 'gave-up'

/** What a complete answer is worth. */
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

/** Checks what comes from Redis: whoever stored it may have been another version. */
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
