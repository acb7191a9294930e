/**
 * Twins of the limiters in one region: fixed window, sliding window, token bucket, and the fixed window
 * that is cached in the caller's memory.
 *
 * @module
 */

import type { Call, TwinBody } from '../../scripting.ts'
import { modulo, need, toInteger, toNumber, toReply, toText } from './lua.ts'

/** A window's key lives for this many windows, and a second more. */
const OVERLAP = 2
const SPARE_MS = 1_000

/** The dynamic limit under `key`, which can change at run time, or else the caller's limit. */
function limitOf(call: Call, key: string | undefined, own: string | undefined): number | undefined {
  const dynamic = key ? call('GET', key) : null
  return toNumber(dynamic ?? own)
}

/** The part of the previous window's count that still counts, as the current window has partly passed. */
function carriedOver(used: number, now: string | undefined, windowMs: string | undefined): number {
  const window = need(windowMs)
  return Math.floor((1 - modulo(need(now), window) / window) * used)
}

/** `KEYS: window, limit?  ARGV: limit, window in ms, cost` → used after this call, and limit. */
export const fixedWindow: TwinBody = (
  call,
  [key = '', limitKey],
  [own, windowMs = '', cost = ''],
) => {
  const limit = limitOf(call, limitKey, own)
  const used = Number(call('INCRBY', key, cost))
  if (used === toNumber(cost)) call('PEXPIRE', key, windowMs)
  return toReply([used, limit])
}

/** `KEYS: window, limit?  ARGV: limit` → remaining, and limit. */
export const fixedWindowRemaining: TwinBody = (call, [key = '', limitKey], [own]) => {
  const limit = limitOf(call, limitKey, own)
  const used = toNumber(call('GET', key) ?? 0)
  return toReply([need(limit) - need(used), limit])
}

/**
 * `KEYS: window, window before, limit?  ARGV: limit, now, window in ms, cost` → remaining, or -1 when
 * refused, and limit.
 */
export const slidingWindow: TwinBody = (
  call,
  [currentKey = '', previousKey = '', limitKey],
  [own, now, windowMs, costText],
) => {
  const limit = limitOf(call, limitKey, own)
  const cost = toNumber(costText)
  const current = call('GET', currentKey) ?? 0
  const carried = carriedOver(need(call('GET', previousKey) ?? 0), now, windowMs)
  // A negative cost gives back units, and is never refused.
  if (need(cost) > 0 && carried + need(current) >= need(limit)) return toReply([-1, limit])
  const used = Number(call('INCRBY', currentKey, toText(need(cost))))
  if (used === cost) {
    call('PEXPIRE', currentKey, toText(need(windowMs) * OVERLAP + SPARE_MS))
  }
  return toReply([need(limit) - (used + carried), limit])
}

/** `KEYS: window, window before, limit?  ARGV: limit, now, window in ms` → remaining, and limit. */
export const slidingWindowRemaining: TwinBody = (
  call,
  [currentKey = '', previousKey = '', limitKey],
  [own, now, windowMs],
) => {
  const limit = limitOf(call, limitKey, own)
  const current = call('GET', currentKey) ?? 0
  const carried = carriedOver(need(call('GET', previousKey) ?? 0), now, windowMs)
  return toReply([need(limit) - (carried + need(current)), limit])
}

interface Bucket {
  readonly refilledAt: number | undefined
  readonly tokens: number | undefined
}

function bucketOf(call: Call, key: string): Bucket | undefined {
  const [refilledAt, tokens] = call('HMGET', key, 'refilledAt', 'tokens') as (string | null)[]
  if (refilledAt === null) return undefined
  return { refilledAt: toNumber(refilledAt), tokens: toNumber(tokens) }
}

/**
 * `KEYS: bucket, limit?  ARGV: limit, interval in ms, refill rate, now, cost` → remaining, or -1 when
 * refused, next refill, and limit.
 */
export const tokenBucket: TwinBody = (
  call,
  [key = '', limitKey],
  [own, intervalMs, rateText, nowText, costText],
) => {
  const limit = limitOf(call, limitKey, own)
  const [interval, rate, now, cost] = [
    need(intervalMs),
    need(rateText),
    need(nowText),
    need(costText),
  ]
  let { refilledAt, tokens } = bucketOf(call, key) ?? { refilledAt: now, tokens: limit }
  if (now >= need(refilledAt) + interval) {
    const refills = Math.floor((now - need(refilledAt)) / interval)
    tokens = Math.min(need(limit), need(tokens) + refills * rate)
    refilledAt = need(refilledAt) + refills * interval
  }
  const refillAt = need(refilledAt) + interval
  if (cost > 0 && need(tokens) < cost) return toReply([-1, refillAt, limit])
  const remaining = need(tokens) - cost
  const lifeMs = Math.ceil((need(limit) - remaining) / rate) * interval
  call('HSET', key, 'refilledAt', toText(need(refilledAt)), 'tokens', toText(remaining))
  if (lifeMs > 0) call('PEXPIRE', key, toText(lifeMs))
  return toReply([remaining, refillAt, limit])
}

/** `KEYS: bucket, limit?  ARGV: limit` → tokens, last refill or -1 when there was none, and limit. */
export const tokenBucketRemaining: TwinBody = (call, [key = '', limitKey], [own]) => {
  const limit = limitOf(call, limitKey, own)
  const bucket = bucketOf(call, key)
  if (bucket === undefined) return toReply([limit, -1, limit])
  return toReply([bucket.tokens, bucket.refilledAt, limit])
}

/**
 * `KEYS: window  ARGV: window in ms, cost` → used after this call.
 *
 * To find the first call, the Lua script compares a number with a text, which is never true. Its keys
 * therefore have no expiry, and neither have those of this twin.
 */
export const cachedFixedWindow: TwinBody = (call, [key = ''], [_windowMs, cost = '']) =>
  toInteger(Number(call('INCRBY', key, cost)))

/** `KEYS: window` → used, as the stored text, or the number 0. */
export const cachedFixedWindowRemaining: TwinBody = (call, [key = '']) => call('GET', key) ?? 0
