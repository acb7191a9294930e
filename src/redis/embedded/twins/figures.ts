/**
 * The JavaScript twin of the script that adds figures.
 *
 * @module
 */

import { ADD_FIGURES } from '../../scripts/figures.ts'
import type { ScriptTwin, TwinBody } from '../scripting.ts'

const addFigures: TwinBody = (call, keys, [source = '', sequence = '', ...rest]) => {
  const [first = ''] = keys
  const seen = call('HGET', first, source)
  if (seen !== null && Number(seen) >= Number(sequence)) return 0
  call('HSET', first, source, sequence)
  const figures = rest.slice(keys.length)
  for (const [k, key] of keys.entries()) {
    for (let i = 0; i < figures.length; i += 2) {
      call('HINCRBY', key, figures[i] ?? '', figures[i + 1] ?? '')
    }
    const life = rest[k] ?? ''
    if (life !== '0') call('PEXPIRE', key, life)
  }
  return 1
}

/** The twin for `RedisFigures` of `nearcache/monitor`. Engines have it by default. */
export const FIGURES_TWIN: ScriptTwin = { sha1: ADD_FIGURES.sha1, run: addFigures }
