/**
 * What metrics run inside Redis: adding up, once, what an isolate has counted. The embedded engine runs a
 * twin of it.
 *
 * @module
 */

import type { Script } from './script.ts'

/**
 * `KEYS: hashes…  ARGV: source, sequence, life ms of each hash…, then field, count…` → 1, or 0 if the
 * source has brought this sequence, or a later one, to the first hash before. A life of 0 is for ever.
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
