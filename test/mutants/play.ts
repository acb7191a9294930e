/**
 * Plays schedules until one of them breaks the promise. Runs in the copy that a mutant has changed.
 *
 * Prints one line. Exits with 0 if no schedule breaks the promise, with 3 if one does. If the program itself fails,
 * Node exits with 1.
 *
 * @module
 */

import fc from 'fast-check'
import { type FocusName, schedules } from '../schedule/moves.ts'
import { World } from '../schedule/world.ts'

const [runs = '1000', seed = '1', focus] = process.argv.slice(2)
const stories = schedules(focus ? (focus as FocusName) : undefined)
/** Schedules generated at a time: generating all of them first would delay the start. */
const PORTION = 100
/** Exit code if a schedule breaks the promise. */
const VIOLATED = 3

let played = 0
for (let part = 0; played < Number(runs); part++) {
  for (const schedule of fc.sample(stories, { numRuns: PORTION, seed: Number(seed) + part })) {
    const [violation] = await new World(schedule).play()
    played++
    if (violation === undefined) continue
    console.log(`after ${played} schedules: ${violation}`)
    process.exit(VIOLATED)
  }
}
console.log(`${played} schedules, no violation`)
