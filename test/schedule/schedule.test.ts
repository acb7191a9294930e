import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { type Schedule, schedules } from './moves.ts'
import { World } from './world.ts'

const RUNS = amount(3_000, 100_000)

/** The violations and the log of a schedule, and the command that plays it again. */
async function tell(schedule: Schedule): Promise<string> {
  const world = new World(schedule)
  const violations = await world.play()
  const again = `SCHEDULE='${JSON.stringify(schedule)}' npx vitest run test/schedule`
  return [...violations, '', ...world.log, '', 'Play it again:', again].join('\n')
}

// I1, I2, I3
describe('Four isolates on one Redis', () => {
  test('keep the promise under random schedules', async ({ task }) => {
    let served = 0
    let renewed = 0
    const property = fc.asyncProperty(schedules(), async (schedule) => {
      const world = new World(schedule)
      const violations = await world.play()
      served += world.history.reads.length
      renewed += world.history.renewed
      return violations.length === 0
    })

    const { failed, counterexample, numRuns, seed, counterexamplePath } = await fc.check(property, {
      numRuns: RUNS,
      ...(process.env['SEED'] && { seed: Number(process.env['SEED']) }),
    })

    const violations = failed ? 1 : 0
    found(task, 'schedules', { run: numRuns, 'reads checked': served, violations })
    if (counterexample) {
      const [schedule] = counterexample
      expect.fail(`seed ${seed}, path ${counterexamplePath}\n${await tell(schedule)}`)
    }
    // A cache that serves nothing would keep every promise.
    expect(served).toBeGreaterThan(10 * RUNS)
    expect(renewed).toBeGreaterThan(3 * RUNS)
  }, 3_600_000)

  test.runIf(process.env['SCHEDULE'])('keep the promise under the given schedule', async () => {
    const schedule = JSON.parse(process.env['SCHEDULE'] ?? '') as Schedule
    const told = await tell(schedule)

    expect(await new World(schedule).play(), told).toEqual([])
  })
})
