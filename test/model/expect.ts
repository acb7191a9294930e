/**
 * Runs explorations for the tests of the model, and checks and counts their findings.
 *
 * @module
 */

import { expect } from 'vitest'
import { amount, isDeep } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { explore, type Findings, tell, wander } from './explore.ts'
import type { Flaw } from './flaws.ts'
import { Model } from './model.ts'
import { type Plan, systemOf } from './system.ts'

/** Time limit of a test, in milliseconds. */
export const DEADLINE_MS: number = amount(60_000, 480_000)

const WALKS = amount(1_000, 20_000)
const MAX_STATES = amount(400_000, 4_000_000)

/** Explores every interleaving of a system; in a deep run with one more fault. */
export function exploreDeep(plan: Plan | undefined, ...flaws: readonly Flaw[]): Findings {
  if (!plan) throw new Error('there is no such system')
  const faults = plan.endlessLoss ? plan.faults : plan.faults + (isDeep ? 1 : 0)
  return explore(new Model(systemOf({ ...plan, faults }), new Set(flaws)), MAX_STATES)
}

/** Explores every interleaving of a system, without an additional fault, until a promise is broken. */
export function exploreUntilBroken(plan: Plan | undefined, ...flaws: readonly Flaw[]): Findings {
  if (!plan) throw new Error('there is no such system')
  return explore(new Model(systemOf(plan), new Set(flaws)), MAX_STATES)
}

/** Random walks through a system. */
export function walk(plan: Plan): Findings {
  return wander(new Model(systemOf(plan)), WALKS, 20_261_125)
}

/** Checks the findings of a group of tests, and counts them. */
export class Count {
  #systems = 0
  #states = 0
  #mutants = 0
  #caught = 0
  #violations = 0

  /** Expects that the promise holds, and that values loaded after a call were served. */
  hold(name: string, findings: Findings): void {
    const { states, renewed, broken } = findings
    this.#systems++
    this.#states += states
    if (broken) this.#violations++
    expect(broken, tell(name, findings)).toBeUndefined()
    expect(renewed, `${name}: nothing is served that was loaded after a call`).toBeGreaterThan(0)
  }

  /** Expects that the given promise is broken. */
  break(name: string, findings: Findings, promise: string): void {
    const { states, broken } = findings
    this.#mutants++
    this.#states += states
    const told = tell(name, findings)
    expect(broken?.promise, told).toMatch(new RegExp(`^${promise}`))
    this.#caught++
    if (process.env['TRACES'] === '1') console.info(`${told}\n`)
  }

  /** Reports the totals in one line, and expects no violation and no mutant that was missed. */
  say(task: Parameters<typeof found>[0], part: string): void {
    found(task, part, {
      ...(this.#systems > 0 && { 'systems hold': this.#systems }),
      ...(this.#mutants > 0 && { 'mutants caught': `${this.#caught} of ${this.#mutants}` }),
      states: this.#states,
      violations: this.#violations,
    })
    expect(this.#violations).toBe(0)
    expect(this.#caught).toBe(this.#mutants)
    expect(this.#states).toBeGreaterThan(0)
  }
}
