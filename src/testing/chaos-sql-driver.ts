/**
 * A SQL database that cannot be reached, is slow, or does not confirm a write.
 *
 * @module
 */

import type { SqlDriver, SqlStatement } from '../email/driver.ts'
import { ChaosError, undergo } from './chaos-call.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, type Kinds } from './chaos-plan.ts'
import { extend } from './wrap.ts'

/** Faults of a statement or a batch: it is refused, takes effect without an answer, never settles, or is slow. */
export type SqlFault = 'fail' | 'loseReply' | 'hang' | 'latency'

/** One call of the driver, by which a rule chooses. */
export interface SqlCall {
  readonly method: 'all' | 'run' | 'batch'
  /** The statement, or those of the batch. */
  readonly statements: readonly SqlStatement[]
}

/** Options for {@link chaosSqlDriver}. */
export interface ChaosSqlOptions extends ChaosOptions<SqlFault, SqlCall> {
  /** Makes the error of `fail` and `loseReply`. @default a ChaosError */
  readonly error?: () => unknown
}

const KINDS: Kinds<SqlFault> = { exclusive: ['fail', 'loseReply', 'hang'], besides: ['latency'] }

/**
 * Wraps a driver of `nearcache/email`, and the sessions it opens, with one set of random choices. A batch
 * stays atomic: all of it takes effect, or nothing.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function chaosSqlDriver(
  driver: SqlDriver,
  options: ChaosSqlOptions = {},
): SqlDriver & Chaotic<SqlFault> {
  const { error, ...rest } = options
  const plan = new ChaosPlan(KINDS, rest)
  return extend(wrap(driver, plan, error), { chaos: plan })
}

function wrap(
  driver: SqlDriver,
  plan: ChaosPlan<SqlFault, SqlCall>,
  error: (() => unknown) | undefined,
): SqlDriver {
  const { platform, latencyMs } = plan
  const call = <T>(
    method: SqlCall['method'],
    statements: readonly SqlStatement[],
    send: () => Promise<T>,
  ): Promise<T> =>
    undergo(plan.next({ method, statements }), {
      platform,
      latencyMs,
      send,
      refused: () => (error ? error() : new ChaosError('fail')),
      lost: () => (error ? error() : new ChaosError('loseReply')),
    })
  const wrapped: SqlDriver = {
    all: (sql, params) => call('all', [{ sql, params }], () => driver.all(sql, params)),
    run: (sql, params) => call('run', [{ sql, params }], () => driver.run(sql, params)),
    batch: (statements) => call('batch', statements, () => driver.batch(statements)),
  }
  const session = driver.session?.bind(driver)
  // Absent if the driver has no sessions: that marks a database without replicas.
  if (!session) return wrapped
  return {
    ...wrapped,
    session: (atLeast) => {
      const opened = session(atLeast)
      return { ...wrap(opened, plan, error), bookmark: () => opened.bookmark() }
    },
  }
}
