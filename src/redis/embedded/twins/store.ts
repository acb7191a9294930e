/**
 * JavaScript twins of the scripts for sessions of other session libraries.
 *
 * @module
 */

import { STORE_COUNT, STORE_END, STORE_PUT, STORE_TOUCH } from '../../scripts/store.ts'
import type { ScriptTwin, TwinBody } from '../scripting.ts'

const put: TwinBody = (call, [key = ''], [text = '', life = '', present = '']) => {
  const found = call('GET', key)
  if (found === 'x' || (present === '1' && found === null)) return 0
  call('SET', key, text, 'PX', life)
  return 1
}

const end: TwinBody = (call, [key = ''], [life = '']) => {
  call('DEL', key)
  call('SET', key, 'x', 'PX', life)
  return 1
}

const touch: TwinBody = (call, [key = ''], [life = '']) => {
  const found = call('GET', key)
  if (found === 'x' || found === null) return 0
  return call('PEXPIRE', key, life)
}

const count: TwinBody = (call, [key = ''], [life = '']) => {
  const counted = call('INCR', key)
  if (counted === 1) call('PEXPIRE', key, life)
  return counted
}

/** The twins of the scripts of stores. */
export const STORE_TWINS: readonly ScriptTwin[] = [
  { sha1: STORE_PUT.sha1, run: put },
  { sha1: STORE_END.sha1, run: end },
  { sha1: STORE_TOUCH.sha1, run: touch },
  { sha1: STORE_COUNT.sha1, run: count },
]
