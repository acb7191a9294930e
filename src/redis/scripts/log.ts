/**
 * The steps of a change log, in Lua. Three keys in one hash slot, always in this order:
 *
 * - `head`, a hash: `epoch`, `at` (the position of the latest entry), `shapes` (one a line), `all` and
 *   `t<slot>` (the position at which a tag was last touched), and, while there are marks, `until`, their
 *   latest deadline
 * - `entries`, a list: the latest entries, each a text after the letter `o`, `u` or `x`
 * - `marks`, a hash: token to `<deadline in ms> <text>` of every write under way. A `u` follows the deadline
 *   once an entry was appended whose order is unknown: this write may be older or newer than that entry
 *
 * Positions are valid only within the epoch of the head. If the head is lost, the epoch and all positions
 * handed out become invalid. If the entries are lost, no position can be replayed. All scripts are safe to send
 * again: an append whose mark is gone makes an entry of unknown order (`u`). If the marks are lost while a
 * write may be under way, a mark for any write replaces them until the latest of them would have ended.
 *
 * A writer that finds another writer's mark appends as `u`: the other may have written first and append
 * last, so the order of the entries does not show the order of the writes.
 *
 * @module
 */

import type { Script } from './script.ts'

/** Opens the log. If the head is lost, the entries are deleted, as they belong to another epoch. */
const OPEN = `
local time = redis.call('TIME')
local ms = time[1] * 1000 + math.floor(time[2] / 1000)
local function open(nonce, life)
  local head = redis.call('HMGET', KEYS[1], 'epoch', 'until')
  local epoch = head[1]
  if head[2] and redis.call('EXISTS', KEYS[3]) == 0 then
    redis.call('HSET', KEYS[3], nonce, head[2] .. ' ')
    redis.call('PEXPIRE', KEYS[3], life)
  end
  if not epoch then
    epoch = nonce .. '-' .. time[1] .. string.format('%06d', time[2])
    redis.call('DEL', KEYS[2])
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'at', 0)
    redis.call('PEXPIRE', KEYS[1], life)
  end
  return epoch
end
local function push(text, most, life)
  local at = redis.call('HINCRBY', KEYS[1], 'at', 1)
  redis.call('RPUSH', KEYS[2], text)
  redis.call('LTRIM', KEYS[2], -most, -1)
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('PEXPIRE', KEYS[2], life)
  return at
end
local function unmark(token)
  redis.call('HDEL', KEYS[3], token)
  if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('HDEL', KEYS[1], 'until') end
end
local function unsettle()
  local all = redis.call('HGETALL', KEYS[3])
  for i = 1, #all, 2 do
    local deadline, text = string.match(all[i + 1], '^(%d+) (.*)$')
    if deadline then redis.call('HSET', KEYS[3], all[i], deadline .. 'u ' .. text) end
  end
end
local function look(epoch, most, life, known, position)
  local all = redis.call('HGETALL', KEYS[3])
  local marks = {}
  local lost = false
  for i = 1, #all, 2 do
    local deadline, text = string.match(all[i + 1], '^(%d+)u? (.*)$')
    if deadline and tonumber(deadline) > ms then
      marks[#marks + 1] = text
    else
      local at = push('x' .. (text or ''), most, life)
      redis.call('HSET', KEYS[1], 'all', at)
      unmark(all[i])
      lost = true
    end
  end
  if lost then unsettle() end
  local head = redis.call('HMGET', KEYS[1], 'at', 'all')
  local at = tonumber(head[1] or 0)
  local behind = at
  if epoch == known then behind = at - tonumber(position) end
  local entries = {}
  if behind > 0 then entries = redis.call('LRANGE', KEYS[2], -behind, -1) end
  return { epoch, at, 1, tonumber(head[2] or 0), marks, entries }
end
`

/**
 * `KEYS: head, entries, marks  ARGV: nonce, life ms, most entries, epoch, position, 1 to allow a short answer,
 * most shapes, shape, slots…` → epoch, position, whether the shape is registered, the latest position
 * of its tags, the marks, the entries after the given position (all entries, if the epoch is another).
 *
 * → only the latest position of the tags, if a short answer is allowed, the epoch and position are still the
 * latest, and there is no mark. Callers whose shape is registered need no more. Most looks are such, and the
 * rest of the script takes Redis four times as long.
 *
 * A mark past its deadline becomes an entry of unknown outcome (`x`): its writer may have died
 * between its commit and its append. A new shape is registered if there is room.
 */
export const LOG_LOOK: Script = {
  sha1: '6fc8000da28632e0eac20874a48b06fcc22abf9c',
  lua: `
local function touched(all)
  local at = tonumber(all or 0)
  for i = 9, #ARGV do
    at = math.max(at, tonumber(redis.call('HGET', KEYS[1], 't' .. ARGV[i]) or 0))
  end
  return at
end
if ARGV[6] == '1' and redis.call('HLEN', KEYS[3]) == 0 then
  local seen = redis.call('HMGET', KEYS[1], 'epoch', 'at', 'all', 'until')
  if seen[1] == ARGV[4] and seen[2] == ARGV[5] and not seen[4] then return touched(seen[3]) end
end
${OPEN}
local found = look(open(ARGV[1], ARGV[2]), tonumber(ARGV[3]), ARGV[2], ARGV[4], ARGV[5])
if ARGV[8] ~= '' then
  local shapes = redis.call('HGET', KEYS[1], 'shapes') or ''
  if not string.find('\\n' .. shapes, '\\n' .. ARGV[8] .. '\\n', 1, true) then
    local _, count = string.gsub(shapes, '\\n', '')
    found[3] = count < tonumber(ARGV[7]) and 1 or 0
    if found[3] == 1 then redis.call('HSET', KEYS[1], 'shapes', shapes .. ARGV[8] .. '\\n') end
  end
end
found[4] = touched(found[4])
return found
`,
}

/**
 * `KEYS: head, entries, marks  ARGV: nonce, life ms, token, milliseconds until the deadline, text` →
 * the shapes, and the marks of the other writes under way. If the request is sent again, the mark gets a `u`,
 * because entries may have been appended in between.
 */
export const LOG_MARK: Script = {
  sha1: 'a0b3c8121f4bf229589145a86029529b43f2bf80',
  lua: `${OPEN}
open(ARGV[1], ARGV[2])
local all = redis.call('HGETALL', KEYS[3])
local marks = {}
local again = ''
for i = 1, #all, 2 do
  if all[i] == ARGV[3] then
    again = 'u'
  else
    marks[#marks + 1] = string.match(all[i + 1], '^%d+u? (.*)$') or ''
  end
end
local deadline = ms + ARGV[4]
redis.call('HSET', KEYS[3], ARGV[3], string.format('%d', deadline) .. again .. ' ' .. ARGV[5])
redis.call('PEXPIRE', KEYS[3], ARGV[2])
deadline = math.max(deadline, redis.call('HGET', KEYS[1], 'until') or 0)
redis.call('HSET', KEYS[1], 'until', string.format('%d', deadline))
return { redis.call('HGET', KEYS[1], 'shapes') or '', marks }
`,
}

/**
 * `KEYS: head, entries, marks  ARGV: nonce, life ms, most entries, token, letter, text, 1 if all
 * tags are touched, epoch, position, slots…` → the position, followed by the answer of a look, if
 * epoch and position are not empty. Removes the mark. If there is no mark, the write was given up or this is a
 * copy of a request: then the entry's letter is `u` whatever was given, and all tags are touched,
 * since shapes may have been registered after the mark was gone. After an entry
 * that is not `o`, the entries of all remaining marks will be `u`.
 */
export const LOG_APPEND: Script = {
  sha1: '83eaa9f508152f43a80b09df230df3c7a483cf4d',
  lua: `${OPEN}
local epoch = open(ARGV[1], ARGV[2])
local mark = redis.call('HGET', KEYS[3], ARGV[4])
unmark(ARGV[4])
local letter = ARGV[5]
if not mark or letter == 'o' and string.match(mark, '^%d+u') then letter = 'u' end
local at = push(letter .. ARGV[6], tonumber(ARGV[3]), ARGV[2])
if letter ~= 'o' then unsettle() end
if ARGV[7] == '1' or not mark then redis.call('HSET', KEYS[1], 'all', at) end
for i = 10, #ARGV do redis.call('HSET', KEYS[1], 't' .. ARGV[i], at) end
if ARGV[9] == '' then return { at } end
return { at, look(epoch, tonumber(ARGV[3]), ARGV[2], ARGV[8], ARGV[9]) }
`,
}
