/**
 * The script of metrics: adds the counts of an isolate exactly once. The embedded engine runs a JavaScript
 * twin of it.
 *
 * @module
 */

import type { Script } from './script.ts'

/**
 * `KEYS: hashes…  ARGV: source, sequence, life ms of each hash…, then field, count…` → 1, or 0 if the
 * first hash already has this sequence, or a later one, from the source. A life of 0 means no expiry.
 */
export const ADD_FIGURES: Script = {
  sha1: '4e051c68de9cc717eb3370d5d3b4045196dae8a9',
  lua: `
local seen = redis.call('HGET', KEYS[1], ARGV[1])
if seen and tonumber(seen) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for k = 1, #KEYS do
  for i = #KEYS + 3, #ARGV, 2 do
    redis.call('HINCRBY', KEYS[k], ARGV[i], ARGV[i + 1])
  end
  if ARGV[2 + k] ~= '0' then redis.call('PEXPIRE', KEYS[k], ARGV[2 + k]) end
end
return 1
`,
}
