/**
 * What property tests draw from: the same numbers in every ordinary run, so that a change is judged
 * by what it changes; new ones in a deep run, and in one that names its seed by `SEED`.
 *
 * @module
 */

import fc from 'fast-check'
import { isDeep } from './deep.ts'

const USUAL_SEED = 20_260

const given = process.env['SEED']

if (given !== undefined) fc.configureGlobal({ seed: Number(given) })
else if (!isDeep) fc.configureGlobal({ seed: USUAL_SEED })
