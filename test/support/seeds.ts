/**
 * The seed of property tests: fixed in ordinary runs, so that results differ only by changes of the code. A
 * deep run draws a new seed, and `SEED` sets one.
 *
 * @module
 */

import fc from 'fast-check'
import { isDeep } from './deep.ts'

const USUAL_SEED = 20_260

const given = process.env['SEED']

if (given !== undefined) fc.configureGlobal({ seed: Number(given) })
else if (!isDeep) fc.configureGlobal({ seed: USUAL_SEED })
