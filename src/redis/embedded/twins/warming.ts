/**
 * JavaScript twins of the scripts of warming.
 *
 * @module
 */

import { WARM_CLAIM, WARM_KEEP } from '../../scripts/warming.ts'
import type { ScriptTwin, TwinBody } from '../scripting.ts'

const claim: TwinBody = (call, [job = '', lease = ''], [token = '', life = '']) => {
  const holder = call('GET', lease)
  if (holder !== null && holder !== token) return 0
  call('HSET', job, 'run', token)
  call('SET', lease, token, 'PX', life)
  const [seconds = ''] = call('TIME') as string[]
  return [seconds, call('HGETALL', job)]
}

const keep: TwinBody = (call, [job = '', lease = ''], [token = '', life = '', ...fields]) => {
  const run = call('HGET', job, 'run')
  if (run !== token && (life !== '0' || run !== `${token}.`)) return 0
  for (let i = 0; i < fields.length; i += 2) {
    const [field = '', text = ''] = fields.slice(i, i + 2)
    if (text === '') call('HDEL', job, field)
    else call('HSET', job, field, text)
  }
  if (life !== '0') {
    call('SET', lease, token, 'PX', life)
    return 1
  }
  call('HSET', job, 'run', `${token}.`)
  if (call('GET', lease) === token) call('DEL', lease)
  return 1
}

/** The twins for `Warming` of `nearcache/warming`. Engines have them by default. */
export const WARMING_TWINS: readonly ScriptTwin[] = [
  { sha1: WARM_CLAIM.sha1, run: claim },
  { sha1: WARM_KEEP.sha1, run: keep },
]
