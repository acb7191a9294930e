/**
 * The interface of the protocols that the proxy supports.
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
  /** Whether the client asks for a stream. */
  readonly isStreamed: boolean
  /** Whether the request may share answers with similar ones. */
  readonly isMatchable: boolean
  /** From 0 up; `undefined` if the request does not set it. */
  readonly temperature: number | undefined
  /** Whether the model would repeat its answer: at temperature 0, or with a seed. */
  readonly isDeterministic: boolean
  /** Whether the request limits the length of the answer. */
  readonly hasLimit: boolean
  /** The JSON that the answer has to be. */
  readonly format: { readonly schema: unknown } | undefined
  /** Whether the client wants the token usage at the end of a stream. */
  readonly wantsUsage: boolean
}

/** How answers are judged. */
export interface JudgeOptions {
  readonly storesTruncated: boolean
  readonly storesToolCalls: boolean
}

/** Tracks how an answer ends, part by part. It keeps no parts. */
export interface Ending {
  take(part: string): void
  /**
   * Whether the model said how its answer ended. If not, the answer was cut off, failed on the way, or is
   * none.
   */
  isTold(): boolean
  /** Whether the model reported a failure. */
  hasFailed(): boolean
}

/** A protocol. Parts are JSON texts as the model wrote them, or comments, which begin with a colon. */
export interface Dialect {
  readonly contentType: Readonly<Record<Shape, string>>
  /** Name of the protocol and its endpoint, such as `openai/chat`. */
  readonly surface: string
  /** Reads a request; `undefined` for one that asks for no answer, such as one that loads a model. */
  read(body: Body): Reading | undefined
  /** The body to send. */
  bodyFor(text: string, reading: Reading): string
  split(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void>
  /** Whether this part is the last, even if the connection is still open. */
  isEnd(part: string): boolean
  /** Begins to track one answer. */
  ending(shape: Shape): Ending
  judge(parts: readonly string[], reading: Reading, options: JudgeOptions): Verdict
  textOf(parts: readonly string[]): string
  /** Returns a function that gives new ids to one answer; use the same function for all its parts. */
  renew(newId: () => string, now: number): (part: string) => string
  /** A part as this client wants it; `undefined` for one it does not want. */
  tailor(part: string, reading: Reading): string | undefined
  toWhole(parts: readonly string[]): string
  toStream(whole: string): readonly string[]
  /** A part of a stream as it is sent. */
  frame(part: string): string
  /** What a stream ends with. */
  readonly end: string
  /** The body that reports a failure. */
  problem(message: string, type: string): string
}

/** The members of a body without these, and without those that are `null`, which stands for the default. */
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

/** Whether a part is a comment, which only keeps the connection alive. */
export function isComment(part: string): boolean {
  return part.startsWith(':')
}

/** The failure that the model reported, as it wrote it. */
export function failureIn(parts: readonly string[]): string | undefined {
  return parts.findLast((part) => part.includes('"error"') && 'error' in (parseObject(part) ?? {}))
}

/** The answer of a model in terms that both protocols share. */
export interface Summary {
  readonly text: string
  readonly hasToolCalls: boolean
  /** Whether the arguments of its tool calls are JSON. @default true */
  readonly hasReadableCalls?: boolean | undefined
  readonly isRefused: boolean
  /** `undefined` if the model did not say how the answer ended. */
  readonly finish: 'stop' | 'length' | 'refused' | 'other' | undefined
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number } | undefined
}

/** Decides whether an answer is stored. */
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
