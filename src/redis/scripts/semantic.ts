/**
 * The scripts of semantic matching, in Lua: for each scope, a log of prompts and the judgements on them.
 *
 * A scope's three keys are in one hash slot. `vectors` is a hash from entry id to text. `log` is a sorted
 * set of the same ids by the time of their last change, so that a reader can ask for the changes since its last
 * read; an id without a text was forgotten. `state` is a hash from entry id to the judgements on that entry. All
 * scripts may be sent twice. Losing any of the keys causes only misses.
 *
 * @module
 */

import type { Script } from './script.ts'

/** The next place in the log: the server's time in microseconds, but always greater than the last place. */
const NEXT = `
local time = redis.call('TIME')
local place = tonumber(time[1] .. string.format('%06d', time[2]))
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if last[2] and tonumber(last[2]) >= place then place = tonumber(last[2]) + 1 end
`

/**
 * `KEYS: vectors, log, state  ARGV: id, text, most, life ms` → how many of the oldest were removed.
 * If the log was lost, the remaining texts are deleted, as no reader could find them.
 */
export const SEMANTIC_REMEMBER: Script = {
  sha1: '1e804931d0292ec1e7642e9c91d4b649f025164a',
  lua: `${NEXT}
if not last[1] then redis.call('DEL', KEYS[1], KEYS[3]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], string.format('%.0f', place), ARGV[1])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
for i = 1, over do
  local oldest = redis.call('ZPOPMIN', KEYS[2])
  redis.call('HDEL', KEYS[1], oldest[1])
  redis.call('HDEL', KEYS[3], oldest[1])
end
for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[4]) end
if over > 0 then return over end
return 0
`,
}

/** `KEYS: vectors, log, state  ARGV: ids…` → how many had a text. Their ids stay in the log. */
export const SEMANTIC_FORGET: Script = {
  sha1: 'b3233cfa48853b1b8e987c92738d8ff0924854b1',
  lua: `${NEXT}
local known = 0
for i = 1, #ARGV do
  redis.call('HDEL', KEYS[3], ARGV[i])
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    redis.call('ZADD', KEYS[2], string.format('%.0f', place + known), ARGV[i])
    known = known + 1
  end
end
return known
`,
}

/**
 * `KEYS: vectors, log  ARGV: place, most, most bytes` → the place of the oldest entry, 1 if there may be more than
 * was returned, else 0, and then id, place and text of each entry later than the given place, oldest first: at
 * most so many, and with texts of so many bytes, but at least one. An empty list if there is no log.
 */
export const SEMANTIC_SINCE: Script = {
  sha1: '4e05371c9abeb4c82df4046d4d3787c032b15308',
  lua: `
local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if not oldest[1] then return {} end
local new = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local found = { string.format('%.0f', oldest[2]), #new == 2 * tonumber(ARGV[2]) and 1 or 0 }
local size = 0
for i = 1, #new, 2 do
  local text = redis.call('HGET', KEYS[1], new[i]) or ''
  size = size + #text
  if i > 1 and size > tonumber(ARGV[3]) then
    found[2] = 1
    break
  end
  found[#found + 1] = new[i]
  found[#found + 1] = string.format('%.0f', new[i + 1])
  found[#found + 1] = text
end
return found
`,
}

/**
 * `KEYS: vectors, state  ARGV: id, judgement, most characters, life ms, most entries` → 1 if the judgement is
 * stored, 0 if the entry does not exist. A judgement that is stored already (it has a nonce) is not added again.
 * The oldest judgements are dropped first. If vectors are stored elsewhere, they cannot be checked here: then
 * `most entries` is above 0, and limits how many entries are judged.
 */
export const SEMANTIC_LEARN: Script = {
  sha1: 'bd9819f16acd7253740790fef9d7fd1d351e4162',
  lua: `
local known = redis.call('HGET', KEYS[2], ARGV[1]) or ''
local most = tonumber(ARGV[5])
if most == 0 then
  if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
elseif known == '' and redis.call('HLEN', KEYS[2]) >= most then
  return 0
end
if string.find(known, ARGV[2], 1, true) then return 1 end
redis.call('HSET', KEYS[2], ARGV[1], string.sub(known .. ARGV[2], -tonumber(ARGV[3])))
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
`,
}

/** All scripts. A guard may send them again. */
export const SEMANTIC_SCRIPTS: readonly Script[] = [
  SEMANTIC_REMEMBER,
  SEMANTIC_FORGET,
  SEMANTIC_SINCE,
  SEMANTIC_LEARN,
]
