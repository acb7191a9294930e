/**
 * JavaScript twins of the scripts of semantic matching, the same line by line. A differential test
 * compares them with a real Redis.
 *
 * @module
 */

import { utf8Length } from '../../../entry/bytes.ts'
import * as scripts from '../../scripts/semantic.ts'
import type { Call, ScriptTwin, TwinBody } from '../scripting.ts'

function nextPlace(call: Call, log: string): { readonly place: number; readonly isEmpty: boolean } {
  const [seconds, micros] = call('TIME') as [string, string]
  const now = Number(`${seconds}${micros.padStart(6, '0')}`)
  const [id, last] = call('ZREVRANGE', log, 0, 0, 'WITHSCORES') as string[]
  const place = last !== undefined && Number(last) >= now ? Number(last) + 1 : now
  return { place, isEmpty: id === undefined }
}

const remember: TwinBody = (
  call,
  [vectors = '', log = '', state = ''],
  [id = '', text = '', most = '', life = ''],
) => {
  const { place, isEmpty } = nextPlace(call, log)
  if (isEmpty) call('DEL', vectors, state)
  call('HSET', vectors, id, text)
  call('ZADD', log, String(place), id)
  const over = Number(call('ZCARD', log)) - Number(most)
  for (let i = 0; i < over; i++) {
    const [oldest = ''] = call('ZPOPMIN', log) as string[]
    call('HDEL', vectors, oldest)
    call('HDEL', state, oldest)
  }
  for (const key of [vectors, log, state]) call('PEXPIRE', key, life)
  return Math.max(0, over)
}

const forget: TwinBody = (call, [vectors = '', log = '', state = ''], ids) => {
  const { place } = nextPlace(call, log)
  let known = 0
  for (const id of ids) {
    call('HDEL', state, id)
    if (call('HDEL', vectors, id) === 1) {
      call('ZADD', log, String(place + known), id)
      known++
    }
  }
  return known
}

const since: TwinBody = (
  call,
  [vectors = '', log = ''],
  [place = '', most = '', mostBytes = ''],
) => {
  const [first, oldest = ''] = call('ZRANGE', log, 0, 0, 'WITHSCORES') as string[]
  if (first === undefined) return []
  const range = [`(${place}`, '+inf', 'WITHSCORES', 'LIMIT', 0, most]
  const fresh = call('ZRANGEBYSCORE', log, ...range) as string[]
  const found: (string | number)[] = []
  let isCut = fresh.length === 2 * Number(most)
  let size = 0
  for (let i = 0; i < fresh.length; i += 2) {
    const id = fresh[i] ?? ''
    const text = String(call('HGET', vectors, id) ?? '')
    size += utf8Length(text)
    if (i > 0 && size > Number(mostBytes)) {
      isCut = true
      break
    }
    found.push(id, String(Number(fresh[i + 1])), text)
  }
  return [String(Number(oldest)), isCut ? 1 : 0, ...found]
}

const learn: TwinBody = (
  call,
  [vectors = '', state = ''],
  [id = '', judgement = '', chars = '', life = '', entries = ''],
) => {
  const known = String(call('HGET', state, id) ?? '')
  const most = Number(entries)
  if (most === 0) {
    if (call('HEXISTS', vectors, id) === 0) return 0
  } else if (known === '' && Number(call('HLEN', state)) >= most) {
    return 0
  }
  if (known.includes(judgement)) return 1
  call('HSET', state, id, `${known}${judgement}`.slice(-Number(chars)))
  call('PEXPIRE', state, life)
  return 1
}

/** The twins of semantic matching. Engines have them by default. */
export const SEMANTIC_TWINS: readonly ScriptTwin[] = [
  { sha1: scripts.SEMANTIC_REMEMBER.sha1, run: remember },
  { sha1: scripts.SEMANTIC_FORGET.sha1, run: forget },
  { sha1: scripts.SEMANTIC_SINCE.sha1, run: since },
  { sha1: scripts.SEMANTIC_LEARN.sha1, run: learn },
]
