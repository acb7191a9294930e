/**
 * The scripts that change connections and rooms, in Lua, and the keys of all presence scripts. Each script is
 * one atomic step. The embedded engine runs JavaScript twins of them.
 *
 * All keys of a namespace begin with the one key that a script is given, the home. They share its hash tag,
 * hence its slot. One step touches a connection, its user, its node and all its rooms, and only Redis knows
 * which rooms these are. The keys can therefore not be spread over several slots.
 *
 * ```
 * :c:<connection>  hash  v write id  w the previous one  u user  b payload of the user  n node  d payload  t opened
 *                        a last active  x lease ends  r:<room> payload of the room
 *                        with only v and no x: the connection was closed
 * :u:<user>        connections of a user by the end of their leases (sorted set)
 * :m:<room>        connections in a room by the end of their leases
 * :w:<room>        users in a room by the latest end of their leases there
 * :i:<room>        payload of a user in the room, set by the user's first connection there
 * :n  :n:<node>    nodes, and connections of a node
 * :p:<user>        hash  i payload of the user  l last seen  s status  d payload  t set at  q ends or 0
 * :e:<channel>     hash  d payload of the last event  k epoch  o serial
 * ```
 *
 * A connection is alive until `x`, and every key lives as long as the longest lease in it. Without renewal,
 * everything expires, even after a crash. Times are epoch milliseconds of the server's clock.
 *
 * @module
 */

import type { Script } from './script.ts'
import { CLOCK } from './user.ts'

/** Key names, and indexes whose keys live as long as the longest lease in them. */
const INDEXES = `
local home = KEYS[1]
local function keep(key, at)
  if redis.call('PTTL', key) < at - now then redis.call('PEXPIREAT', key, text(at)) end
end
local function index(key, at, member)
  redis.call('ZADD', key, text(at), member)
  keep(key, at)
end
local function seen(user, life)
  redis.call('HSET', home .. ':p:' .. user, 'l', text(now))
  keep(home .. ':p:' .. user, now + life)
end
local function holds(node, at)
  index(home .. ':n', math.max(at, tonumber(redis.call('ZSCORE', home .. ':n', node) or 0)), node)
end
local function isIn(key, member)
  return redis.call('ZSCORE', key, member) and 1 or 0
end
`

/** How connections enter and leave rooms. `settle` computes how long a user stays in a room. */
const ROOMS = `
local function settle(room, user)
  local latest = 0
  local live = redis.call('ZRANGEBYSCORE', home .. ':u:' .. user, '(' .. text(now), '+inf')
  for i = 1, #live do
    local at = tonumber(redis.call('ZSCORE', home .. ':m:' .. room, live[i]) or 0)
    if at > latest then latest = at end
  end
  if latest > now then
    index(home .. ':w:' .. room, latest, user)
    if redis.call('EXISTS', home .. ':i:' .. room) == 1 then keep(home .. ':i:' .. room, latest) end
  else
    redis.call('ZREM', home .. ':w:' .. room, user)
    redis.call('HDEL', home .. ':i:' .. room, user)
  end
  return latest
end
local function prune(room)
  local gone = redis.call('ZRANGEBYSCORE', home .. ':w:' .. room, '-inf', text(now), 'LIMIT', 0, 1000)
  for i = 1, #gone do
    redis.call('ZREM', home .. ':w:' .. room, gone[i])
    redis.call('HDEL', home .. ':i:' .. room, gone[i])
  end
  redis.call('ZREMRANGEBYSCORE', home .. ':m:' .. room, '-inf', text(now))
end
local function enter(conn, room, about, user, info, at)
  redis.call('HSET', home .. ':c:' .. conn, 'r:' .. room, about)
  index(home .. ':m:' .. room, at, conn)
  if user == '' then return end
  -- What was said of a user who has been away is of then, though nobody has pruned it yet.
  if tonumber(redis.call('ZSCORE', home .. ':w:' .. room, user) or 0) <= now then
    redis.call('HDEL', home .. ':i:' .. room, user)
  end
  local latest = settle(room, user)
  if info == '' then return end
  redis.call('HSETNX', home .. ':i:' .. room, user, info)
  keep(home .. ':i:' .. room, latest)
end
local function leave(conn, room, user)
  redis.call('HDEL', home .. ':c:' .. conn, 'r:' .. room)
  local was = redis.call('ZREM', home .. ':m:' .. room, conn)
  if user ~= '' then settle(room, user) end
  return was
end
local function rooms(conn)
  local found = {}
  for _, field in ipairs(redis.call('HKEYS', home .. ':c:' .. conn)) do
    if string.sub(field, 1, 2) == 'r:' then found[#found + 1] = string.sub(field, 3) end
  end
  table.sort(found)
  return found
end
`

/** A live connection's fields, and how a connection is removed. */
const CONNECTIONS = `
local function alive(conn)
  local found = redis.call('HMGET', home .. ':c:' .. conn, 'x', 'u', 'n', 'v')
  if not found[1] or tonumber(found[1]) <= now then return nil end
  return { at = tonumber(found[1]), user = found[2], node = found[3], write = found[4] }
end
local function drop(conn, known)
  redis.call('ZREM', home .. ':n:' .. known.node, conn)
  if known.user ~= '' then redis.call('ZREM', home .. ':u:' .. known.user, conn) end
  for _, room in ipairs(rooms(conn)) do leave(conn, room, known.user) end
  redis.call('DEL', home .. ':c:' .. conn)
end
local function close(conn, known, life, remember)
  if known.user ~= '' then seen(known.user, life) end
  drop(conn, known)
  redis.call('HSET', home .. ':c:' .. conn, 'v', known.write)
  redis.call('PEXPIRE', home .. ':c:' .. conn, text(remember))
end
`

const PRESENCE = `${CLOCK}${INDEXES}${ROOMS}${CONNECTIONS}`

/**
 * `KEYS: home  ARGV: connection, write id, user or '', payload of the user, node, lease ms, payload, ms a
 * user is remembered, most connections of a user, most connections in a room, then room, payload of the
 * room, payload of the user in it or ''…` → 1; 0 if the connection was closed or opened anew before this copy
 * arrived; `connections` or `members` if that limit is reached. Replaces a connection of this name.
 */
export const WS_OPEN: Script = {
  sha1: '32b8ce1d7306e276e9a1014f0788e71e5e6e11fb',
  lua: `${PRESENCE}
local conn, write, user, node = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local life = tonumber(ARGV[8])
local known = alive(conn)
local writes = redis.call('HMGET', home .. ':c:' .. conn, 'v', 'w')
if writes[1] == write then return known and 1 or 0 end
if writes[2] == write then return 0 end
if user ~= '' then
  redis.call('ZREMRANGEBYSCORE', home .. ':u:' .. user, '-inf', text(now))
  local count = redis.call('ZCARD', home .. ':u:' .. user) - isIn(home .. ':u:' .. user, conn)
  if count >= tonumber(ARGV[9]) then return 'connections' end
end
for i = 11, #ARGV, 3 do
  prune(ARGV[i])
  local members = home .. ':m:' .. ARGV[i]
  if redis.call('ZCARD', members) - isIn(members, conn) >= tonumber(ARGV[10]) then return 'members' end
end
if known then drop(conn, known) end
local at = now + ARGV[6]
redis.call('DEL', home .. ':c:' .. conn)
redis.call('HSET', home .. ':c:' .. conn, 'v', write, 'w', writes[1] or '', 'u', user, 'b', ARGV[4],
  'n', node, 'd', ARGV[7], 't', text(now), 'a', text(now), 'x', text(at))
redis.call('PEXPIREAT', home .. ':c:' .. conn, text(at))
redis.call('ZREMRANGEBYSCORE', home .. ':n:' .. node, '-inf', text(now))
index(home .. ':n:' .. node, at, conn)
holds(node, at)
if user ~= '' then
  index(home .. ':u:' .. user, at, conn)
  seen(user, life)
  redis.call('HSET', home .. ':p:' .. user, 'i', ARGV[4])
end
for i = 11, #ARGV, 3 do enter(conn, ARGV[i], ARGV[i + 1], user, ARGV[i + 2], at) end
return 1
`,
}

/**
 * `KEYS: home  ARGV: lease ms, ms a user is remembered, connections…` → 1 for each live connection, whose lease
 * is renewed, 0 for each other one. No lease ends earlier than before.
 */
export const WS_ACTIVE: Script = {
  sha1: '5889cc9dc04365fdc159733cc0d9ee320f3e6618',
  lua: `${PRESENCE}
local answers = {}
for i = 3, #ARGV do
  local conn = ARGV[i]
  local known = alive(conn)
  answers[#answers + 1] = known and 1 or 0
  if known then
    local at = math.max(known.at, now + ARGV[1])
    redis.call('HSET', home .. ':c:' .. conn, 'a', text(now), 'x', text(at))
    redis.call('PEXPIREAT', home .. ':c:' .. conn, text(at))
    index(home .. ':n:' .. known.node, at, conn)
    holds(known.node, at)
    if known.user ~= '' then
      index(home .. ':u:' .. known.user, at, conn)
      seen(known.user, tonumber(ARGV[2]))
    end
    for _, room in ipairs(rooms(conn)) do
      index(home .. ':m:' .. room, at, conn)
      if known.user ~= '' then settle(room, known.user) end
    end
  end
end
return answers
`,
}

/**
 * `KEYS: home  ARGV: ms a closed one is remembered, ms a user is remembered, connections…` → how many were alive.
 * A late copy of {@link WS_OPEN} finds the remaining write id and opens nothing.
 */
export const WS_CLOSE: Script = {
  sha1: 'eef7c8c0c9a73715816558af4f64e77c87598694',
  lua: `${PRESENCE}
local count = 0
for i = 3, #ARGV do
  local known = alive(ARGV[i])
  if known then
    close(ARGV[i], known, tonumber(ARGV[2]), tonumber(ARGV[1]))
    count = count + 1
  end
end
return count
`,
}

/** `KEYS: home  ARGV: ms a closed one is remembered, ms a user is remembered, node, most` → how many were closed. */
export const WS_DRAIN: Script = {
  sha1: '9a2be2616c35067134340866b3c806a235f96093',
  lua: `${PRESENCE}
local node = home .. ':n:' .. ARGV[3]
redis.call('ZREMRANGEBYSCORE', node, '-inf', text(now))
local live = redis.call('ZRANGE', node, 0, text(ARGV[4] - 1))
for i = 1, #live do
  local known = alive(live[i])
  if known then
    close(live[i], known, tonumber(ARGV[2]), tonumber(ARGV[1]))
  end
  redis.call('ZREM', node, live[i])
end
if redis.call('EXISTS', node) == 0 then redis.call('ZREM', home .. ':n', ARGV[3]) end
return #live
`,
}

/**
 * `KEYS: home  ARGV: connection, room, payload of the room, user or '', payload of the user, payload of the
 * user in the room or '', ms a user is remembered, most connections of a user, most rooms of a connection,
 * most connections in a room` → 1; 2 if it was in the room already; 0 if there is no such connection; `user` if
 * it belongs to another user; `connections`, `rooms` or `members` if that limit is reached. A connection without
 * a user is assigned to the given user.
 */
export const WS_JOIN: Script = {
  sha1: '156be4c6a507fceef2822a136a9ce62fe448a8f4',
  lua: `${PRESENCE}
local conn, room, user = ARGV[1], ARGV[2], ARGV[4]
local known = alive(conn)
if not known then return 0 end
if user ~= '' and known.user ~= '' and user ~= known.user then return 'user' end
local claims = user ~= '' and known.user == ''
if claims then
  redis.call('ZREMRANGEBYSCORE', home .. ':u:' .. user, '-inf', text(now))
  if redis.call('ZCARD', home .. ':u:' .. user) >= tonumber(ARGV[8]) then return 'connections' end
end
prune(room)
local was = isIn(home .. ':m:' .. room, conn)
if was == 0 then
  if #rooms(conn) >= tonumber(ARGV[9]) then return 'rooms' end
  if redis.call('ZCARD', home .. ':m:' .. room) >= tonumber(ARGV[10]) then return 'members' end
end
if claims then
  redis.call('HSET', home .. ':c:' .. conn, 'u', user, 'b', ARGV[5])
  index(home .. ':u:' .. user, known.at, conn)
  known.user = user
  for _, other in ipairs(rooms(conn)) do settle(other, user) end
end
if user ~= '' then
  seen(user, tonumber(ARGV[7]))
  redis.call('HSET', home .. ':p:' .. user, 'i', ARGV[5])
end
enter(conn, room, ARGV[3], known.user, ARGV[6], known.at)
return 1 + was
`,
}

/** `KEYS: home  ARGV: connection, room` → 1 if the connection was in the room, otherwise 0. */
export const WS_LEAVE: Script = {
  sha1: 'd243e1554ba8f30bca32c4e4118a8b32edb7bc38',
  lua: `${PRESENCE}
local known = alive(ARGV[1])
if not known then return 0 end
return leave(ARGV[1], ARGV[2], known.user)
`,
}
