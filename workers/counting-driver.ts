/**
 * Counts the SQL statements that reach the database.
 *
 * @module
 */

import type { SqlDriver } from 'nearcache/email'

/** A driver that counts its statements. */
export interface CountedDriver {
  readonly driver: SqlDriver
  /** Statements so far in this isolate. Each statement of a batch counts. */
  readonly statements: number
}

/** Wraps a driver and every session that is opened on it. */
export function countStatements(inner: SqlDriver): CountedDriver {
  const counts = { statements: 0 }
  return {
    driver: wrap(inner, counts),
    get statements() {
      return counts.statements
    },
  }
}

function wrap(inner: SqlDriver, counts: { statements: number }): SqlDriver {
  const driver: SqlDriver = {
    all: (sql, params) => {
      counts.statements++
      return inner.all(sql, params)
    },
    run: (sql, params) => {
      counts.statements++
      return inner.run(sql, params)
    },
    batch: (statements) => {
      counts.statements += statements.length
      return inner.batch(statements)
    },
  }
  const open = inner.session?.bind(inner)
  if (!open) return driver
  return {
    ...driver,
    session: (atLeast) => {
      const session = open(atLeast)
      return { ...wrap(session, counts), bookmark: () => session.bookmark() }
    },
  }
}
