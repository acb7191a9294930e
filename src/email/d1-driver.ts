/**
 * The driver for Cloudflare D1. It uses structural types, so it needs no Workers types.
 *
 * D1 allows 100 bound values and 100 KB of text a statement, and 2 MB a value. The repository
 * therefore binds each list as one JSON text.
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

/** The part of a D1 result that is used. */
export interface D1ResultLike {
  readonly results?: unknown[]
  readonly meta?: { readonly changes?: number }
}

/** The part of a D1 prepared statement that is used. */
export interface D1StatementLike {
  bind(...values: unknown[]): D1StatementLike
  all(): Promise<D1ResultLike>
  run(): Promise<D1ResultLike>
}

/** The part of a D1 database, or of a D1 session, that is used. */
export interface D1Like {
  prepare(sql: string): D1StatementLike
  // `never[]` accepts the statement class of every version of the Workers types.
  batch(statements: never[]): Promise<D1ResultLike[]>
  withSession?(constraint?: string): D1SessionLike
}

/** The part of a D1 session that is used. */
export interface D1SessionLike extends D1Like {
  getBookmark?(): string | null
}

/** Builds a {@link SqlDriver} on D1. `batch` is one transaction and one round trip. */
export function d1Driver(db: D1Like): SqlDriver {
  const bound = (sql: string, params: readonly SqlParam[]): D1StatementLike =>
    db.prepare(sql).bind(...params.map(toBindable))
  const driver: SqlDriver = {
    all: async (sql, params) => rowsOf(await bound(sql, params).all()),
    run: async (sql, params) => {
      const { meta } = await bound(sql, params).run()
      return { changes: meta?.changes ?? 0 }
    },
    batch: async (statements: readonly SqlStatement[]) => {
      if (statements.length === 0) return []
      const prepared = statements.map(({ sql, params }) => bound(sql, params))
      return (await db.batch(prepared as never[])).map(rowsOf)
    },
  }
  if (typeof db.withSession === 'function') {
    const open = db.withSession.bind(db)
    driver.session = (atLeast) => {
      // Without a bookmark no replica is known to be recent enough, so the primary serves the first statement.
      const session = open(atLeast ?? 'first-primary')
      return { ...d1Driver(session), bookmark: () => session.getBookmark?.() ?? undefined }
    }
  }
  return driver
}

function rowsOf({ results }: D1ResultLike): SqlRow[] {
  return (results ?? []) as SqlRow[]
}
