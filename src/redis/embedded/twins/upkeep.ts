/**
 * JavaScript twins of the scripts of maintenance tools.
 *
 * @module
 */

import { sha1Hex } from '../../scripts/digest.ts'
import { DROP_ENDLESS, DROP_ENTRY, DROP_IDLE, MOVE_IN } from '../../scripts/upkeep.ts'
import type { ScriptTwin, TwinBody } from '../scripting.ts'

const moveIn: TwinBody = (
  call,
  [sourceKey = '', entryKey = '', lease = '', tally = ''],
  [digest = '', entry = '', life = '', keep = ''],
) => {
  const source = call('GET', sourceKey)
  if (source === null) return 'gone'
  if (sha1Hex(String(source)) !== digest) return 'changed'
  const prefix = call('GETRANGE', entryKey, 0, 19)
  if (prefix !== '' && prefix === entry.slice(0, 20)) return 'moved'
  if (call('EXISTS', lease) === 1) return 'busy'
  const word = prefix === '' ? 'moved' : 'present'
  if (prefix === '') call('SET', entryKey, entry, 'PX', life)
  if (keep !== '1') call('DEL', sourceKey)
  call('HINCRBY', tally, word, 1)
  return word
}

const dropEntry: TwinBody = (call, [entry = ''], [prefix = '']) =>
  call('GETRANGE', entry, 0, prefix.length - 1) === prefix ? call('DEL', entry) : 0

const dropIdle: TwinBody = (call, [key = ''], [seconds = '']) => {
  const idle = call('OBJECT', 'IDLETIME', key)
  return idle === null || Number(idle) < Number(seconds) ? 0 : call('DEL', key)
}

const dropEndless: TwinBody = (call, [key = '']) =>
  call('PTTL', key) === -1 ? call('DEL', key) : 0

/** The twins for the program `nearcache`. Engines have them by default. */
export const UPKEEP_TWINS: readonly ScriptTwin[] = [
  { sha1: MOVE_IN.sha1, run: moveIn },
  { sha1: DROP_ENTRY.sha1, run: dropEntry },
  { sha1: DROP_IDLE.sha1, run: dropIdle },
  { sha1: DROP_ENDLESS.sha1, run: dropEndless },
]
