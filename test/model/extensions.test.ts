import { describe, test } from 'vitest'
import { Count, DEADLINE_MS, exploreDeep, exploreUntilBroken } from './expect.ts'
import {
  OFF_PRIMARY,
  PATTERNS,
  PATTERNS_FLAWED,
  REPLICATED,
  TWO_KEYS,
  TWO_KEYS_FLAWED,
  WITHOUT_TOKEN,
} from './extensions.ts'

describe('Looks answered by lagging replicas', () => {
  const count = new Count()

  test.each(WITHOUT_TOKEN)(
    'break T1 without a token: %s',
    (name, plan) => {
      count.break(name, exploreUntilBroken(plan), 'T1')
    },
    DEADLINE_MS,
  )

  test.each(Object.entries(REPLICATED))(
    'keep their promise: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(OFF_PRIMARY)(
    'break T1 if $flaw',
    ({ flaw, plan, breaks }) => {
      count.break(flaw, exploreUntilBroken(plan, flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('are explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, replicas')
  })
})

describe('Two keys that share a tag', () => {
  const count = new Count()

  test.each(Object.entries(TWO_KEYS))(
    'keep the promise: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(TWO_KEYS_FLAWED)(
    'break the promise if $flaw',
    ({ flaw, plan, breaks }) => {
      count.break(flaw, exploreUntilBroken(plan, flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('are explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, two keys')
  })
})

describe('invalidatePattern, which sweeps by SCAN,', () => {
  const count = new Count()

  test.each(Object.entries(PATTERNS))(
    'keeps the promise: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(PATTERNS_FLAWED)(
    'breaks the promise if $flaw',
    ({ flaw, plan, breaks }) => {
      count.break(flaw, exploreUntilBroken(plan, flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('is explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, patterns')
  })
})
