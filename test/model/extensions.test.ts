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

describe('Looks that are answered by replicas that lag', () => {
  const count = new Count()

  test.each(WITHOUT_TOKEN)(
    'break T1 without a token: %s',
    (name, plan) => {
      count.break(name, exploreUntilBroken(plan), 'T1')
    },
    DEADLINE_MS,
  )

  test.each(Object.entries(REPLICATED))(
    'keep what is promised of them: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(OFF_PRIMARY)(
    'break T1 where $flaw',
    ({ flaw, plan, breaks }) => {
      count.break(flaw, exploreUntilBroken(plan, flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('are explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, replicas')
  })
})

describe('Two keys with a tag in common', () => {
  const count = new Count()

  test.each(Object.entries(TWO_KEYS))(
    'keep the promise: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(TWO_KEYS_FLAWED)(
    'break it where $flaw',
    ({ flaw, plan, breaks }) => {
      count.break(flaw, exploreUntilBroken(plan, flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('are explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, two keys')
  })
})

describe('A pattern that is swept by SCAN', () => {
  const count = new Count()

  test.each(Object.entries(PATTERNS))(
    'keeps the promise: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(PATTERNS_FLAWED)(
    'breaks it where $flaw',
    ({ flaw, plan, breaks }) => {
      count.break(flaw, exploreUntilBroken(plan, flaw), breaks)
    },
    DEADLINE_MS,
  )

  test('is explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, patterns')
  })
})
