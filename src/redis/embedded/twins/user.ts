/**
 * JavaScript twins of the scripts for a user's own values and activity, and the functions that they share
 * with the session twins.
 *
 * @module
 */

import type { Reply } from '../../requester.ts'
import * as scripts from '../../scripts/user.ts'
import type { Call, ScriptTwin, TwinBody } from '../scripting.ts'

/** Server time in milliseconds. */
export function clock(call: Call): number {
  const [seconds, micros] = call('TIME') as [string, string]
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}

/** Types a reply as a list of texts and nils. */
export function texts(reply: Reply): readonly (string | null)[] {
  return reply as readonly (string | null)[]
}

/** Both ids of the user's epoch, created if they are missing, and the permissions. */
export function epoch(
  call: Call,
  [userKey, indexKey]: readonly [string, string],
  now: number,
  [nonce, life]: readonly [string, string],
): (string | null)[] {
  const found = [...texts(call('HMGET', userKey, 'e', 'p', 'm'))]
  if (found[0] === null || found[1] === null) {
    call('DEL', indexKey)
    const id = `${nonce}-${now}`
    found[0] = id
    found[1] = id
    call('HSET', userKey, 'e', id, 'p', id)
  }
  if (Number(call('PTTL', userKey)) < Number(life)) call('PEXPIRE', userKey, life)
  return found
}

const userLook: TwinBody = (
  call,
  [userKey = '', indexKey = ''],
  [nonce = '', life = '', field = ''],
) => {
  const [hard = null, soft = null] = epoch(call, [userKey, indexKey], clock(call), [nonce, life])
  return [hard, soft, call('HGET', userKey, field)]
}

const userPut: TwinBody = (call, [userKey = '', indexKey = ''], args) => {
  const [nonce = '', life = '', field = '', text = '', expected = '', renews = ''] = args
  const now = clock(call)
  const [, soft = null] = epoch(call, [userKey, indexKey], now, [nonce, life])
  if (expected !== '' && expected !== soft) return 0
  call('HSET', userKey, field, text)
  if (renews !== '1') return soft
  const next = `${nonce}-${now}`
  call('HSET', userKey, 'p', next)
  return next
}

const userRenew: TwinBody = (
  call,
  [userKey = '', indexKey = ''],
  [nonce = '', life = '', ...fields],
) => {
  const now = clock(call)
  epoch(call, [userKey, indexKey], now, [nonce, life])
  const soft = `${nonce}-${now}`
  call('HSET', userKey, 'p', soft)
  for (const field of fields) call('HDEL', userKey, field)
  return soft
}

const track: TwinBody = (
  call,
  [activityKey = '', userKey = ''],
  [entry = '', most = '', life = ''],
) => {
  const now = clock(call)
  if (call('ZSCORE', activityKey, entry) !== null) return 0
  const [, last] = texts(call('ZREVRANGE', activityKey, 0, 0, 'WITHSCORES'))
  const number = Number(last ?? 0) + 1
  call('ZADD', activityKey, String(number), entry)
  call('ZREMRANGEBYRANK', activityKey, 0, String(-1 - Number(most)))
  call('PEXPIRE', activityKey, life)
  if (call('HEXISTS', userKey, 'e') === 1) call('HSET', userKey, 'l', String(now))
  return number
}

/** The twins of the user scripts. */
export const USER_TWINS: readonly ScriptTwin[] = [
  { sha1: scripts.USER_LOOK.sha1, run: userLook },
  { sha1: scripts.USER_PUT.sha1, run: userPut },
  { sha1: scripts.USER_RENEW.sha1, run: userRenew },
  { sha1: scripts.TRACK.sha1, run: track },
]
