/**
 * The databases the mailbox runs on, each empty and with the schema applied.
 *
 * @module
 */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { type SqlDatabase, toSqlDriver } from '../../../src/email/database.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import { migrate } from '../../../src/email/schema.ts'
import type { SqliteLike, SqliteStatementLike } from '../../../src/email/sqlite-driver.ts'

/** A database, and a function that removes it. */
export interface OpenDatabase {
  readonly db: SqlDatabase
  readonly driver: SqlDriver
  close(): Promise<void>
}

export async function openNodeSqlite(): Promise<OpenDatabase> {
  const db = new DatabaseSync(':memory:')
  return migrated(db, async () => db.close())
}

/** D1 as wrangler runs it locally: the real binding, in workerd, on this machine. */
export async function openD1(): Promise<OpenDatabase> {
  const script = 'export default { fetch: () => new Response() }'
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ modules: true, script, d1Databases: { DB: 'contract' } }),
  )
  return migrated(await miniflare.getD1Database('DB'), () => miniflare.dispose())
}

/** A folder with better-sqlite3 in its node_modules; `scripts/outside/better-sqlite3.ts` makes one. */
const betterSqlite3 = process.env['BETTER_SQLITE3']

/** The databases to run a contract on, by name; includes better-sqlite3 if it is installed. */
export const DATABASES: readonly (readonly [string, () => Promise<OpenDatabase>])[] = [
  ['node:sqlite', openNodeSqlite],
  ['a database with the rules of better-sqlite3', openStrictSqlite],
  ...(betterSqlite3 ? [['better-sqlite3', openBetterSqlite3] as const] : []),
  ['D1', openD1],
]

async function openBetterSqlite3(): Promise<OpenDatabase> {
  const load = createRequire(join(betterSqlite3 ?? '', 'package.json'))
  const Database = load('better-sqlite3') as new (path: string) => SqliteLike & { close(): void }
  const db = new Database(':memory:')
  return migrated(db, async () => db.close())
}

/** `node:sqlite` under the rules of better-sqlite3: the wrong call for a statement is an error. */
export async function openStrictSqlite(): Promise<OpenDatabase> {
  const db = new DatabaseSync(':memory:')
  return migrated(new StrictSqlite(db), async () => db.close())
}

class StrictSqlite implements SqliteLike {
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  exec(sql: string): void {
    this.#db.exec(sql)
  }

  prepare(sql: string): SqliteStatementLike {
    // A numbered parameter counts as named, and named parameters are not passed by position.
    if (/\?\d/.test(sql)) throw new RangeError('Too many parameter values were provided')
    const statement = this.#db.prepare(sql)
    const reader = statement.columns().length > 0
    return {
      reader,
      all: (...params) => {
        if (!reader) throw new TypeError('This statement does not return data')
        return statement.all(...params)
      },
      run: (...params) => {
        if (reader) throw new TypeError('This statement returns data')
        return statement.run(...params)
      },
    }
  }
}

async function migrated(db: SqlDatabase, close: () => Promise<void>): Promise<OpenDatabase> {
  const driver = toSqlDriver(db)
  await migrate(driver)
  return { db, driver, close }
}
