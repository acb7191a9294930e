/**
 * The scripts of tools that clean up or migrate data. Each script checks and changes in one atomic step, so
 * that it is safe while requests go on. The embedded engine runs JavaScript twins of them. All are safe to send
 * again.
 *
 * @module
 */

import type { Script } from './script.ts'

/**
 * `KEYS: source, entry, lease, tally  ARGV: SHA-1 of the source's text, entry, life ms, 1 to keep the
 * source` → a word. The first two words are counted in the tally.
 *
 * `moved`: the entry is stored. `present`: there is an entry already, so the source is no longer needed.
 * `busy`: a load of the key is under way. `changed`, `gone`: the source has changed or is gone.
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

/** `KEYS: entry  ARGV: first bytes of the entry` → 1 if the entry was unchanged and is deleted. */
export const DROP_ENTRY: Script = {
  sha1: '954b50c7fefda6e168e2d728968e892da48e214b',
  lua: `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`,
}

/**
 * `KEYS: key  ARGV: seconds` → 1 if the key was not used for so long and is deleted. Fails if Redis does not
 * track the idle time (an LFU policy).
 */
export const DROP_IDLE: Script = {
  sha1: 'e4191d2573490b56459e4698ff0f38abead501fd',
  lua: `
local idle = redis.call('OBJECT', 'IDLETIME', KEYS[1])
if not idle or idle < tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
`,
}

/** `KEYS: lease` → 1 if the key had no expiry, which a lease of this library always has, and is deleted. */
export const DROP_ENDLESS: Script = {
  sha1: 'd59cafceaed79e936bd4a160ab72702ddce54746',
  lua: `
if redis.call('PTTL', KEYS[1]) ~= -1 then return 0 end
return redis.call('DEL', KEYS[1])
`,
}

/** All scripts. A guard may send them again. */
export const UPKEEP_SCRIPTS: readonly Script[] = [MOVE_IN, DROP_ENTRY, DROP_IDLE, DROP_ENDLESS]
