/**
 * Twins of the limiters over several regions, for each region's Redis. Every request is a field of the window's
 * hash, so that the regions can be merged afterwards.
 *
 * @module
 */

import type { Call, TwinBody } from '../../scripting.ts'
import { modulo, need, toInteger, toNumber, toText } from './lua.ts'

function fieldsOf(call: Call, key: string): readonly string[] {
  return call('HGETALL', key) as string[]
}

/** The total cost of the requests in a window. */
function sumOf(fields: readonly string[]): number {
  let sum = 0
  for (let index = 1; index < fields.length; index += 2) sum += need(fields[index])
  return sum
}

function passedShare(now: string | undefined, windowMs: string | undefined): number {
  const window = need(windowMs)
  return modulo(need(now), window) / window
}

/** `KEYS: window  ARGV: request, window in ms, cost` → the window's requests and their costs. */
export const fixedWindow: TwinBody = (
  call,
  [key = ''],
  [request = '', windowMs = '', costText],
) => {
  const cost = need(costText)
  call('HSET', key, request, toText(cost))
  const fields = fieldsOf(call, key)
  if (fields.length === 2 && toNumber(fields[1]) === cost) call('PEXPIRE', key, windowMs)
  return fields
}

/** `KEYS: window` → the window's requests and their costs. */
export const fixedWindowRemaining: TwinBody = (call, [key = '']) => fieldsOf(call, key)

/**
 * `KEYS: window, window before  ARGV: limit, now, window in ms, request, cost` → the requests of both
 * windows before this call, and 1 if this request is allowed, otherwise nil.
 */
export const slidingWindow: TwinBody = (
  call,
  [currentKey = '', previousKey = ''],
  [limitText, now, windowMs, request = '', costText],
) => {
  const limit = toNumber(limitText)
  const cost = need(costText)
  const current = fieldsOf(call, currentKey)
  const used = sumOf(current)
  const previous = fieldsOf(call, previousKey)
  const carried = sumOf(previous) * (1 - passedShare(now, windowMs))
  if (cost > 0 && carried + used + cost > need(limit)) return [current, previous, null]
  call('HSET', currentKey, request, toText(cost))
  // A key outlives its window by the next window, in which it counts as the previous one, and by a second.
  if (used === 0) call('PEXPIRE', currentKey, toText(need(windowMs) * 2 + 1_000))
  return [current, previous, 1]
}

/** `KEYS: window, window before  ARGV: now, window in ms` → what counts as used. */
export const slidingWindowRemaining: TwinBody = (
  call,
  [currentKey = '', previousKey = ''],
  [now, windowMs],
) => {
  const used = sumOf(fieldsOf(call, currentKey))
  const previous = sumOf(fieldsOf(call, previousKey))
  return toInteger(used + Math.floor((1 - passedShare(now, windowMs)) * previous))
}
