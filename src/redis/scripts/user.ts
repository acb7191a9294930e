/**
 * The scripts for a user's own values and activity, in Lua. session.ts describes the keys.
 *
 * @module
 */

import type { Script } from './script.ts'

/** Server time in milliseconds. */
export const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
`

/**
 * Returns both ids of the user's epoch, created if they are missing, and the permissions. A new epoch deletes
 * the index, whose sessions belong to the old one.
 */
export const EPOCH = `
local function epoch(user, index, nonce, life)
  local found = redis.call('HMGET', user, 'e', 'p', 'm')
  if not found[1] or not found[2] then
    redis.call('DEL', index)
    found[1] = nonce .. '-' .. text(now)
    found[2] = found[1]
    redis.call('HSET', user, 'e', found[1], 'p', found[2])
  end
  if redis.call('PTTL', user) < tonumber(life) then redis.call('PEXPIRE', user, life) end
  return found
end
`

/** `KEYS: user, index  ARGV: nonce, ms to last, field` → the epoch's ids, and the text of the field or nil. */
export const USER_LOOK: Script = {
  sha1: '1c32b4665ee4d66cdaac382883d47a34ce2fc91e',
  lua: `${CLOCK}${EPOCH}
local found = epoch(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
return { found[1], found[2], redis.call('HGET', KEYS[1], ARGV[3]) }
`,
}

/**
 * `KEYS: user, index  ARGV: nonce, ms to last, field, text, expected soft id or '', 1 to renew the soft
 * id` → the soft id, or 0 if it is not the expected one.
 */
export const USER_PUT: Script = {
  sha1: '8094856bc4f42162cebee148df46a6317b667e5a',
  lua: `${CLOCK}${EPOCH}
local soft = epoch(KEYS[1], KEYS[2], ARGV[1], ARGV[2])[2]
if ARGV[5] ~= '' and ARGV[5] ~= soft then return 0 end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
if ARGV[6] == '1' then
  soft = ARGV[1] .. '-' .. text(now)
  redis.call('HSET', KEYS[1], 'p', soft)
end
return soft
`,
}

/** `KEYS: user, index  ARGV: nonce, ms to last, fields…` → the new soft id. Deletes the fields. */
export const USER_RENEW: Script = {
  sha1: '26264b47f4e1259dbf71f0e39b2dcc0e79833683',
  lua: `${CLOCK}${EPOCH}
epoch(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
local soft = ARGV[1] .. '-' .. text(now)
redis.call('HSET', KEYS[1], 'p', soft)
for i = 3, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
return soft
`,
}

/**
 * `KEYS: activity, user  ARGV: entry, most entries, ms to keep` → its number, or 0 if it exists
 * already. Entries are numbered in the order of arrival.
 */
export const TRACK: Script = {
  sha1: 'c7235e0462770c9cae745752f4d737dd372acf03',
  lua: `${CLOCK}
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local number = text((last[2] or 0) + 1)
redis.call('ZADD', KEYS[1], number, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, text(-1 - ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if redis.call('HEXISTS', KEYS[2], 'e') == 1 then redis.call('HSET', KEYS[2], 'l', text(now)) end
return tonumber(number)
`,
}
