import { describe, expect, test } from 'vitest'
import { plainCodeOf } from './code.ts'
import { Count, DEADLINE_MS, exploreDeep, walk } from './expect.ts'
import { explore } from './explore.ts'
import { PATTERNS, REPLICATED } from './extensions.ts'
import type { Flaw } from './flaws.ts'
import { Model } from './model.ts'
import { type Plan, systemOf } from './system.ts'
import { LARGE, OTHERS, SYSTEMS } from './systems.ts'

/** Changes to the protocol that break no promise. */
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
    'leases granted whatever entry is there',
    'acquire does not look for an entry',
    SYSTEMS['set, load and delete'],
  ],
  [
    'a set in one request, where every request arrives once and in time',
    'set is one request',
    OTHERS['every request arrives once'],
  ],
  [
    'a set in one request with remembered ids, where every request arrives once and in time',
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
    'also holds with %s',
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
  const quiet: readonly (readonly [name: string, plan: Plan | undefined])[] = [
    ['one isolate, soft', SYSTEMS['one isolate, soft']],
    ['one isolate, late tags', SYSTEMS['one isolate, late tags']],
    ['cluster', SYSTEMS['cluster']],
    ['near tier, soft call here', SYSTEMS['near tier, soft call here']],
    ['ticket, invalidation and delete', SYSTEMS['ticket, invalidation and delete']],
    ['own token, two readers that join', REPLICATED['own token, two readers that join']],
    ['a pattern, near copies', PATTERNS['a pattern, near copies']],
  ]

  test.each(quiet)('is equal for equal states only: %s', (_name, plan) => {
    expectSameStates({ ...(plan as Plan), faults: 0 })
  })

  test('is equal for equal states only, when requests arrive twice', () => {
    expectSameStates(SYSTEMS['a get that does not name a tag'] as Plan)
    expectSameStates(SYSTEMS['cluster, late tags'] as Plan)
  })

  function expectSameStates(plan: Plan): void {
    const system = systemOf(plan)
    const { states } = explore(new Model(system))

    expect(explore(new Model(system), Infinity, plainCodeOf).states).toBe(states)
  }
})
