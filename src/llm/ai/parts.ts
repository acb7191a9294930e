/**
 * The parts of the AI SDK's language models (LanguageModelV4 of @ai-sdk/provider) that caching needs, as
 * structural types: any model that has them can be wrapped.
 *
 * @module
 */

import type { TokenUsage, Verdict } from '../answer.ts'
import { isJson } from '../schema-check.ts'

/** Tokens, as the SDK counts them. */
export interface AiUsage {
  readonly inputTokens: { readonly total: number | undefined }
  readonly outputTokens: { readonly total: number | undefined }
}

/** How an answer ended. */
export interface AiFinish {
  readonly unified: string
  readonly raw: string | undefined
}

/** A part of an answer, in a stream or in a whole answer. */
export interface AiPart {
  readonly type: string
}

/** A whole answer. */
export interface AiResult {
  readonly content: readonly AiPart[]
  readonly finishReason: AiFinish
  readonly usage: AiUsage
}

/** An answer in parts. */
export interface AiStream<Part extends AiPart = AiPart> {
  readonly stream: ReadableStream<Part>
}

/** The required format of an answer: the type `json` may have a schema. */
export interface AiFormat {
  readonly type: string
  readonly schema?: unknown
}

/** What a part may have besides its type. */
interface AiDetails {
  readonly id?: string
  readonly toolCallId?: string
  readonly text?: string
  readonly delta?: string
  readonly input?: unknown
  readonly usage?: AiUsage
  readonly finishReason?: AiFinish
}

export function detailsOf(part: AiPart): AiDetails {
  return part as AiDetails
}

/** Decides whether an answer may be stored. */
export function judge(
  parts: readonly AiPart[],
  finish: AiFinish | undefined,
  usage: AiUsage | undefined,
  format: AiFormat | undefined,
): Verdict {
  const tokens = usage && usageOf(usage)
  const hasCalls = parts.some(({ type }) => type.startsWith('tool-'))
  const malformed = { store: false, reason: 'malformed', usage: tokens } as const
  const isError = parts.some(({ type }) => type === 'error')
  switch (isError ? 'error' : finish?.unified) {
    case 'stop':
    case 'tool-calls':
      if (!hasCalls && textOf(parts).trim() === '')
        return { store: false, reason: 'empty', usage: tokens }
      if (hasCalls ? !areReadable(parts) : !fits(textOf(parts), format)) return malformed
      return { store: true, usage: tokens, isMatchable: !hasCalls }
    case 'content-filter':
      return { store: false, reason: 'refused', usage: tokens }
    case 'error':
      return { store: false, reason: 'failed', usage: tokens }
    default:
      return { store: false, reason: 'truncated', usage: tokens }
  }
}

function fits(text: string, format: AiFormat | undefined): boolean {
  return format?.type !== 'json' || isJson(text, format.schema)
}

/** Whether the arguments of all tool calls are JSON or empty. */
function areReadable(parts: readonly AiPart[]): boolean {
  return parts.every((part) => {
    const { input } = detailsOf(part)
    return part.type !== 'tool-call' || typeof input !== 'string' || input === '' || isJson(input)
  })
}

function usageOf({ inputTokens, outputTokens }: AiUsage): TokenUsage {
  return { promptTokens: inputTokens.total ?? 0, completionTokens: outputTokens.total ?? 0 }
}

/** The text of an answer, without the model's reasoning. */
export function textOf(parts: readonly AiPart[]): string {
  return parts
    .map((part) => {
      const { text = '', delta = '' } = detailsOf(part)
      return part.type === 'text' ? text : part.type === 'text-delta' ? delta : ''
    })
    .join('')
}

/** Gives the tool calls of an answer new ids, because repeated ids confuse agents. */
export function renewal(newId: () => string): <Part extends AiPart>(part: Part) => Part {
  const ids = new Map<string, string>()
  const renew = (id: string): string => {
    const fresh = ids.get(id) ?? `call_${newId()}`
    ids.set(id, fresh)
    return fresh
  }
  return (part) => {
    const { id, toolCallId } = detailsOf(part)
    if (toolCallId !== undefined) return { ...part, toolCallId: renew(toolCallId) }
    if (part.type.startsWith('tool-input-') && id !== undefined) return { ...part, id: renew(id) }
    return part
  }
}
