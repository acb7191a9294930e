import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { call, type Isolate, World } from './mailbox-world.ts'

const LAG_MS = 200
/** The most that may pass while steps wait: with more, a load would exceed its time limit. */
const MOST_PAUSED_MS = 4_000

/** Up to the whole lag, so that answers of all ages occur. */
const pause = fc.record({ pauseMs: fc.integer({ min: 1, max: LAG_MS }) })
const isolate = fc.record({
  /** Undefined: the isolate keeps no lists. */
  lagMs: fc.constantFrom(undefined, 0, LAG_MS),
  calls: fc.array(fc.oneof({ weight: 8, arbitrary: call }, { weight: 1, arbitrary: pause }), {
    minLength: 2,
    maxLength: 9,
  }),
})
const story = fc.record({
  isolates: fc.array(isolate, { minLength: 2, maxLength: 3 }),
  /** Which waiting step continues next: an index, modulo their number. */
  order: fc.array(fc.nat(7), { minLength: 10, maxLength: 150 }),
  /** How much time passes after each step, in milliseconds. */
  pauses: fc.array(fc.constantFrom(0, 0, 0, 1, 10, 60), { minLength: 5, maxLength: 30 }),
  /** After how many steps the first isolate dies, if it does. */
  death: fc.option(fc.nat(60)),
  /** After how many steps the marks are lost, if they are. */
  loss: fc.option(fc.nat(60)),
})

type Tale = typeof story extends fc.Arbitrary<infer T> ? T : never
type Calls = Tale['isolates'][number]['calls']

/** Runs the calls of one isolate, one after the other. */
async function run(world: World, at: Isolate, calls: Calls): Promise<void> {
  for (const one of calls) {
    if ('pauseMs' in one) await world.platform.delay(one.pauseMs)
    else await world.call(at, one)
  }
}

async function play(world: World, { isolates, order, pauses, death, loss }: Tale): Promise<void> {
  const alive = new Set(isolates.keys())
  for (const [owner, { lagMs, calls }] of isolates.entries()) {
    const at = world.isolate(owner, lagMs === undefined ? undefined : { lag: lagMs })
    void run(world, at, calls).then(
      () => alive.delete(owner),
      (error: unknown) => {
        // A dead isolate waits for ever, and its failure does not count.
        if (alive.delete(owner)) world.violations.push(`isolate ${owner} failed: ${String(error)}`)
      },
    )
  }
  let paused = 0
  for (let step = 0; alive.size > 0; step++) {
    if (step === loss) await world.loseMarks()
    if (step === death) {
      world.kill(0)
      alive.delete(0)
    }
    await new Promise((resolve) => setImmediate(resolve))
    if (world.gate.size > 0) {
      world.gate.settle(order[step % order.length] ?? 0, 'go')
      const ms = paused < MOST_PAUSED_MS ? (pauses[step % pauses.length] ?? 0) : 0
      paused += ms
      await world.platform.advance(ms)
    } else await world.platform.advance(50)
  }
}

describe('Isolates with near copies of mailbox lists', () => {
  test('see their own writes at once, and those of other isolates within the lag, if any', async ({
    task,
  }) => {
    let [schedules, reads] = [0, 0]
    await fc.assert(
      fc.asyncProperty(story, async (tale) => {
        const world = await World.open()
        await play(world, tale)
        schedules++
        reads += tale.isolates.flatMap(({ calls }) => calls).filter((c) => 'read' in c).length
        expect(world.violations).toEqual([])
      }),
      { numRuns: amount(60, 2_500) },
    )
    found(task, 'schedules of lists kept in the process', { run: schedules, reads, violations: 0 })
  }, 1_200_000)
})
