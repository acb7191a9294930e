/**
 * Builds SQL statements with Kysely's `sql` tag and compiler; the driver port runs them. Kysely's query
 * builders are not used: they would make the bundle four times larger, and are no clearer than SQL.
 *
 * @module
 */

import { createQueryId, type RawBuilder, SqliteQueryCompiler, sql } from 'kysely'
import type { ChainRow } from './chain-row.ts'
import type { SqlParam, SqlStatement } from './driver.ts'
import type { EmailRow } from './row.ts'

/** A piece of SQL with the values that it binds. */
export type Fragment = RawBuilder<unknown>

/**
 * A column of `emails`. SQLite generates two of them, which are only sorted by and never selected: `sort_sent`
 * is `sent_at`, or `received_at` if that is null; `urgency` is 3 for the most urgent priority, 0 for the least.
 */
export type EmailColumn = keyof EmailRow | 'sort_sent' | 'urgency'

/** New values of the columns of one table: plain values, or pieces of SQL. */
export type Assignments<Row> = { readonly [Column in keyof Row]?: Row[Column] | Fragment }

const compiler = new SqliteQueryCompiler()

export function compile(fragment: Fragment): SqlStatement {
  const node = fragment.toOperationNode()
  const { sql: text, parameters } = compiler.compileQuery(node, createQueryId())
  return { sql: text, params: parameters as readonly SqlParam[] }
}

/** Binds any number of texts as one JSON value: D1 allows 100 bound values a statement. */
export function jsonList(texts: readonly (string | null)[]): Fragment {
  return sql`(select value from json_each(${JSON.stringify(texts)}))`
}

/** A comma-separated list of column names. */
export function columnsOf(names: readonly (keyof EmailRow)[]): Fragment {
  return sql.raw(names.join(', '))
}

/** The assignments after SET. Their right-hand sides see the row as it was before the update. */
export function assign<Row extends EmailRow | ChainRow>(values: Assignments<Row>): Fragment {
  return sql.join(Object.entries(values).map(([name, value]) => sql`${sql.ref(name)} = ${value}`))
}
