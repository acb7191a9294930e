/**
 * The protocol of OpenAI: `/v1/chat/completions`, with server-sent events.
 *
 * @module
 */

import { isObject, parseObject } from '../../entry/json-object.ts'
import { withOrderedCallIds } from '../call-ids.ts'
import { isJson } from '../schema-check.ts'
import {
  type Body,
  type Dialect,
  type Ending,
  isComment,
  judgeSummary,
  numberIn,
  type Reading,
  type Shape,
  type Summary,
  textIn,
  without,
} from './dialect.ts'
import { editJson, type Path } from './json-edit.ts'
import { toStream, toWhole } from './openai-shapes.ts'
import { splitEvents } from './split.ts'

/** Members of a request that are handled separately or do not change the answer. */
const ASIDE = [
  'model',
  'stream',
  'stream_options',
  'messages',
  'service_tier',
  'prompt_cache_key',
  'prompt_cache_retention',
]
const DONE = '[DONE]'

/** Chat completions. */
export const OPENAI_CHAT: Dialect = {
  surface: 'openai/chat',
  contentType: { whole: 'application/json', stream: 'text/event-stream' },
  read,
  bodyFor,
  split: splitEvents,
  isEnd: (part) => part.trim() === DONE,
  ending,
  judge: (parts, reading, options) => judgeSummary(summarise(parts), reading, options),
  textOf: (parts) => summarise(parts).text,
  renew,
  tailor,
  toWhole,
  toStream,
  frame: (part) =>
    isComment(part) ? `${part}\n\n` : `data: ${part.replaceAll('\n', '\ndata: ')}\n\n`,
  end: `data: ${DONE}\n\n`,
  problem: (message, type) => JSON.stringify({ error: { message, type, param: null, code: null } }),
}

function read(body: Body): Reading | undefined {
  const { model, messages, tools } = body
  if (typeof model !== 'string' || model === '') return undefined
  if (!Array.isArray(messages) || messages.length === 0) return undefined
  const turns = withOrderedCallIds(messages)
  const prompt = takePrompt(turns)
  const temperature = numberIn(body['temperature'])
  const hasTools = (Array.isArray(tools) && tools.length > 0) || Array.isArray(body['functions'])
  const isPlain = turns.every((turn) => isObject(turn) && turn['role'] !== 'tool')
  const options = isObject(body['stream_options']) ? body['stream_options'] : {}
  return {
    question: {
      surface: 'openai/chat',
      model,
      prompt: prompt ?? '',
      context: { ...without(body, ASIDE), turns },
    },
    isStreamed: body['stream'] === true,
    isMatchable: prompt !== undefined && isPlain && !hasTools && body['logprobs'] !== true,
    temperature,
    isDeterministic: temperature === 0 || numberIn(body['seed']) !== undefined,
    hasLimit: ['max_tokens', 'max_completion_tokens'].some((name) => numberIn(body[name])),
    format: formatOf(body['response_format']),
    wantsUsage: options['include_usage'] === true,
  }
}

/** Takes the user's last message out of the turns, if it is one text. */
function takePrompt(turns: unknown[]): string | undefined {
  const last = turns.at(-1)
  if (!isObject(last) || last['role'] !== 'user') return undefined
  const { content } = last
  const [only, ...more] = Array.isArray(content) ? (content as unknown[]) : []
  const part = isObject(only) && only['type'] === 'text' && more.length === 0 ? only : undefined
  const text = typeof content === 'string' ? content : part?.['text']
  if (typeof text !== 'string') return undefined
  turns[turns.length - 1] = without(last, ['content'])
  return text
}

function formatOf(format: unknown): Reading['format'] {
  if (!isObject(format)) return undefined
  if (format['type'] === 'json_object') return { schema: {} }
  if (format['type'] !== 'json_schema' || !isObject(format['json_schema'])) return undefined
  return { schema: format['json_schema']['schema'] }
}

/** Always asks for the token usage: the stored answer may be served to a client that wants it. */
function bodyFor(text: string, { isStreamed, wantsUsage }: Reading): string {
  if (!isStreamed || wantsUsage) return text
  let isThere = false
  const edited = editJson(text, ([name, more]) => {
    if (name !== 'stream_options' || more !== undefined) return undefined
    isThere = true
    return (raw) => JSON.stringify({ ...parseObject(raw), include_usage: true })
  })
  if (isThere) return edited
  return edited.replace(/\}\s*$/, ',"stream_options":{"include_usage":true}}')
}

/** In a stream, each choice has a finish reason. A whole answer is complete if it has choices. */
function ending(shape: Shape): Ending {
  const reasons = new Map<unknown, unknown>()
  let isBroken = false
  let hasFailed = false
  return {
    take(part) {
      if (isComment(part)) return
      const body = parseObject(part)
      isBroken ||= !body
      hasFailed ||= 'error' in (body ?? {})
      for (const { index, finish_reason: reason } of choicesIn(body ?? {})) {
        reasons.set(index, reasons.get(index) || reason)
      }
    },
    isTold() {
      if (shape === 'whole') return reasons.size > 0
      return !isBroken && !hasFailed && reasons.size > 0 && [...reasons.values()].every(Boolean)
    },
    hasFailed: () => hasFailed,
  }
}

function summarise(all: readonly string[]): Summary {
  const parts = all.filter((part) => !isComment(part)).map(parseObject)
  const isBroken = parts.some((part) => part === undefined || 'error' in part)
  const choices = parts.flatMap((part) => choicesIn(part ?? {}))
  const finishes = new Map<unknown, unknown>(choices.map(({ index }) => [index, undefined]))
  for (const { index, finish_reason: reason } of choices) if (reason) finishes.set(index, reason)
  const said = choices.map((choice) => {
    const { delta, message } = choice
    return isObject(message) ? message : isObject(delta) ? delta : {}
  })
  const usage = parts.map((part) => part?.['usage']).findLast(isObject)
  const hasToolCalls = said.some(({ tool_calls: calls, function_call: call }) =>
    Array.isArray(calls) ? calls.length > 0 : isObject(call),
  )
  return {
    text: said.map(({ content }) => textIn(content)).join(''),
    hasToolCalls,
    hasReadableCalls: !hasToolCalls || areReadable(all),
    isRefused: said.some(({ refusal }) => textIn(refusal) !== ''),
    finish: isBroken ? undefined : worstOf([...finishes.values()]),
    usage: usage && {
      promptTokens: numberIn(usage['prompt_tokens']) ?? 0,
      completionTokens: numberIn(usage['completion_tokens']) ?? 0,
    },
  }
}

/** Whether the joined arguments of each call are JSON: a model may write malformed ones. */
function areReadable(parts: readonly string[]): boolean {
  const whole = parts.length > 1 ? toWhole(parts) : (parts[0] ?? '')
  const calls = choicesIn(parseObject(whole) ?? {}).flatMap(({ message }) => {
    const { tool_calls: list, function_call: one } = isObject(message) ? message : {}
    return [
      one,
      ...(Array.isArray(list) ? list.map((call) => Object(call)['function'] as unknown) : []),
    ]
  })
  const texts = calls.map((call) => textIn(Object(call)['arguments']))
  return texts.every((text) => text === '' || isJson(text))
}

function choicesIn({ choices }: Body): readonly Body[] {
  return Array.isArray(choices) ? choices.filter(isObject) : []
}

const FINISHES: Readonly<Record<string, Summary['finish']>> = {
  stop: 'stop',
  tool_calls: 'stop',
  function_call: 'stop',
  length: 'length',
  content_filter: 'refused',
}

/** How the answer ended: as the choice that ended worst. */
function worstOf(reasons: readonly unknown[]): Summary['finish'] {
  const finishes = reasons.map((reason) =>
    reason === undefined ? undefined : (FINISHES[String(reason)] ?? 'other'),
  )
  if (finishes.length === 0 || finishes.includes(undefined)) return undefined
  return (['refused', 'other', 'length'] as const).find((one) => finishes.includes(one)) ?? 'stop'
}

/** Repeated ids confuse agents within one conversation. */
function renew(newId: () => string, now: number): (part: string) => string {
  const id = JSON.stringify(`chatcmpl-${newId()}`)
  const calls = new Map<string, string>()
  const renewCall = (raw: string): string => {
    // Some servers send an empty id with each fragment after the first.
    if (raw === '""' || raw === 'null') return raw
    const fresh = calls.get(raw) ?? JSON.stringify(`call_${newId()}`)
    calls.set(raw, fresh)
    return fresh
  }
  const created = String(Math.floor(now / 1_000))
  const members = new Map<unknown, () => string | null>([
    ['id', () => id],
    ['created', () => created],
    ['obfuscation', () => null],
  ])
  const edit = (part: string): string =>
    editJson(part, (path) => {
      if (path.length === 1) return members.get(path[0])
      return isCallId(path) ? renewCall : undefined
    })
  // The chunks of a stream begin with the same text, and most need no other change.
  const heads = new Map<string, string>()
  return (part) => {
    const at = part.indexOf(CHOICES)
    if (isComment(part) || at < 0) return isComment(part) ? part : edit(part)
    const head = part.slice(0, at)
    const rest = part.slice(at)
    const known = heads.get(head)
    if (known !== undefined && !TO_CHANGE.test(rest)) return known + rest
    const edited = edit(part)
    if (heads.size < MAX_HEADS) heads.set(head, edited.slice(0, edited.indexOf(CHOICES)))
    return edited
  }
}

const CHOICES = '"choices"'
/** Members that may need a change after the start of the choices. */
const TO_CHANGE = /"(?:id|created|obfuscation)"/
const MAX_HEADS = 16

function isCallId(path: Path): boolean {
  const [choices, , , calls, , id] = path
  return path.length === 6 && choices === 'choices' && calls === 'tool_calls' && id === 'id'
}

const NO_USAGE = ',"usage":null}'

function tailor(part: string, { wantsUsage, isStreamed }: Reading): string | undefined {
  if (wantsUsage || !isStreamed || isComment(part) || !part.includes('"usage"')) return part
  // The usual text of servers. Its brace ends the part, so the member is one of the outermost object.
  if (part.endsWith(NO_USAGE)) return `${part.slice(0, -NO_USAGE.length)}}`
  const body = parseObject(part)
  if (body === undefined || 'error' in body) return part
  if (Array.isArray(body['choices']) && body['choices'].length === 0) return undefined
  return editJson(part, (path) =>
    path.length === 1 && path[0] === 'usage' ? () => null : undefined,
  )
}
