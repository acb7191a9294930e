/**
 * The driver port: the four things the repository asks of a SQL database, and the recognition of
 * the databases that can do them.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { type D1Like, d1Driver } from './d1-driver.ts'
import { type SqliteLike, sqliteDriver } from './sqlite-driver.ts'

/**
 * What may be bound to a `?`. Booleans are stored as 0 and 1; instants are bound as integers, in
 * epoch milliseconds.
 */
export type SqlParam = string | number | boolean | null

/** One row of an answer, by column name. */
export type SqlRow = Record<string, unknown>

/** One statement with the values of its `?`, in order. */
export interface SqlStatement {
  readonly sql: string
  readonly params: readonly SqlParam[]
}

/** A SQLite-compatible database, as the repository uses it. */
export interface SqlDriver {
  /** Runs one statement and answers its rows: those of a SELECT, or of a RETURNING clause. */
  all(sql: string, params: readonly SqlParam[]): Promise<SqlRow[]>
  /** Runs one statement for its effect and tells how many rows it changed. */
  run(sql: string, params: readonly SqlParam[]): Promise<{ readonly changes: number }>
  /**
   * Runs statements in order as one transaction: all of them take effect, or none does.
   *
   * @returns The rows of each statement, in the order of the statements.
   * @throws Whatever the database raised for the statement that failed, unchanged.
   */
  batch(statements: readonly SqlStatement[]): Promise<SqlRow[][]>
  /**
   * Opens a view for one chain of statements. The first sees the state of a bookmark at least, or
   * without one every write acknowledged before; the later ones see at least that state, even where
   * a replica answers them. Absent on a database that is a single copy, where each statement does so
   * anyway.
   */
  session?(atLeast?: string): SqlSession
}

/** A view of {@link SqlDriver.session}. */
export interface SqlSession extends SqlDriver {
  /** The state that the latest statement saw; undefined before the first. */
  bookmark(): string | undefined
}

/** A database to build a driver from: D1, `node:sqlite`, better-sqlite3, or a ready driver. */
export type SqlDatabase = D1Like | SqliteLike | SqlDriver

/**
 * Wraps a database in a {@link SqlDriver}. It goes by the methods that are there, so no runtime's
 * module is imported and two copies of a package are no trouble. A ready driver is returned as is.
 *
 * @throws {InvalidOptionError} `db`, when it is none of the databases named above.
 */
export function toSqlDriver(db: SqlDatabase): SqlDriver {
  if (isDriver(db)) return db
  if (isD1(db)) return d1Driver(db)
  if (isSqlite(db)) return sqliteDriver(db)
  throw new InvalidOptionError(
    'db',
    'a D1 database, a node:sqlite DatabaseSync, a better-sqlite3 Database or a SqlDriver',
  )
}

function isDriver(db: unknown): db is SqlDriver {
  return hasMethods(db, ['all', 'run', 'batch'])
}

function isD1(db: unknown): db is D1Like {
  return hasMethods(db, ['prepare', 'batch'])
}

function isSqlite(db: unknown): db is SqliteLike {
  return hasMethods(db, ['prepare', 'exec'])
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof Reflect.get(value, name) === 'function')
}
