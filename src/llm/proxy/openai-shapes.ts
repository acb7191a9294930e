/**
 * Converts chat completions from a stream to a whole, and back.
 *
 * @module
 */

import { isObject, parseObject } from '../../entry/json-object.ts'
import { type Body, isComment, textIn } from './dialect.ts'

interface Choice {
  readonly message: Record<string, unknown>
  readonly calls: Map<number, Record<string, unknown>>
  logprobs: Record<string, unknown[]> | undefined
  finish: unknown
}

/** Members of a choice's delta whose text comes in pieces. */
const PIECES = ['content', 'refusal', 'reasoning', 'reasoning_content']

/** Joins a stream to a completion. */
export function toWhole(parts: readonly string[]): string {
  const bodies = parts.filter((part) => !isComment(part)).map((part) => parseObject(part) ?? {})
  const choices = new Map<number, Choice>()
  const whole: Record<string, unknown> = {}
  for (const { choices: deltas, object: _object, obfuscation: _padding, ...members } of bodies) {
    for (const [name, value] of Object.entries(members)) if (value !== null) whole[name] = value
    if (Array.isArray(deltas)) for (const delta of deltas.filter(isObject)) add(choices, delta)
  }
  const { id, created, model, usage, ...rest } = whole
  const list = [...choices].sort(([a], [b]) => a - b).map(([index, one]) => finished(index, one))
  const head = { id, object: 'chat.completion', created, model }
  return JSON.stringify({ ...head, choices: list, ...(usage !== undefined && { usage }), ...rest })
}

function add(choices: Map<number, Choice>, { index, delta, finish_reason, logprobs }: Body): void {
  const number = typeof index === 'number' ? index : 0
  const choice = choices.get(number) ?? {
    message: {},
    calls: new Map(),
    logprobs: undefined,
    finish: null,
  }
  choices.set(number, choice)
  if (finish_reason) choice.finish = finish_reason
  if (isObject(logprobs)) choice.logprobs = joined(choice.logprobs ?? {}, logprobs)
  for (const [name, value] of Object.entries(isObject(delta) ? delta : {})) {
    addMember(choice, name, value)
  }
}

function addMember({ message, calls }: Choice, name: string, value: unknown): void {
  if (name === 'tool_calls') addCalls(calls, value)
  else if (name === 'function_call' && isObject(value)) addCall(message, name, value)
  else if (PIECES.includes(name) && typeof value === 'string') {
    message[name] = textIn(message[name]) + value
  } else if (Array.isArray(value)) message[name] = [message[name] ?? [], value].flat()
  // Null in every message of OpenAI that is not a refusal.
  else if (name === 'refusal' && value === null) message[name] ??= null
  // Some servers send an empty role with each piece after the first.
  else if (value !== null && value !== '') message[name] = value
}

function addCalls(calls: Map<number, Record<string, unknown>>, deltas: unknown): void {
  for (const delta of Array.isArray(deltas) ? deltas.filter(isObject) : []) {
    const { index, ...members } = delta
    const number = typeof index === 'number' ? index : calls.size
    const call = calls.get(number) ?? {}
    calls.set(number, call)
    addToCall(call, members)
  }
}

function addToCall(call: Record<string, unknown>, members: Body): void {
  for (const [name, value] of Object.entries(members)) {
    if (isObject(value)) addCall(call, name, value)
    else if (value) call[name] = value
  }
}

/** The name of a tool comes once, or empty with later pieces; what it is called with comes in pieces. */
function addCall(to: Record<string, unknown>, name: string, members: Body): void {
  const called = name === 'custom' ? 'input' : 'arguments'
  const { [called]: piece, ...rest } = members
  const call = isObject(to[name]) ? { ...to[name] } : {}
  addToCall(call, rest)
  to[name] = { ...call, [called]: textIn(call[called]) + textIn(piece) }
}

function joined(before: Record<string, unknown[]>, logprobs: Body): Record<string, unknown[]> {
  const after = { ...before }
  for (const [name, list] of Object.entries(logprobs)) {
    if (Array.isArray(list)) after[name] = [...(after[name] ?? []), ...(list as unknown[])]
  }
  return after
}

function finished(index: number, { message, calls, logprobs = undefined, finish }: Choice): Body {
  const { role = 'assistant', content, ...rest } = message
  const list = [...calls].sort(([a], [b]) => a - b).map(([, call]) => call)
  // With tool calls and no text, content is null.
  const text = list.length > 0 && !content ? null : (content ?? '')
  return {
    index,
    message: { role, content: text, ...rest, ...(list.length > 0 && { tool_calls: list }) },
    logprobs: logprobs ?? null,
    finish_reason: finish,
  }
}

/** Turns a completion into a stream, with each member of a message in one piece. */
export function toStream(whole: string): readonly string[] {
  const { choices, usage, object: _object, ...head } = parseObject(whole) ?? {}
  const base = { ...head, object: 'chat.completion.chunk' }
  const chunk = (part: object): string => JSON.stringify({ ...base, ...part })
  const list = Array.isArray(choices) ? choices.filter(isObject) : []
  const parts = list.flatMap((choice) => deltasOf(choice).map((one) => chunk({ choices: [one] })))
  return usage === undefined ? parts : [...parts, chunk({ choices: [], usage })]
}

function deltasOf({ index, message, finish_reason, logprobs }: Body): Body[] {
  const { role = 'assistant', tool_calls: calls, ...rest } = isObject(message) ? message : {}
  const delta = (part: object, probabilities: unknown = null): Body => ({
    index,
    delta: part,
    logprobs: probabilities,
    finish_reason: null,
  })
  const said = Object.entries(rest)
    .filter(([, value]) => value !== null && value !== '')
    // The reasoning comes before the content.
    .sort(([a], [b]) => Number(b.startsWith('reasoning')) - Number(a.startsWith('reasoning')))
    .map(([name, value]) => delta({ [name]: value }, name === 'content' ? logprobs : null))
  const called = Array.isArray(calls)
    ? calls.filter(isObject).map((call, at) => delta({ tool_calls: [{ index: at, ...call }] }))
    : []
  const end = { index, delta: {}, logprobs: null, finish_reason }
  return [delta({ role, content: '' }), ...said, ...called, end]
}
