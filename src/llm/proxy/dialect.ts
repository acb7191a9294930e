/**
 * What differs between the protocols that the proxy speaks.
 *
 * @module
 */

import { parseObject } from '../../entry/json-object.ts'
import type { Unstorable, Verdict } from '../answer.ts'
import type { Question } from '../request.ts'
import { isJson } from '../schema-check.ts'

/** A whole body in one part, or a stream in many. */
export type Shape = 'whole' | 'stream'

/** The body of a request, parsed. */
export type Body = Readonly<Record<string, unknown>>

/** What a request asks for. */
export interface Reading {
  readonly question: Pick<
    Question,
    'surface' | 'model' | 'prompt' | 'context' | 'isVerbatim' | 'promptVersion'
  >
  /** Whether the answer is to come as a stream. */
  readonly isStreamed: boolean
  /** Whether the request allows its answer to serve others, and theirs to serve it. */
  readonly isMatchable: boolean
  /** From 0 up; `undefined` when it is left to the model. */
  readonly temperature: number | undefined
  /** Whether two answers to it are the same by the model's own doing: at temperature 0, or with a seed. */
  readonly isDeterministic: boolean
  /** Whether what it cut off at was asked for. */
  readonly hasLimit: boolean
  /** What the answer has to be. */
  readonly format: { readonly schema: unknown } | undefined
  /** Whether a stream ends with the tokens it took. */
  readonly wantsUsage: boolean
}

/** How answers are judged. */
export interface JudgeOptions {
  readonly storesTruncated: boolean
  readonly storesToolCalls: boolean
}

/** How an answer ends, as far as its parts have come. It keeps none of them. */
export interface Ending {
  take(part: string): void
  /**
   * Whether the model said how its answer ended. If not it broke off, failed on the way, or what came is
   * no answer.
   */
  isTold(): boolean
  /** Whether the model told of a failure. */
  hasFailed(): boolean
}

/** A protocol. Parts are JSON texts, as the model wrote them; those that begin with a colon say nothing. */
export interface Dialect {
  readonly contentType: Readonly<Record<Shape, string>>
  /** Names of the paths it answers, below the mount. */
  readonly surface: string
  /** Reads a request; `undefined` for one that is no question, such as one that loads a model. */
  read(body: Body): Reading | undefined
  /** The body to send. */
  bodyFor(text: string, reading: Reading): string
  split(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void>
  /** Whether nothing follows, though the connection may not have ended yet. */
  isEnd(part: string): boolean
  /** Follows one answer to its end. */
  ending(shape: Shape): Ending
  judge(parts: readonly string[], reading: Reading, options: JudgeOptions): Verdict
  textOf(parts: readonly string[]): string
  /** Gives an answer ids of its own: the same function for all its parts. */
  renew(newId: () => string, now: number): (part: string) => string
  /** A part as this client wants it; `undefined` for one it does not want. */
  tailor(part: string, reading: Reading): string | undefined
  toWhole(parts: readonly string[]): string
  toStream(whole: string): readonly string[]
  /** A part of a stream as it is sent. */
  frame(part: string): string
  /** What a stream ends with. */
  readonly end: string
  /** The body that tells of a failure. */
  problem(message: string, type: string): string
}

/** The members of a body without these, and without those that are `null`: a default by another name. */
export function without(body: Body, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => value !== null && !names.includes(name)),
  )
}

export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** The part without what tells of nothing but the connection. */
export function isComment(part: string): boolean {
  return part.startsWith(':')
}

/** The failure that the model told of, as it told it. */
export function failureIn(parts: readonly string[]): string | undefined {
  return parts.findLast((part) => part.includes('"error"') && 'error' in (parseObject(part) ?? {}))
}

/** The answer of a model in the words that both protocols have for it. */
export interface Summary {
  readonly text: string
  readonly hasToolCalls: boolean
  /** Whether what its calls pass on can be read. @default true */
  readonly hasReadableCalls?: boolean | undefined
  readonly isRefused: boolean
  /** `undefined` when no end was told. */
  readonly finish: 'stop' | 'length' | 'refused' | 'other' | undefined
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | undefined
}

/** Decides about an answer. */
export function judgeSummary(summary: Summary, reading: Reading, options: JudgeOptions): Verdict {
  const { usage, hasToolCalls } = summary
  const reason =
    unfinished(summary, reading, options) ??
    (hasToolCalls ? unreadable(summary) : unfit(summary, reading))
  if (reason) return { store: false, reason, usage }
  if (!hasToolCalls) return { store: true, usage }
  if (!options.storesToolCalls) return { store: false, reason: 'tool-calls', usage }
  return { store: true, usage, isMatchable: false }
}

function unfinished(
  { isRefused, finish }: Summary,
  { hasLimit }: Reading,
  { storesTruncated }: JudgeOptions,
): Unstorable | undefined {
  if (isRefused || finish === 'refused') return 'refused'
  if (finish === 'stop') return undefined
  return finish === 'length' && storesTruncated && hasLimit ? undefined : 'truncated'
}

function unreadable({ hasReadableCalls = true }: Summary): Unstorable | undefined {
  return hasReadableCalls ? undefined : 'malformed'
}

function unfit({ text, finish }: Summary, { format }: Reading): Unstorable | undefined {
  if (text.trim() === '') return 'empty'
  if (!format || finish !== 'stop') return undefined
  return isJson(text, format.schema) ? undefined : 'malformed'
}
