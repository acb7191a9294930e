/**
 * Look and acquire in one script, for readers that expect a cache miss.
 *
 * @module
 */

import { CLOCK, MARKERS } from './parts.ts'
import type { Script } from './script.ts'

/**
 * `KEYS: entry, lease, markers…  ARGV: nonce, lease ms, marker ms` → token and markers, as `ACQUIRE`, if
 * there is no entry and no other caller holds the lease; otherwise 0 and the text of each key.
 */
export const SEEK: Script = {
  sha1: '59b92200912b9d3c92efbc94dfe2598fa7eb63ab',
  lua: `${CLOCK}${MARKERS}
local texts = redis.call('MGET', unpack(KEYS))
local lease = texts[2] and string.match(texts[2], '^[%w_-]+%-%d+$')
local again = lease and string.sub(lease, 1, #ARGV[1] + 1) == ARGV[1] .. '-'
if not again and (texts[1] or lease) then
  table.insert(texts, 1, 0)
  return texts
end
local granted = markers({ lease or ARGV[1] .. '-' .. now }, 3, ARGV[1], tonumber(ARGV[3]))
if not lease then redis.call('SET', KEYS[2], granted[1], 'PX', ARGV[2]) end
return granted
`,
}
