/**
 * Ids of tool calls in a conversation.
 *
 * @module
 */

import { isObject } from '../entry/json-object.ts'

/**
 * The turns of a conversation with the ids of tool calls replaced by their order. Each answer has new ids,
 * also one from the cache: otherwise no question after a tool call would be asked twice.
 */
export function withOrderedCallIds(turns: readonly unknown[]): unknown[] {
  const order = new Map<unknown, string>()
  const renamed = (one: unknown, name: string): unknown => {
    if (!isObject(one) || typeof one[name] !== 'string') return one
    const at = order.get(one[name]) ?? String(order.size)
    order.set(one[name], at)
    return { ...one, [name]: at }
  }
  return turns.map((turn) => {
    if (!isObject(turn)) return turn
    const { tool_calls: calls, content } = turn
    return {
      ...Object(renamed(turn, 'tool_call_id')),
      ...(Array.isArray(calls) && { tool_calls: calls.map((call) => renamed(call, 'id')) }),
      // The parts of the AI SDK.
      ...(Array.isArray(content) && { content: content.map((one) => renamed(one, 'toolCallId')) }),
    } as unknown
  })
}
