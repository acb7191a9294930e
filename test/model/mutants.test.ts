import { describe, test } from 'vitest'
import { Count, DEADLINE_MS, exploreUntilBroken } from './expect.ts'
import { DRAFTS, HOPES, MUTANTS } from './mutants.ts'
import { OTHERS, SYSTEMS } from './systems.ts'

// I1, I2, I3
describe('A protocol with one thing wrong', () => {
  const count = new Count()

  test.each(MUTANTS)(
    'is caught: $flaw',
    ({ flaw, system, breaks }) => {
      count.break(flaw, exploreUntilBroken(SYSTEMS[system], flaw), breaks)
    },
    DEADLINE_MS,
  )

  test.each(DRAFTS)(
    'is caught, as earlier drafts had it: $flaw',
    ({ flaw, system, breaks }) => {
      count.break(flaw, exploreUntilBroken(SYSTEMS[system], flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('is caught whichever it is', ({ task }) => {
    count.say(task, 'model, mutants')
  })
})

describe('A promise that one might hope for', () => {
  const count = new Count()

  test.each(HOPES)(
    'is not kept: $flaw',
    ({ flaw, system }) => {
      count.break(flaw, exploreUntilBroken(SYSTEMS[system] ?? OTHERS[system], flaw), '')
    },
    DEADLINE_MS,
  )

  test('is shown to be false, with a trace', ({ task }) => {
    count.say(task, 'model, false promises')
  })
})
