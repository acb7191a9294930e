import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { allOf, call, World } from './mailbox-world.ts'

/** The calls of one actor, one after the other. */
const actor = fc.array(call, { minLength: 1, maxLength: 4 })
const story = fc.record({
  actors: fc.array(actor, { minLength: 2, maxLength: 4 }),
  /** Which waiting step continues next: an index, modulo their number. */
  order: fc.array(fc.nat(7), { minLength: 10, maxLength: 150 }),
  /** After how many steps the first actor dies, if it does. */
  death: fc.option(fc.nat(30)),
  /** After how many steps the marks are lost, if they are. */
  loss: fc.option(fc.nat(30)),
})

async function play(
  world: World,
  tale: typeof story extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const { actors, order, death, loss } = tale
  const alive = new Set<number>()
  const start = async (owner: number, work: () => Promise<void>): Promise<void> => {
    alive.add(owner)
    try {
      await work()
    } catch (error) {
      // A dead actor waits for ever, and its failure does not count.
      if (alive.has(owner)) world.violations.push(`actor ${owner} failed: ${String(error)}`)
    }
    alive.delete(owner)
  }
  for (const [owner, calls] of actors.entries()) {
    const isolate = world.isolate(owner)
    void start(owner, async () => {
      for (const one of calls) await world.call(isolate, one)
    })
  }
  for (let step = 0; alive.size > 0; step++) {
    if (step === loss) await world.loseMarks()
    if (step === death) {
      world.kill(0)
      alive.delete(0)
    }
    await new Promise((resolve) => setImmediate(resolve))
    if (world.gate.size > 0) world.gate.settle(order[step % order.length] ?? 0, 'go')
    else await world.platform.advance(100)
  }
}

describe('Writers and readers of a cached mailbox', () => {
  test('never return a state from before a write that had returned, in any order of their steps', async ({
    task,
  }) => {
    let [schedules, deaths] = [0, 0]
    const violations: string[] = []
    await fc.assert(
      fc.asyncProperty(story, async (tale) => {
        const world = await World.open()
        await play(world, tale)
        schedules++
        if (tale.death !== null) deaths++
        violations.push(...world.violations)
        expect(world.violations).toEqual([])
        // A dead actor's lease and marks have expired after this.
        await world.platform.advance(31_000)
        const { emails: last } = world.isolate(9)
        const reading = allOf(last)
        let isRead = false
        void reading.then(() => {
          isRead = true
        })
        while (!isRead) {
          await new Promise((resolve) => setImmediate(resolve))
          if (world.gate.size > 0) world.gate.settle(0, 'go')
          else await world.platform.advance(100)
        }
        expect(await reading).toEqual(await allOf(world.truth))
      }),
      { numRuns: amount(150, 2_500) },
    )
    found(task, 'schedules of a cached mailbox', { run: schedules, deaths, violations: 0 })
  }, 1_200_000)
})
