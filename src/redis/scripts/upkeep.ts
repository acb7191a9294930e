/**
 * What tools run inside Redis to tidy up and to move in: each looks before it changes anything, in one
 * atomic step, so that traffic which goes on meanwhile loses nothing. The embedded engine runs twins of
 * them. All are safe to send again.
 *
 * @module
 */

import type { Script } from './script.ts'

/**
 * `KEYS: source, entry, lease, tally  ARGV: SHA-1 of the source's text, entry, life ms, 1 to keep the
 * source` → a word, which is counted in the tally if it is one of the first two.
 *
 * `moved`: the entry is stored. `present`: there is a newer one, so the source is of no more use.
 * `busy`: a load of the key is under way. `changed`, `gone`: the source is not what it was.
 */
export const MOVE_IN: Script = {
  sha1: '06befa540d5856fd8781a151f43d66c0a3cfcae2',
  lua: `
local source = redis.call('GET', KEYS[1])
if not source then return 'gone' end
if redis.sha1hex(source) ~= ARGV[1] then return 'changed' end
local prefix = redis.call('GETRANGE', KEYS[2], 0, 19)
if prefix ~= '' and prefix == string.sub(ARGV[2], 1, 20) then return 'moved' end
if redis.call('EXISTS', KEYS[3]) == 1 then return 'busy' end
local word = 'present'
if prefix == '' then
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  word = 'moved'
end
if ARGV[4] ~= '1' then redis.call('DEL', KEYS[1]) end
redis.call('HINCRBY', KEYS[4], word, 1)
return word
`,
}

/** `KEYS: entry  ARGV: first bytes of the entry` → 1 if it was still that entry, which is gone now. */
export const DROP_ENTRY: Script = {
  sha1: '954b50c7fefda6e168e2d728968e892da48e214b',
  lua: `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
}

/**
 * `KEYS: key  ARGV: seconds` → 1 if nobody has used it for so long, and it is gone now. Fails where
 * Redis does not know how long that is (an LFU policy).
 */
export const DROP_IDLE: Script = {
  sha1: 'e4191d2573490b56459e4698ff0f38abead501fd',
  lua: `
local idle = redis.call('OBJECT', 'IDLETIME', KEYS[1])
if not idle or idle < tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
`,
}

/** `KEYS: lease` → 1 if it has no end, which no lease of this library has, and is gone now. */
export const DROP_ENDLESS: Script = {
  sha1: 'd59cafceaed79e936bd4a160ab72702ddce54746',
  lua: `
if redis.call('PTTL', KEYS[1]) ~= -1 then return 0 end
return redis.call('DEL', KEYS[1])
`,
}

/** All of them: what a guard may send again. */
export const UPKEEP_SCRIPTS: readonly Script[] = [MOVE_IN, DROP_ENTRY, DROP_IDLE, DROP_ENDLESS]
