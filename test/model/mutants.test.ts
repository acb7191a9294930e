import { describe, test } from 'vitest'
import { Count, DEADLINE_MS, exploreUntilBroken } from './expect.ts'
import { DRAFTS, HOPES, MUTANTS } from './mutants.ts'
import { OTHERS, SYSTEMS } from './systems.ts'

// I1, I2, I3
describe('A protocol with one flaw', () => {
  const count = new Count()

  test.each(MUTANTS)(
    'breaks its promise: $flaw',
    ({ flaw, system, breaks }) => {
      count.break(flaw, exploreUntilBroken(SYSTEMS[system], flaw), breaks)
    },
    DEADLINE_MS,
  )

  test.each(DRAFTS)(
    'breaks its promise, as in an earlier draft: $flaw',
    ({ flaw, system, breaks }) => {
      count.break(flaw, exploreUntilBroken(SYSTEMS[system], flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('breaks its promise, whichever flaw it has', ({ task }) => {
    count.say(task, 'model, mutants')
  })
})

describe('A promise that is too strong', () => {
  const count = new Count()

  test.each(HOPES)(
    'is not kept: $flaw',
    ({ flaw, system }) => {
      count.break(flaw, exploreUntilBroken(SYSTEMS[system] ?? OTHERS[system], flaw), '')
    },
    DEADLINE_MS,
  )

  test('is refuted by a trace in every case', ({ task }) => {
    count.say(task, 'model, false promises')
  })
})
