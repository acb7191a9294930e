import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amount } from '../../support/deep.ts'
import { type Cover, type Passage, World } from './world.ts'

const RUNS = amount(500, 10_000)

const who = fc.nat(2)
const n = fc.nat(30)
const COVERS: readonly Cover[] = [
  'delete',
  'invalidate',
  'soften',
  'late',
  'clear',
  'pattern',
  'ticket',
]

type Step = (world: World) => Promise<void> | void

/** A step that a counterexample can be read from. */
function named(name: string, step: Step): Step {
  return Object.assign(step, { [fc.toStringMethod]: () => name })
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(who, fc.boolean())
      .map(([w, mayLoad]) => named(`read ${w} ${mayLoad}`, (world) => world.read(w, mayLoad))),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(who, fc.constantFrom(...COVERS))
      .map(([w, call]) => named(`${call} ${w}`, (world) => world.cover(w, call))),
  },
  {
    weight: 5,
    arbitrary: n.map((i) => named(`finish load ${i}`, (world) => world.finishLoad(i))),
  },
  { weight: 4, arbitrary: n.map((i) => named(`deliver ${i}`, (world) => world.deliver(i))) },
  { weight: 1, arbitrary: n.map((i) => named(`replay ${i}`, (world) => world.replay(i))) },
  { weight: 1, arbitrary: n.map((i) => named(`lose ${i}`, (world) => world.lose(i))) },
  { weight: 1, arbitrary: fc.constant(named('wait', (world) => world.wait())) },
)

const passage: fc.Arbitrary<Passage> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Passage>('at once') },
  { weight: 1, arbitrary: fc.constant<Passage>('before') },
  { weight: 1, arbitrary: fc.constant<Passage>('after') },
)

const options = fc.record({
  cluster: fc.boolean(),
  lateTags: fc.boolean(),
  passages: fc.array(passage, { minLength: 1, maxLength: 12 }),
})

// I1, I2
describe('Three isolates on one Redis', () => {
  test('never serve a version older than a call that had returned when the read began, ' +
    'whatever is delayed, repeated or lost', async () => {
    let served = 0
    let renewed = 0

    await fc.assert(
      fc.asyncProperty(
        options,
        fc.array(step, { minLength: 20, maxLength: 60 }),
        async (how, steps) => {
          const world = new World(how)
          for (const take of steps) await take(world)
          await world.end()

          expect(world.ended.filter(({ version, floor }) => version < floor)).toEqual([])
          served += world.ended.length
          renewed += world.ended.filter(({ floor }) => floor > 0).length
        },
      ),
      { numRuns: RUNS },
    )

    // A cache that serves nothing keeps every promise.
    expect(served).toBeGreaterThan(RUNS)
    expect(renewed).toBeGreaterThan(RUNS / 4)
  }, 1_200_000)
})
