/**
 * Plays schedules until one of them breaks the promise: what runs in the copy of a mutant.
 *
 * Prints one line, and exits with 0 if none of them does, with 1 if one does, with 2 if it breaks
 * down.
 *
 * @module
 */

import fc from 'fast-check'
import { type FocusName, schedules } from '../schedule/moves.ts'
import { World } from '../schedule/world.ts'

const [runs = '1000', seed = '1', focus] = process.argv.slice(2)
const stories = schedules(focus ? (focus as FocusName) : undefined)
/** So many at a time: all of them at once would take a while to make. */
const PORTION = 100

let played = 0
for (let part = 0; played < Number(runs); part++) {
  for (const schedule of fc.sample(stories, { numRuns: PORTION, seed: Number(seed) + part })) {
    const [violation] = await new World(schedule).play()
    played++
    if (violation === undefined) continue
    console.log(`after ${played} schedules: ${violation}`)
    process.exit(1)
  }
}
console.log(`${played} schedules, no violation`)
