/**
 * The scripts of warming: claim a job, and store its results unless another caller has claimed it since.
 * The embedded engine runs JavaScript twins of them. Both are safe to send again with the same token.
 *
 * @module
 */

import type { Script } from './script.ts'

/**
 * `KEYS: job, lease  ARGV: token, lease ms` → the server's time in seconds and the job's fields, or 0 if
 * another caller holds the lease.
 */
export const WARM_CLAIM: Script = {
  sha1: '913185885f2ec42f650d6fc7d23d3b56d265d07b',
  lua: `
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'run', ARGV[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return { redis.call('TIME')[1], redis.call('HGETALL', KEYS[1]) }
`,
}

/**
 * `KEYS: job, lease  ARGV: token, lease ms, then field, text…` → 1, or 0 if another caller has claimed the job
 * since. An empty text deletes its field. A lease of 0 gives the job back. After that, only the same request may
 * write again: a late checkpoint must not open a slot again.
 */
export const WARM_KEEP: Script = {
  sha1: '85a8c96572db971c121451b0c837122f2b44c435',
  lua: `
local run = redis.call('HGET', KEYS[1], 'run')
if run ~= ARGV[1] and (ARGV[2] ~= '0' or run ~= ARGV[1] .. '.') then return 0 end
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
if ARGV[2] ~= '0' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
  return 1
end
redis.call('HSET', KEYS[1], 'run', ARGV[1] .. '.')
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
`,
}
