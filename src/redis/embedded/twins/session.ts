/**
 * JavaScript twins of the session scripts, for the embedded engine, the same line by line. A
 * differential test compares them with a real Redis.
 *
 * @module
 */

import type { Reply } from '../../requester.ts'
import * as scripts from '../../scripts/session.ts'
import { CommandError } from '../command-error.ts'
import type { Call, ScriptTwin, TwinBody } from '../scripting.ts'
import { STORE_TWINS } from './store.ts'
import { clock, epoch, texts, USER_TWINS } from './user.ts'

const SESSION_FIELDS = ['s', 'v', 'e', 'h', 'o', 'u', 'x', 'i', 't', 'd', 'n']

interface Looked {
  readonly now: number
  readonly word: string
  /** The fields of the session, named as in Redis. */
  readonly s: Record<string, string | null>
  readonly user: readonly (string | null)[]
}

function look(
  call: Call,
  [sessionKey = '', userKey = '', indexKey = '']: readonly string[],
  [secret = '', id = '']: readonly string[],
): Looked {
  const now = clock(call)
  const found = texts(call('HMGET', sessionKey, ...SESSION_FIELDS))
  const s = Object.fromEntries(SESSION_FIELDS.map((field, i) => [field, found[i] ?? null]))
  const user = texts(call('HMGET', userKey, 'e', 'p', 'm'))
  const listed = call('ZSCORE', indexKey, id) !== null
  return { now, word: wordFor(now, s, user[0] ?? null, { listed, secret }), s, user }
}

function wordFor(
  now: number,
  s: Looked['s'],
  hard: string | null,
  { listed, secret }: { readonly listed: boolean; readonly secret: string },
): string {
  if (s['s'] === null) return 'absent'
  if (s['s'] === 'x') return 'revoked'
  if (hard === null) return 'absent'
  if (hard !== s['e'] || !listed) return 'revoked'
  const isPrevious = secret === s['o'] && now < Number(s['u'])
  if (secret !== s['h'] && !isPrevious) return 'superseded'
  const idle = Number(s['i'])
  const isIdle = idle > 0 && now >= Number(s['t']) + idle
  return now >= Number(s['x']) || isIdle ? 'expired' : 'ok'
}

function answer(word: string, { now, s, user }: Looked): Reply {
  const fields = ['s', 'v', 'h', 'x', 'i', 't', 'd', 'n'].map((field) => s[field] ?? null)
  return [word, String(now), ...fields, user[0] ?? null, user[1] ?? null, user[2] ?? null]
}

const validate: TwinBody = (call, keys, args) => {
  const looked = look(call, keys, args)
  if (looked.word !== 'ok') return [looked.word]
  const { now, s } = looked
  const [idle, asked] = [Number(s['i']), Number(args[2])]
  const interval = asked === -2 || (idle > 0 && asked >= idle) ? usualInterval(idle) : asked
  if (interval >= 0 && now - Number(s['t']) >= interval) touch(call, keys, args[1] ?? '', looked)
  return answer('ok', looked)
}

function usualInterval(idle: number): number {
  return idle > 0 ? Math.min(3_600_000, Math.ceil(idle / 10)) : 3_600_000
}

function touch(
  call: Call,
  [sessionKey = '', userKey = '', indexKey = '']: readonly string[],
  id: string,
  { now, s }: Looked,
): void {
  try {
    call('HSET', sessionKey, 't', String(now))
  } catch (error) {
    if (error instanceof CommandError) return
    throw error
  }
  const idle = Number(s['i'])
  if (idle > 0) {
    const life = Math.min(idle, Number(s['x']) - now)
    call('PEXPIRE', sessionKey, String(life))
    call('ZADD', indexKey, 'XX', String(now + life), id)
  }
  call('HSET', userKey, 'l', String(now))
  s['t'] = String(now)
}

const create: TwinBody = (call, keys, args) => {
  const [sessionKey = '', userKey = '', indexKey = ''] = keys
  const [id = '', write = '', , , absolute = '', , , most, policy, expected = '', before = ''] =
    args
  const now = clock(call)
  const [state, written] = texts(call('HMGET', sessionKey, 's', 'v'))
  const count = Number(call('ZCARD', indexKey))
  if (state !== null && written !== write) return ['revoked']
  const known = call('HGET', userKey, 'e')
  if (expected !== '' && known !== expected) return ['revoked']
  const isNew = state === null
  const counted = known === null ? 0 : count
  const room = { now, counted, most: Number(most), policy, before }
  const gone = isNew ? makeRoom(call, indexKey, room) : []
  if (gone === undefined) return ['limit']
  const user = epoch(call, [userKey, indexKey], now, [write, absolute])
  if (isNew) store(call, keys, args, { id, now, hard: user[0] ?? '' })
  return ['ok', String(now), ...user, gone]
}

interface Room {
  readonly now: number
  readonly counted: number
  readonly most: number
  readonly policy: string | undefined
  readonly before: string
}

/** Removes sessions to make room and returns their ids; `undefined` if the user is at the limit and none may go. */
function makeRoom(call: Call, indexKey: string, room: Room): string[] | undefined {
  const { now, counted, most, policy, before } = room
  const expired = Number(call('ZREMRANGEBYSCORE', indexKey, '-inf', String(now)))
  const gone = call('ZSCORE', indexKey, before) === null ? [] : [before]
  const isFull = counted - expired - gone.length >= most
  if (isFull && policy === 'refuse') return undefined
  for (const id of gone) call('ZREM', indexKey, id)
  if (!isFull) return gone
  const listed = call('ZRANGE', indexKey, 0, -1) as string[]
  while (listed.length >= most) {
    const ages = listed.map((id) => Number.parseInt(id.slice(0, 9), 36))
    const [oldest = ''] = listed.splice(ages.indexOf(Math.min(...ages)), 1)
    gone.push(oldest)
    call('ZREM', indexKey, oldest)
  }
  return gone
}

function store(
  call: Call,
  [sessionKey = '', userKey = '', indexKey = '']: readonly string[],
  [, write = '', state = '', hash = '', absolute = '', idle = '', payload = '']: readonly string[],
  { id, now, hard }: { readonly id: string; readonly now: number; readonly hard: string },
): void {
  const life = Number(idle) > 0 ? Math.min(Number(idle), Number(absolute)) : Number(absolute)
  const times = ['x', String(now + Number(absolute)), 'i', idle, 't', String(now)]
  call('HSET', sessionKey, 's', state, 'v', write, 'e', hard, 'h', hash, ...times, 'd', payload)
  call('PEXPIRE', sessionKey, String(life))
  call('ZADD', indexKey, String(now + life), id)
  if (Number(call('PTTL', indexKey)) < Number(absolute)) call('PEXPIRE', indexKey, absolute)
  call('HSET', userKey, 'l', String(now))
}

const save: TwinBody = (call, keys, args) => {
  const [secret = '', , expected, write = '', state = '', payload = '', next = ''] = args
  const [, , , , , , , overlap = '', nonce = ''] = args
  const looked = look(call, keys, args)
  const { word, now, s } = looked
  const rotates = next !== ''
  if (word === 'superseded' && rotates && secret === s['o'] && s['n'] === nonce) {
    return answer('rotated', looked)
  }
  if (word !== 'ok') return [word]
  if (rotates && secret !== s['h']) return answer('rotated', looked)
  if (s['v'] === write) return answer('saved', looked)
  if (s['v'] !== expected) return answer('conflict', looked)
  const [sessionKey = ''] = keys
  call('HSET', sessionKey, 'v', write, 's', state, 'd', payload)
  Object.assign(s, { s: state, v: write, d: payload })
  if (rotates) {
    const until = String(now + Number(overlap))
    call('HSET', sessionKey, 'o', s['h'] ?? '', 'u', until, 'h', next, 'n', nonce)
    Object.assign(s, { h: next, n: nonce })
  }
  return answer('saved', looked)
}

const end: TwinBody = (call, [sessionKey = '', indexKey = ''], [id = '', rememberMs = '']) => {
  const alive = Number(call('HEXISTS', sessionKey, 'h'))
  const listed = Number(call('ZREM', indexKey, id))
  call('DEL', sessionKey)
  call('HSET', sessionKey, 's', 'x')
  call('PEXPIRE', sessionKey, rememberMs)
  return Math.min(alive, listed)
}

const revoke: TwinBody = (call, keys, [nonce = '', life = '', keep = '']) => {
  const [userKey = '', indexKey = '', sessionKey = ''] = keys
  const now = clock(call)
  call('ZREMRANGEBYSCORE', indexKey, '-inf', String(now))
  const listed = call('ZRANGE', indexKey, 0, -1) as string[]
  const [known = null, last] = texts(call('HMGET', userKey, 'e', 'r'))
  if (known !== null && last === nonce) return ['ok', known, []]
  if (keep !== '') {
    const [state = null, hard] = texts(call('HMGET', sessionKey, 's', 'e'))
    if (state === null) return ['absent']
    if (state === 'x' || hard !== known) return ['revoked']
    if (call('ZSCORE', indexKey, keep) === null) return ['revoked']
  }
  epoch(call, [userKey, indexKey], now, [nonce, life])
  const hard = `${nonce}-${now}`
  call('HSET', userKey, 'e', hard, 'r', nonce)
  const gone = listed.filter((id) => id !== keep)
  for (const id of gone) call('ZREM', indexKey, id)
  if (keep !== '') call('HSET', sessionKey, 'e', hard)
  return ['ok', hard, gone]
}

/** The twins of the session scripts. Engines have them by default. */
export const SESSION_TWINS: readonly ScriptTwin[] = [
  { sha1: scripts.VALIDATE.sha1, run: validate },
  { sha1: scripts.CREATE.sha1, run: create },
  { sha1: scripts.SAVE.sha1, run: save },
  { sha1: scripts.END.sha1, run: end },
  { sha1: scripts.REVOKE.sha1, run: revoke },
  ...USER_TWINS,
  ...STORE_TWINS,
]
