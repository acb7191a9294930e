/**
 * Runs a sequence of operations on one application. All compared applications get the same sequence.
 *
 * @module
 */

import type { EmailQuery } from 'nearcache/email'
import type { App } from './apps.ts'
import type { Request } from './open-loop.ts'
import type { Operation } from './workload.ts'

/** Concurrent operations in a burst, and queries that are checked after each burst. */
const BURST = 32
const CHECKS = 10

/** The result of operations in sequence. */
export interface Counted {
  readonly statementsPerRead: number
  readonly wrong: number
  readonly checked: number
}

/** An application, and its position in the sequence. */
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

  /** Starts the next operation. */
  readonly request: Request = () => {
    const operation = this.#take()
    return { kind: operation.kind, done: this.app.do(operation) }
  }

  /** Runs `count` operations, `lanes` of them at once. @returns The duration in milliseconds. */
  async play(count: number, lanes: number): Promise<number> {
    const startedAt = performance.now()
    const lane = async (): Promise<void> => {
      for (let i = 0; i < count / lanes; i++) await this.app.do(this.#take())
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    return performance.now() - startedAt
  }

  /** Runs operations in sequence, and compares each answer with a fresh query. */
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

  /** Runs bursts of concurrent operations; after each burst, compares answers with fresh queries. */
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
