/**
 * The session scripts, in Lua. Each script is one atomic step on the keys of one user,
 * which share a hash slot. The embedded engine runs JavaScript twins of them.
 *
 * A session is a hash with these fields. Times are epoch milliseconds of the server's clock.
 *
 * ```
 * s state: a, p, n, or x once it has ended    v id of the latest write    d sealed payload
 * h hash of the secret    o hash of the previous one, valid until u    n nonce of the rotation
 * e hard id of the user's epoch    x absolute expiry    i idle time, 0 for none    t last used
 * ```
 *
 * A user is a hash as well: `e` and `p`, the hard and the soft id of the epoch; `l`, last seen; and
 * sealed values. The index is a sorted set of session ids by expiry. **A session that is not in the
 * index is not valid**, so that a list of sessions shows exactly the live ones.
 *
 * @module
 */

import type { Script } from './script.ts'
import { STORE_COUNT, STORE_END, STORE_PUT, STORE_TOUCH } from './store.ts'
import { CLOCK, EPOCH, TRACK, USER_LOOK, USER_PUT, USER_RENEW } from './user.ts'

/**
 * Looks at the session `KEYS[1]` of the user `KEYS[2]` with the index `KEYS[3]`: returns
 * a word for its state, its fields, and those of the user.
 */
const LOOK = `
local function look(secret, id)
  local s = redis.call('HMGET', KEYS[1], 's', 'v', 'e', 'h', 'o', 'u', 'x', 'i', 't', 'd', 'n')
  local user = redis.call('HMGET', KEYS[2], 'e', 'p', 'm')
  local listed = redis.call('ZSCORE', KEYS[3], id)
  if not s[1] then return 'absent', s, user end
  if s[1] == 'x' then return 'revoked', s, user end
  if not user[1] then return 'absent', s, user end
  if user[1] ~= s[3] or not listed then return 'revoked', s, user end
  if secret ~= s[4] and not (secret == s[5] and now < tonumber(s[6])) then
    return 'superseded', s, user
  end
  local idle = tonumber(s[8])
  if now >= tonumber(s[7]) or (idle > 0 and now >= s[9] + idle) then return 'expired', s, user end
  return 'ok', s, user
end
local function answer(word, s, user)
  return { word, text(now), s[1], s[2], s[4], s[7], s[8], s[9], s[10], s[11],
    user[1], user[2], user[3] }
end
`

/**
 * `KEYS: session, user, index  ARGV: hash of the secret, id, touch interval in ms` → `[word]`, or
 * `['ok', now, s, v, h, x, i, t, d, n, e, p, permissions]`. Counts as use at most once an interval;
 * -1 means never. -2, or an interval in which the session would end, means a tenth of the idle time, at most an
 * hour. If Redis refuses writes, the session stays valid, but is not prolonged.
 */
export const VALIDATE: Script = {
  sha1: '33410d4b936a19f566e217c7964b610595919497',
  lua: `${CLOCK}${LOOK}
local word, s, user = look(ARGV[1], ARGV[2])
if word ~= 'ok' then return { word } end
local interval = tonumber(ARGV[3])
local idle = tonumber(s[8])
if interval == -2 or (idle > 0 and interval >= idle) then
  interval = 3600000
  if idle > 0 then interval = math.min(interval, math.ceil(idle / 10)) end
end
if interval >= 0 and now - s[9] >= interval then
  local touched = redis.pcall('HSET', KEYS[1], 't', text(now))
  if type(touched) == 'number' then
    local left = s[7] - now
    if idle > 0 then
      local life = math.min(idle, left)
      redis.call('PEXPIRE', KEYS[1], text(life))
      redis.call('ZADD', KEYS[3], 'XX', text(now + life), ARGV[2])
    end
    redis.call('HSET', KEYS[2], 'l', text(now))
    s[9] = text(now)
  end
end
return answer(word, s, user)
`,
}

/**
 * `KEYS: session, user, index  ARGV: id, write id, state, hash of the secret, absolute ms, idle ms,
 * payload, most sessions, 'evict' or 'refuse', hard id the caller knows or '', id of the session that this one
 * replaces or ''` → `[word]`, or `['ok', now, hard id, soft id, permissions, ids that were removed]`. Sent again,
 * it creates no second session.
 */
export const CREATE: Script = {
  sha1: 'd9cf8b6268ef3b3988978b75857f384d650d0c28',
  lua: `${CLOCK}${EPOCH}
local found = redis.call('HMGET', KEYS[1], 's', 'v')
local count = redis.call('ZCARD', KEYS[3])
if found[1] and found[2] ~= ARGV[2] then return { 'revoked' } end
local known = redis.call('HGET', KEYS[2], 'e')
if ARGV[10] ~= '' and known ~= ARGV[10] then return { 'revoked' } end
if not known then count = 0 end
local gone = {}
if not found[1] then
  count = count - redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', text(now))
  local before = redis.call('ZSCORE', KEYS[3], ARGV[11])
  if before then count = count - 1 end
  if count >= tonumber(ARGV[8]) and ARGV[9] == 'refuse' then return { 'limit' } end
  if before then
    gone[1] = ARGV[11]
    redis.call('ZREM', KEYS[3], ARGV[11])
  end
  if count >= tonumber(ARGV[8]) then
    local listed = redis.call('ZRANGE', KEYS[3], 0, -1)
    while #listed >= tonumber(ARGV[8]) do
      local oldest = 1
      for i = 2, #listed do
        if tonumber(string.sub(listed[i], 1, 9), 36) < tonumber(string.sub(listed[oldest], 1, 9), 36) then
          oldest = i
        end
      end
      gone[#gone + 1] = table.remove(listed, oldest)
      redis.call('ZREM', KEYS[3], gone[#gone])
    end
  end
end
local user = epoch(KEYS[2], KEYS[3], ARGV[2], ARGV[5])
if not found[1] then
  local absolute = tonumber(ARGV[5])
  local idle = tonumber(ARGV[6])
  local life = absolute
  if idle > 0 then life = math.min(idle, absolute) end
  redis.call('HSET', KEYS[1], 's', ARGV[3], 'v', ARGV[2], 'e', user[1], 'h', ARGV[4],
    'x', text(now + absolute), 'i', ARGV[6], 't', text(now), 'd', ARGV[7])
  redis.call('PEXPIRE', KEYS[1], text(life))
  redis.call('ZADD', KEYS[3], text(now + life), ARGV[1])
  if redis.call('PTTL', KEYS[3]) < absolute then redis.call('PEXPIRE', KEYS[3], text(absolute)) end
  redis.call('HSET', KEYS[2], 'l', text(now))
end
return { 'ok', text(now), user[1], user[2], user[3], gone }
`,
}

/**
 * `KEYS: session, user, index  ARGV: hash of the secret, id, expected write id, new write id,
 * state, payload, hash of a new secret or '', overlap ms, nonce` → as {@link VALIDATE}, but `saved` with
 * the new fields, `conflict` if the session has another write id, or `rotated` if another request has
 * given it a new secret. Sent again at once, it answers `saved`.
 */
export const SAVE: Script = {
  sha1: '5a1da553d48f828e66e3f50e90dd1d515e358fd7',
  lua: `${CLOCK}${LOOK}
local word, s, user = look(ARGV[1], ARGV[2])
if word == 'superseded' and ARGV[7] ~= '' and ARGV[1] == s[5] and s[11] == ARGV[9] then
  return answer('rotated', s, user)
end
if word ~= 'ok' then return { word } end
if ARGV[7] ~= '' and ARGV[1] ~= s[4] then return answer('rotated', s, user) end
if s[2] == ARGV[4] then return answer('saved', s, user) end
if s[2] ~= ARGV[3] then return answer('conflict', s, user) end
redis.call('HSET', KEYS[1], 'v', ARGV[4], 's', ARGV[5], 'd', ARGV[6])
s[1], s[2], s[10] = ARGV[5], ARGV[4], ARGV[6]
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'o', s[4], 'u', text(now + ARGV[8]), 'h', ARGV[7], 'n', ARGV[9])
  s[4], s[5], s[11] = ARGV[7], s[4], ARGV[9]
end
return answer('saved', s, user)
`,
}

/**
 * `KEYS: session, index  ARGV: id, ms to remember` → 1 if the session was alive, 0 if not. The hash that remains
 * marks the session as ended, so that a late copy of {@link CREATE} does not bring it back.
 */
export const END: Script = {
  sha1: '5e00c5b35a15ff5b2cc4a03521cc2b32ff4c3dfb',
  lua: `
local alive = redis.call('HEXISTS', KEYS[1], 'h')
local listed = redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 's', 'x')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return math.min(alive, listed)
`,
}

/**
 * `KEYS: user, index  ARGV: nonce, ms the epoch must last, id to keep or ''`, and with an id to keep, the
 * session as `KEYS[3]` → `[word]`, or `['ok', hard id, ids that were removed]`. Gives the user a new
 * hard id, which only the session to keep also gets. Sent again, it changes nothing more.
 */
export const REVOKE: Script = {
  sha1: '321025720d34055207812d55fbb887cc7903770e',
  lua: `${CLOCK}${EPOCH}
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
local listed = redis.call('ZRANGE', KEYS[2], 0, -1)
local known = redis.call('HMGET', KEYS[1], 'e', 'r')
local keep = ARGV[3]
if known[1] and known[2] == ARGV[1] then return { 'ok', known[1], {} } end
if keep ~= '' then
  local session = redis.call('HMGET', KEYS[3], 's', 'e')
  if not session[1] then return { 'absent' } end
  if session[1] == 'x' or session[2] ~= known[1] then return { 'revoked' } end
  if not redis.call('ZSCORE', KEYS[2], keep) then return { 'revoked' } end
end
epoch(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
local hard = ARGV[1] .. '-' .. text(now)
redis.call('HSET', KEYS[1], 'e', hard, 'r', ARGV[1])
local gone = {}
for i = 1, #listed do
  if listed[i] ~= keep then
    gone[#gone + 1] = listed[i]
    redis.call('ZREM', KEYS[2], listed[i])
  end
end
if keep ~= '' then redis.call('HSET', KEYS[3], 'e', hard) end
return { 'ok', hard, gone }
`,
}

/** All session scripts. */
export const SESSION_SCRIPTS: readonly Script[] = [
  VALIDATE,
  CREATE,
  SAVE,
  END,
  REVOKE,
  USER_LOOK,
  USER_PUT,
  USER_RENEW,
  TRACK,
  STORE_PUT,
  STORE_END,
  STORE_TOUCH,
  STORE_COUNT,
]

/**
 * The scripts that a guard may send again. Not {@link SAVE}: if another write comes between two copies, the
 * second copy answers `conflict`, and the caller would make its change again. Not {@link USER_PUT} and
 * {@link STORE_PUT}: a late copy could overwrite what another request has stored. Not {@link STORE_COUNT}:
 * it would count twice.
 */
export const REPEATABLE_SESSION_SCRIPTS: readonly Script[] = SESSION_SCRIPTS.filter(
  (script) => ![SAVE, USER_PUT, STORE_PUT, STORE_COUNT].includes(script),
)
