/**
 * The scripts of the cache protocol, in Lua. Each script is one atomic step, named as in
 * docs/consistency.md. The embedded engine runs JavaScript twins of them.
 *
 * Ids are completed with the server's time where they are stored, so that a late copy of a request
 * can never bring an old id back. All scripts are safe to send again with the same nonce.
 *
 * Marker texts are `<hardId>.<softId>`. A marker is created with soft id `0`: the pair is as unique
 * as its hard id.
 *
 * @module
 */

import { CLOCK, MARKERS } from './parts.ts'
import type { Script } from './script.ts'

/**
 * `KEYS: lease, entry, markers…  ARGV: nonce, lease ms, marker ms, prefix` → token and markers, or 0 if
 * another caller holds the lease, or the entry has changed since the caller saw it: its first 20 bytes
 * differ from `prefix` (`?` skips this check). A text that is not a lease counts as no lease. The lease is
 * written last: a marker of another type fails the script, which must not leave a lease behind that no
 * caller knows of.
 */
export const ACQUIRE: Script = {
  sha1: '6016ca94788e34c0934f267e0e07d9ed3d56bf5c',
  lua: `${CLOCK}${MARKERS}
local lease = redis.call('GET', KEYS[1])
lease = lease and string.match(lease, '^[%w_-]+%-%d+$')
if lease then
  if string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. '-' then return 0 end
elseif ARGV[4] ~= '?' and redis.call('GETRANGE', KEYS[2], 0, 19) ~= ARGV[4] then
  return 0
end
local granted = markers({ lease or ARGV[1] .. '-' .. now }, 3, ARGV[1], tonumber(ARGV[3]))
if not lease then redis.call('SET', KEYS[1], granted[1], 'PX', ARGV[2]) end
return granted
`,
}

/**
 * `KEYS: entry, lease  ARGV: token, entry, life ms, first bytes of the entry` → 1 if stored. Reads the
 * entry first: a key of another type is not a cache entry, and fails the script before it is overwritten.
 */
export const COMMIT: Script = {
  sha1: '76c8fcdc6b27e875521c4d5337e9a96b9ac4b2cc',
  lua: `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[4] - 1) == ARGV[4] then return 1 end
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`,
}

/**
 * `KEYS: lease, entry, markers…  ARGV: nonce, lease ms, marker ms` → token and markers. From here on no
 * other caller can store, and no older entry can be served.
 */
export const TAKE: Script = {
  sha1: 'bf2caff0999aa5fb0eb76e1afc331c3d9573370e',
  lua: `${CLOCK}${MARKERS}
local lease = redis.call('GET', KEYS[1])
if not lease or string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. '-' then
  lease = ARGV[1] .. '-' .. now
  redis.call('DEL', KEYS[2])
  redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
end
return markers({ lease }, 3, ARGV[1], tonumber(ARGV[3]))
`,
}

/** `KEYS: markers…  ARGV: nonce, marker ms` → the markers; missing ones are created. */
export const MARK: Script = {
  sha1: '2d212e5dd087037b96f77633db52ae3a49efa095',
  lua: `${CLOCK}${MARKERS}
return markers({}, 1, ARGV[1], tonumber(ARGV[2]))
`,
}

/** `KEYS: epoch, markers…  ARGV: nonce, marker ms` → the epoch or nil, and the late markers. */
export const LATE: Script = {
  sha1: 'cb05d03235e9c2dfcc19b51b91c55c3e0a16e4c8',
  lua: `${CLOCK}${MARKERS}
return markers({ redis.call('GET', KEYS[1]) }, 2, ARGV[1], tonumber(ARGV[2]))
`,
}

/** `KEYS: epoch, markers…  ARGV: nonce`. Renews the soft ids of existing markers. */
export const SOFT: Script = {
  sha1: 'fd1d290dc2b0ba5c498f1fd7b299772ad0b1b338',
  lua: `${CLOCK}
redis.call('DEL', KEYS[1])
for i = 2, #KEYS do
  local marker = redis.call('GET', KEYS[i])
  local hard = marker and string.match(marker, '^[^.]+')
  if hard then
    redis.call('SET', KEYS[i], hard .. '.' .. ARGV[1] .. '-' .. now, 'KEEPTTL')
  end
end
return 1
`,
}

/**
 * `KEYS: lease  ARGV: token, or its nonce, ms`. If the caller still holds the lease, sets its remaining time
 * in milliseconds; 0 releases it.
 */
export const RELEASE: Script = {
  sha1: 'd533f662c74b4eb88496b810c33b8eb547375e70',
  lua: `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
}

/** `KEYS: entry  ARGV: first bytes of the entry, new entry, life ms` → 1 if it was unchanged and is replaced. */
export const REPLACE: Script = {
  sha1: '830178937b0396d204a44edd90de96443fbbd27b',
  lua: `
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`,
}

/**
 * `KEYS: entry, lease, markers…  ARGV: nonce, marker ms, life ms, before stamps, after stamps, tags…`.
 * A set in one request: correct only if no request is applied twice or late, hence "relaxed".
 */
export const STORE: Script = {
  sha1: 'c697f9e543879a2ab9fdcc6efd4c263dfd0af6b9',
  lua: `${CLOCK}${MARKERS}
local stamps = markers({}, 3, ARGV[1], tonumber(ARGV[2]))
for i = 1, #stamps do stamps[i] = ARGV[5 + i] .. '=' .. stamps[i] end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[1], ARGV[4] .. table.concat(stamps, ',') .. ARGV[5], 'PX', ARGV[3])
return 1
`,
}

/** All scripts. A guard may send them again. */
export const SCRIPTS: readonly Script[] = [
  ACQUIRE,
  COMMIT,
  TAKE,
  MARK,
  LATE,
  SOFT,
  RELEASE,
  REPLACE,
  STORE,
]
