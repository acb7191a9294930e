/**
 * The two scripts of `@upstash/ratelimit` that the Worker uses, for the engine in
 * {@link RedisObject}: what their Lua does, by commands. Upstash runs the Lua itself.
 *
 * @module
 */

import { CommandError, type ScriptTwin } from 'nearcache/redis/embedded'

type Call = Parameters<ScriptTwin['run']>[0]

function limitOf(call: Call, overrideKey: string | undefined, limit: string | undefined): number {
  const override = overrideKey ? call('GET', overrideKey) : null
  const tokens = Number(override ?? limit)
  if (Number.isFinite(tokens)) return tokens
  throw new CommandError('ERR the limit is not a number')
}

/** `KEYS: window, override?  ARGV: limit, window in ms, cost` → used after this call, and limit. */
const FIXED_WINDOW: ScriptTwin = {
  sha1: 'b2efc02798c8e9b471a10f9b1d5745db89923ff3',
  run: (call, [key = '', overrideKey], [limit, windowMs = '', cost = '']) => {
    const tokens = limitOf(call, overrideKey, limit)
    const used = Number(call('INCRBY', key, cost))
    if (used === Number(cost)) call('PEXPIRE', key, windowMs)
    return [used, tokens]
  },
}

/** `KEYS: window, override?  ARGV: limit` → remaining, and limit. */
const FIXED_WINDOW_REMAINING: ScriptTwin = {
  sha1: '823cb2a5a902d69681244f5e28e5ebb8f2a89edd',
  run: (call, [key = '', overrideKey], [limit]) => {
    const tokens = limitOf(call, overrideKey, limit)
    return [tokens - Number(call('GET', key) ?? 0), tokens]
  },
}

/** To be added to an engine's own. */
export const RATE_LIMIT_TWINS: readonly ScriptTwin[] = [FIXED_WINDOW, FIXED_WINDOW_REMAINING]
