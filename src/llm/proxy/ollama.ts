/**
 * The protocol of Ollama: lines of JSON (`/api/generate`, `/api/chat`; docs/api.md of ollama/ollama).
 *
 * @module
 */

import { isObject, parseObject } from '../../entry/json-object.ts'
import { withOrderedCallIds } from '../call-ids.ts'
import {
  type Body,
  type Dialect,
  type Ending,
  judgeSummary,
  numberIn,
  type Reading,
  type Summary,
  textIn,
  without,
} from './dialect.ts'
import { editJson, itemsOf, membersOf, objectOf, type Path } from './json-edit.ts'
import { splitLines } from './split.ts'

/** Options that affect how a model is run, not what it answers. */
const RUNNER_OPTIONS = [
  'num_gpu',
  'num_thread',
  'num_batch',
  'main_gpu',
  'use_mmap',
  'use_mlock',
  'low_vram',
  'numa',
  'vocab_only',
]
/** Members of a request that are handled separately or do not change the answer. */
const ASIDE = ['model', 'stream', 'keep_alive', 'options']

/** Adds the default tag: `llama3.2` is `llama3.2:latest`. */
export function fullName(model: string): string {
  return model.includes(':', model.lastIndexOf('/') + 1) ? model : `${model}:latest`
}

/** `/api/chat` and `/api/generate`, which differ in where their texts are. */
export const OLLAMA: Readonly<Record<'chat' | 'generate', Dialect>> = {
  chat: dialect('chat', readChat),
  generate: dialect('generate', readGenerate),
}

function dialect(kind: Kind, read: Dialect['read']): Dialect {
  return {
    surface: `ollama/${kind}`,
    contentType: {
      whole: 'application/json; charset=utf-8',
      stream: 'application/x-ndjson',
    },
    read,
    bodyFor: (text) => text,
    split: splitLines,
    isEnd: () => false,
    ending,
    judge: (parts, reading, options) => judgeSummary(summarise(kind, parts), reading, options),
    textOf: (parts) => summarise(kind, parts).text,
    renew: (newId) => renewal(newId),
    tailor: (part) => part,
    toWhole: (parts) => toWhole(kind, parts),
    toStream: (whole) => toStream(kind, whole),
    frame: (part) => `${part}\n`,
    end: '',
    problem: (message) => JSON.stringify({ error: message }),
  }
}

type Kind = 'chat' | 'generate'

/** Ollama marks the last object with `done`. */
function ending(): Ending {
  let isDone = false
  let hasFailed = false
  return {
    take(part) {
      const body = parseObject(part) ?? {}
      isDone = body['done'] === true
      hasFailed ||= 'error' in body
    },
    isTold: () => isDone && !hasFailed,
    hasFailed: () => hasFailed,
  }
}

/** `undefined` for an empty prompt, which loads or unloads a model. */
function readGenerate(body: Body): Reading | undefined {
  const { prompt, images, raw } = body
  if (typeof prompt !== 'string' || prompt === '' || body['_debug_render_only'] === true) {
    return undefined
  }
  const isVerbatim = raw === true || textIn(body['suffix']) !== ''
  const context = { ...without(body, [...ASIDE, 'prompt']), options: effective(body) }
  const isAlone = images === undefined || (Array.isArray(images) && images.length === 0)
  return reading('generate', body, { prompt, context, isVerbatim, isMatchable: isAlone })
}

function readChat(body: Body): Reading | undefined {
  const { messages, tools } = body
  if (!Array.isArray(messages) || messages.length === 0 || body['_debug_render_only'] === true) {
    return undefined
  }
  const turns = withOrderedCallIds(messages).map((turn) =>
    isObject(turn) ? { ...without(turn, []), role: textIn(turn['role']).toLowerCase() } : turn,
  )
  const last: unknown = turns.at(-1)
  const isUsers = isObject(last) && last['role'] === 'user' && typeof last['content'] === 'string'
  // A last turn that is not the user's is matched exactly, like all turns before it.
  if (isUsers) turns[turns.length - 1] = without(last, ['content'])
  const context = { ...without(body, [...ASIDE, 'messages']), turns, options: effective(body) }
  const hasTools = Array.isArray(tools) && tools.length > 0
  const isPlain = turns.every(
    (turn) => isObject(turn) && turn['role'] !== 'tool' && turn['images'] === undefined,
  )
  return reading('chat', body, {
    prompt: isUsers ? textIn(last['content']) : '',
    context,
    isVerbatim: false,
    isMatchable: isUsers && isPlain && !hasTools,
  })
}

interface Asked {
  readonly prompt: string
  readonly context: unknown
  readonly isVerbatim: boolean
  readonly isMatchable: boolean
}

function reading(
  kind: Kind,
  body: Body,
  { prompt, context, isVerbatim, isMatchable }: Asked,
): Reading | undefined {
  const { model, format, logprobs } = body
  if (typeof model !== 'string' || model === '') return undefined
  const options = isObject(body['options']) ? body['options'] : {}
  const temperature = numberIn(options['temperature'])
  return {
    question: {
      surface: `ollama/${kind}`,
      model: fullName(model),
      prompt,
      context,
      isVerbatim,
    },
    // The server streams unless it is told not to.
    isStreamed: body['stream'] !== false,
    isMatchable: isMatchable && !isVerbatim && logprobs !== true,
    temperature,
    isDeterministic: temperature === 0 || numberIn(options['seed']) !== undefined,
    hasLimit: numberIn(options['num_predict']) !== undefined,
    format: format ? { schema: format } : undefined,
    wantsUsage: true,
  }
}

function effective({ options }: Body): Record<string, unknown> {
  return isObject(options) ? without(options, RUNNER_OPTIONS) : {}
}

interface Texts {
  readonly text: string
  readonly thinking: string
  readonly hasToolCalls: boolean
}

function textsOf(kind: Kind, part: Body): Texts {
  const message = kind === 'chat' && isObject(part['message']) ? part['message'] : part
  const calls = message['tool_calls']
  return {
    text: textIn(message[kind === 'chat' ? 'content' : 'response']),
    thinking: textIn(message['thinking']),
    hasToolCalls: Array.isArray(calls) && calls.length > 0,
  }
}

function summarise(kind: Kind, parts: readonly string[]): Summary {
  const bodies = parts.map(parseObject)
  const last = bodies.at(-1) ?? {}
  const texts = bodies.map((body) => textsOf(kind, body ?? {}))
  const isBroken = bodies.some((body) => body === undefined || 'error' in body)
  const prompt = numberIn(last['prompt_eval_count'])
  const completion = numberIn(last['eval_count'])
  return {
    text: texts.map(({ text }) => text).join(''),
    hasToolCalls: texts.some(({ hasToolCalls }) => hasToolCalls),
    isRefused: false,
    finish: isBroken || last['done'] !== true ? undefined : finishOf(last['done_reason']),
    usage:
      prompt === undefined && completion === undefined
        ? undefined
        : { promptTokens: prompt ?? 0, completionTokens: completion ?? 0 },
  }
}

/** Ollama leaves out the reason if it has lost its connection to the model. */
function finishOf(reason: unknown): Summary['finish'] {
  if (reason === 'stop' || reason === 'length') return reason
  return reason === undefined ? undefined : 'other'
}

function renewal(newId: () => string): (part: string) => string {
  const ids = new Map<string, string>()
  const renewId = (raw: string): string => {
    const fresh = ids.get(raw) ?? JSON.stringify(`call_${newId()}`)
    ids.set(raw, fresh)
    return fresh
  }
  return (part) => {
    if (!part.includes('"tool_calls"')) return part
    return editJson(part, (path) => (isCallId(path) ? renewId : undefined))
  }
}

/** Tool calls are in the message of a chat, or next to the text of a completion. */
function isCallId(path: Path): boolean {
  const [calls, , id, more] = path[0] === 'message' ? path.slice(1) : path
  return calls === 'tool_calls' && id === 'id' && more === undefined
}

/** The answer as the server sends it without a stream: the last object, with the content of all objects. */
function toWhole(kind: Kind, parts: readonly string[]): string {
  const all = parts.map((part) => {
    const members = membersOf(part)
    return kind === 'chat' ? membersOf(members.get('message') ?? '{}') : members
  })
  const joined = (name: string): string | undefined => {
    const texts = all.flatMap((members) => members.get(name) ?? [])
    if (texts.length === 0) return undefined
    return JSON.stringify(texts.map((raw) => textIn(JSON.parse(raw))).join(''))
  }
  const gathered = (name: string): string | undefined => {
    const items = all.flatMap((members) => itemsOf(members.get(name) ?? '[]'))
    return items.length === 0 ? undefined : `[${items.join(',')}]`
  }
  const last = membersOf(parts.at(-1) ?? '{}')
  const logprobs = parts.flatMap((part) => itemsOf(membersOf(part).get('logprobs') ?? '[]'))
  if (logprobs.length > 0) last.set('logprobs', `[${logprobs.join(',')}]`)
  if (kind === 'generate') {
    last.set('response', joined('response') ?? '""')
    const thinking = joined('thinking')
    if (thinking !== undefined) last.set('thinking', thinking)
    const calls = gathered('tool_calls')
    if (calls !== undefined) last.set('tool_calls', calls)
    return objectOf(last)
  }
  const message = objectOf([
    ['role', all[0]?.get('role') ?? '"assistant"'],
    ['content', joined('content') ?? '""'],
    ['thinking', joined('thinking')],
    ['images', gathered('images')],
    ['tool_calls', gathered('tool_calls')],
  ])
  last.set('message', message)
  return objectOf(last)
}

/** Members that the last object of a stream does not have. */
const SAID = ['thinking', 'tool_calls', 'logprobs']

/** The answer as the server streams it: the content in one object, how it ended in another. */
function toStream(kind: Kind, whole: string): readonly string[] {
  // Line ends can only be between tokens: a JSON string cannot contain them.
  const members = membersOf(whole.replace(/[\r\n]/g, ''))
  const own = kind === 'chat' ? ['message'] : ['response', 'thinking', 'tool_calls']
  const head = ['model', 'created_at', 'remote_model', 'remote_host', ...own, 'logprobs']
  const first = head.map((name) => [name, members.get(name)] as const)
  const ending =
    kind === 'chat'
      ? ([['message', '{"role":"assistant","content":""}']] as const)
      : ([['response', '""']] as const)
  const rest = new Map([...members].filter(([name]) => !SAID.includes(name)))
  for (const [name, raw] of ending) rest.set(name, raw)
  return [objectOf([...first, ['done', 'false']]), objectOf(rest)]
}
