/**
 * The driver for in-process SQLite: `node:sqlite` and better-sqlite3, whose methods are synchronous
 * and nearly the same.
 *
 * @module
 */

import {
  type SqlDriver,
  type SqlParam,
  type SqlRow,
  type SqlStatement,
  toBindable,
} from './driver.ts'

/** The part of a prepared statement that is used. */
export interface SqliteStatementLike {
  all(...params: (string | number | null)[]): unknown[]
  run(...params: (string | number | null)[]): { readonly changes: number | bigint }
  /** better-sqlite3: whether the statement returns rows. If so, only `all` may be called, otherwise only `run`. */
  readonly reader?: boolean
  /** better-sqlite3: whether integers are returned as bigint. */
  safeIntegers?(isSafe: boolean): unknown
  /** `node:sqlite`: the same. */
  setReadBigInts?(isSafe: boolean): unknown
  /** `node:sqlite`: whether rows are returned as arrays. */
  setReturnArrays?(areArrays: boolean): unknown
}

/** The part of a database connection that is used. */
export interface SqliteLike {
  prepare(sql: string): SqliteStatementLike
  exec(sql: string): unknown
  /** `node:sqlite`: a transaction is open. */
  readonly isTransaction?: boolean
  /** better-sqlite3: a transaction is open. */
  readonly inTransaction?: boolean
}

/** The repository uses a few dozen distinct statements. Beyond this limit the least recently used is evicted. */
const MAX_PREPARED = 64

/**
 * Builds a {@link SqlDriver} on a synchronous connection, and keeps up to 64 statements prepared.
 *
 * `batch` runs synchronously, so no other statement of the connection can run in between. If the caller
 * has a transaction open, the batch becomes a savepoint in it, and the caller's COMMIT makes it durable.
 */
export function sqliteDriver(db: SqliteLike): SqlDriver {
  const prepared = new Map<string, SqliteStatementLike>()

  function prepare(sql: string): SqliteStatementLike {
    const statement = prepared.get(sql) ?? asPlainRows(db.prepare(sql))
    prepared.delete(sql)
    prepared.set(sql, statement)
    if (prepared.size > MAX_PREPARED) {
      const [oldest = sql] = prepared.keys()
      prepared.delete(oldest)
    }
    return statement
  }

  function read(sql: string, params: readonly SqlParam[]): SqlRow[] {
    const statement = prepare(sql)
    if (statement.reader !== false) return statement.all(...params.map(toBindable)) as SqlRow[]
    statement.run(...params.map(toBindable))
    return []
  }

  return {
    // `async` turns errors that SQLite throws into rejections, as callers of the port expect.
    all: async (sql, params) => read(sql, params),
    run: async (sql, params) => {
      const statement = prepare(sql)
      if (statement.reader) return { changes: read(sql, params).length }
      return { changes: Number(statement.run(...params.map(toBindable)).changes) }
    },
    batch: async (statements) => transact(db, () => runAll(statements, read)),
  }
}

/** The statement, which returns rows as objects and integers as numbers, whatever the connection was set to. */
function asPlainRows(statement: SqliteStatementLike): SqliteStatementLike {
  statement.safeIntegers?.(false)
  statement.setReadBigInts?.(false)
  statement.setReturnArrays?.(false)
  return statement
}

function runAll(
  statements: readonly SqlStatement[],
  read: (sql: string, params: readonly SqlParam[]) => SqlRow[],
): SqlRow[][] {
  return statements.map(({ sql, params }) => read(sql, params))
}

function transact<T>(db: SqliteLike, work: () => T): T {
  const nested = db.isTransaction ?? db.inTransaction ?? false
  // IMMEDIATE takes the write lock at the start: SQLite can refuse it to a transaction that has already read.
  db.exec(nested ? 'SAVEPOINT nearcache_batch' : 'BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec(nested ? 'RELEASE nearcache_batch' : 'COMMIT')
    return result
  } catch (error) {
    undo(db, nested)
    throw error
  }
}

function undo(db: SqliteLike, nested: boolean): void {
  try {
    db.exec(nested ? 'ROLLBACK TO nearcache_batch; RELEASE nearcache_batch' : 'ROLLBACK')
  } catch {
    // SQLite has already rolled back (disk full, I/O error); the caller gets the original error.
  }
}
