/**
 * One application under a sequence of operations, which is the same for all that are compared.
 *
 * @module
 */

import type { EmailQuery } from 'nearcache/email'
import type { App } from './apps.ts'
import type { Request } from './open-loop.ts'
import type { Operation } from './workload.ts'

/** Operations at once in a burst, and queries that are checked after it. */
const BURST = 32
const CHECKS = 10

/** What a run of operations, one after the other, found. */
export interface Counted {
  readonly statementsPerRead: number
  readonly wrong: number
  readonly checked: number
}

/** An application, and how far it has come. */
export class Played {
  readonly app: App
  readonly #operations: readonly Operation[]
  readonly #queries: readonly EmailQuery[]
  #next = 0

  constructor(app: App, operations: readonly Operation[], queries: readonly EmailQuery[]) {
    this.app = app
    this.#operations = operations
    this.#queries = queries
  }

  /** Begins the next operation. */
  readonly request: Request = () => {
    const operation = this.#take()
    return { kind: operation.kind, done: this.app.do(operation) }
  }

  /** So many operations, in so many lanes. @returns Milliseconds. */
  async play(count: number, lanes: number): Promise<number> {
    const startedAt = performance.now()
    const lane = async (): Promise<void> => {
      for (let i = 0; i < count / lanes; i++) await this.app.do(this.#take())
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    return performance.now() - startedAt
  }

  /** Plays operations one after the other, and holds each answer against a fresh query. */
  async count(operations: number): Promise<Counted> {
    const before = await this.app.statements()
    let [checked, wrong] = [0, 0]
    for (let i = 0; i < operations; i++) {
      const operation = this.#take()
      if (operation.kind === 'write') await this.app.write(operation.write)
      else {
        checked++
        if (!(await this.app.check(operation.query))) wrong++
      }
    }
    const statements = (await this.app.statements()) - before
    return { statementsPerRead: statements / checked, wrong, checked }
  }

  /** Plays operations in bursts; after each, answers are held against fresh queries. */
  async burst(bursts: number): Promise<Pick<Counted, 'wrong' | 'checked'>> {
    let [checked, wrong] = [0, 0]
    for (let i = 0; i < bursts; i++) {
      await this.play(BURST, BURST)
      for (let nth = 0; nth < CHECKS; nth++) {
        const query = this.#queries[(i * CHECKS + nth) % this.#queries.length]
        if (query === undefined) continue
        checked++
        if (!(await this.app.check(query))) wrong++
      }
    }
    return { checked, wrong }
  }

  #take(): Operation {
    const operation = this.#operations[this.#next++]
    if (operation === undefined) throw new Error('There are no more operations')
    return operation
  }
}
