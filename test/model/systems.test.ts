import { describe, expect, test } from 'vitest'
import { plainCodeOf } from './code.ts'
import { Count, DEADLINE_MS, exploreDeep, walk } from './expect.ts'
import { explore } from './explore.ts'
import type { Flaw } from './flaws.ts'
import { Model } from './model.ts'
import { type Plan, systemOf } from './system.ts'
import { LARGE, OTHERS, SYSTEMS } from './systems.ts'

/** Changes to the protocol that break nothing. */
const VARIANTS: readonly (readonly [what: string, flaw: Flaw, plan: Plan | undefined])[] = [
  [
    'stamping what the look saw, two tags',
    'stamps are those of the look',
    SYSTEMS['hard invalidation of two tags'],
  ],
  [
    'stamping what the look saw, one isolate',
    'stamps are those of the look',
    SYSTEMS['one isolate, hard'],
  ],
  [
    'stamping what the look saw, cluster',
    'stamps are those of the look',
    OTHERS['cluster without set'],
  ],
  [
    'a set in one request, where every request arrives once and in time',
    'set is one request with remembered ids',
    OTHERS['every request arrives once'],
  ],
]

// I1, I2, I3
describe('The protocol', () => {
  const count = new Count()

  test.each(Object.entries(SYSTEMS))(
    'holds in every interleaving: %s',
    (name, plan) => {
      count.hold(name, exploreDeep(plan))
    },
    DEADLINE_MS,
  )

  test.each(VARIANTS)(
    'holds as well with %s',
    (name, flaw, plan) => {
      count.hold(name, exploreDeep(plan, flaw))
    },
    DEADLINE_MS,
  )

  test.each(Object.entries(LARGE))(
    'holds on random walks: %s',
    (name, plan) => {
      count.hold(name, walk(plan))
    },
    DEADLINE_MS,
  )

  test('is explored to the last state of each system', ({ task }) => {
    count.say(task, 'model, systems')
  })
})

describe('The code of a state', () => {
  test.each([
    'one isolate, late tags',
    'near tier, soft call here',
    'cluster, late tags',
    'a get that does not name a tag',
  ])('tells apart what differs, and only that: %s', (name) => {
    const system = systemOf(SYSTEMS[name] as Plan)
    const { states } = explore(new Model(system))

    expect(explore(new Model(system), Infinity, plainCodeOf).states).toBe(states)
  })
})
