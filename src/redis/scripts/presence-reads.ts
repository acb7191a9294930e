/**
 * The scripts that read presence, and the two writes that touch no connection: a status and a last
 * event. presence.ts describes the keys.
 *
 * @module
 */

import { WS_ACTIVE, WS_CLOSE, WS_DRAIN, WS_JOIN, WS_LEAVE, WS_OPEN } from './presence.ts'
import type { Script } from './script.ts'
import { CLOCK } from './user.ts'

/** The row of a user: the number of live connections, and the fields of presence. */
const USER_ROW = `
local home = KEYS[1]
local function userRow(user)
  local row = redis.call('HMGET', home .. ':p:' .. user, 'i', 'l', 's', 'd', 't', 'q')
  if row[6] and row[6] ~= '0' and tonumber(row[6]) <= now then row[3], row[4], row[5] = nil, nil, nil end
  local count = redis.call('ZCOUNT', home .. ':u:' .. user, '(' .. text(now), '+inf')
  return { count, row[1] or '', row[2] or '', row[3] or '', row[4] or '', row[5] or '' }
end
`

/** `KEYS: home  ARGV: connections…` → for each its field names and values, or an empty list if it is not alive. */
export const WS_CONNECTIONS: Script = {
  sha1: '19afb95de8660416695524c1b3b5ab6f151ed552',
  lua: `${CLOCK}
local rows = {}
for i = 1, #ARGV do
  local key = KEYS[1] .. ':c:' .. ARGV[i]
  local at = redis.call('HGET', key, 'x')
  if at and tonumber(at) > now then
    rows[i] = redis.call('HGETALL', key)
  else
    rows[i] = {}
  end
end
return rows
`,
}

/**
 * `KEYS: home  ARGV: 'u' or 'm', user or room, most` → the number of live connections of the user or room, and
 * the fields of those whose leases end first.
 */
export const WS_LIST: Script = {
  sha1: '5ded8a98f64768d9c474b22e410e1820bcc15a5f',
  lua: `${CLOCK}
local key = KEYS[1] .. ':' .. ARGV[1] .. ':' .. ARGV[2]
local from = '(' .. text(now)
local rows = {}
for _, conn in ipairs(redis.call('ZRANGEBYSCORE', key, from, '+inf', 'LIMIT', 0, ARGV[3])) do
  rows[#rows + 1] = redis.call('HGETALL', KEYS[1] .. ':c:' .. conn)
end
return { redis.call('ZCOUNT', key, from, '+inf'), rows }
`,
}

/** `KEYS: home  ARGV: users…` → the row of each: live connections, i, l, s, d, t; `''` for a missing field. */
export const WS_USERS: Script = {
  sha1: 'd3f143448b69429136a3faa6ff61e7cb7351174b',
  lua: `${CLOCK}${USER_ROW}
local rows = {}
for i = 1, #ARGV do rows[i] = userRow(ARGV[i]) end
return rows
`,
}

/**
 * `KEYS: home  ARGV: room, most` → live connections, users, and for those users whose leases end first: the
 * name, the row, and the user's payload in this room or `''`.
 */
export const WS_ROOM: Script = {
  sha1: 'd514762baa687c134ce0effd11cde22f04ceea90',
  lua: `${CLOCK}${USER_ROW}
local from = '(' .. text(now)
local users = home .. ':w:' .. ARGV[1]
local rows = {}
for _, user in ipairs(redis.call('ZRANGEBYSCORE', users, from, '+inf', 'LIMIT', 0, ARGV[2])) do
  local info = redis.call('HGET', home .. ':i:' .. ARGV[1], user)
  rows[#rows + 1] = { user, userRow(user), info or '' }
end
return {
  redis.call('ZCOUNT', home .. ':m:' .. ARGV[1], from, '+inf'),
  redis.call('ZCOUNT', users, from, '+inf'),
  rows,
}
`,
}

/** `KEYS: home` → nodes, each with its number of live connections. Removes nodes whose leases have ended. */
export const WS_NODES: Script = {
  sha1: '963db182852fe9535df9415d534cb1167a10b17b',
  lua: `${CLOCK}
local nodes = KEYS[1] .. ':n'
local answer = {}
redis.call('ZREMRANGEBYSCORE', nodes, '-inf', text(now))
for _, node in ipairs(redis.call('ZRANGE', nodes, 0, -1)) do
  local count = redis.call('ZCOUNT', nodes .. ':' .. node, '(' .. text(now), '+inf')
  if count > 0 then
    answer[#answer + 1] = node
    answer[#answer + 1] = count
  end
end
return answer
`,
}

/**
 * `KEYS: home  ARGV: user, payload of the user, status or '' for none, payload, ms until the status ends or 0 to
 * keep it as long as the user, ms a user is remembered` → the row of the user.
 */
export const WS_STATUS: Script = {
  sha1: '7867b687438ceec7272f1c477751c37f4dd485b8',
  lua: `${CLOCK}${USER_ROW}
local key = home .. ':p:' .. ARGV[1]
local ends = '0'
if ARGV[5] ~= '0' then ends = text(now + ARGV[5]) end
redis.call('HSET', key, 'i', ARGV[2])
if ARGV[3] == '' then
  redis.call('HDEL', key, 's', 'd', 't', 'q')
else
  redis.call('HSET', key, 's', ARGV[3], 'd', ARGV[4], 't', text(now), 'q', ends)
end
local life = math.max(tonumber(ARGV[5]), tonumber(ARGV[6]))
if redis.call('PTTL', key) < life then redis.call('PEXPIRE', key, text(life)) end
return userRow(ARGV[1])
`,
}

/**
 * `KEYS: home  ARGV: channel, payload, epoch or '', serial, ms` → 1, or 0 if the stored event has the same epoch
 * and an equal or larger serial. If events overtake each other, the last one by serial is kept.
 */
export const WS_EVENT: Script = {
  sha1: 'b1cdffaa520870c3f41a2ada63c51d6b8f8158bf',
  lua: `
local key = KEYS[1] .. ':e:' .. ARGV[1]
local known = redis.call('HMGET', key, 'k', 'o')
if ARGV[3] ~= '' and known[1] == ARGV[3] and tonumber(known[2]) >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', key, 'd', ARGV[2], 'k', ARGV[3], 'o', ARGV[4])
redis.call('PEXPIRE', key, ARGV[5])
return 1
`,
}

/** All scripts of presence. */
export const PRESENCE_SCRIPTS: readonly Script[] = [
  WS_OPEN,
  WS_ACTIVE,
  WS_CLOSE,
  WS_DRAIN,
  WS_JOIN,
  WS_LEAVE,
  WS_CONNECTIONS,
  WS_LIST,
  WS_USERS,
  WS_ROOM,
  WS_NODES,
  WS_STATUS,
  WS_EVENT,
]

/**
 * The scripts that a guard may send again. A late copy of any other could undo a later change: bring a
 * member back, or remove a status, an event or the connections of a node that has started again.
 */
export const REPEATABLE_PRESENCE_SCRIPTS: readonly Script[] = PRESENCE_SCRIPTS.filter(
  (script) => ![WS_DRAIN, WS_JOIN, WS_LEAVE, WS_STATUS, WS_EVENT].includes(script),
)
