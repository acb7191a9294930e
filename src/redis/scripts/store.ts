/**
 * The scripts for sessions of other session libraries, in Lua. The text `x` instead of an entry means
 * that the session has ended.
 *
 * @module
 */

import type { Script } from './script.ts'

/**
 * `KEYS: entry  ARGV: text, life ms, 1 if the entry must exist` → 1 if stored; 0 if it has ended, so that a late
 * save does not bring it back, or does not exist although it must.
 */
export const STORE_PUT: Script = {
  sha1: 'bae1e9c46d69c117077b8fd796fef0b0764fc800',
  lua: `
local found = redis.call('GET', KEYS[1])
if found == 'x' or (ARGV[3] == '1' and not found) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`,
}

/**
 * `KEYS: entry  ARGV: ms to remember` → 1. Deletes first, because a full Redis refuses `SET`, and a log-out
 * must take effect nevertheless.
 */
export const STORE_END: Script = {
  sha1: '49bd40d388469481cf7518bad8a79a225e673268',
  lua: `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], 'x', 'PX', ARGV[1])
return 1
`,
}

/** `KEYS: entry  ARGV: life ms` → 1; 0 if there is none, or it has ended. A life of 0 deletes it. */
export const STORE_TOUCH: Script = {
  sha1: '7147f01885fa6cc6fd83435cdcd28a4d9d428351',
  lua: `
local found = redis.call('GET', KEYS[1])
if not found or found == 'x' then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
`,
}

/** `KEYS: counter  ARGV: life ms` → the count. The lifetime starts with the first count. */
export const STORE_COUNT: Script = {
  sha1: '36ffbf6ef5095b93818d2e824de0647b96ab3e1f',
  lua: `
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
`,
}
