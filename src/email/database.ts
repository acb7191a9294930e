/**
 * Recognises the supported databases and builds a driver on them.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import { type D1Like, d1Driver } from './d1-driver.ts'
import type { SqlDriver } from './driver.ts'
import { type SqliteLike, sqliteDriver } from './sqlite-driver.ts'

/** A database to build a driver from: D1, `node:sqlite`, better-sqlite3, or a ready driver. */
export type SqlDatabase = D1Like | SqliteLike | SqlDriver

/**
 * Wraps a database in a {@link SqlDriver}. It recognises a database by its methods, so it imports no
 * runtime's module, and works with several copies of a package. A driver is returned as is.
 *
 * @throws {InvalidOptionError} `db`, when it is none of these databases.
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
