/**
 * Kysely as the repository uses it: its tag `sql` puts pieces of SQL and their values together, and its
 * compiler makes statements of them, which the driver port runs. Its builders of whole queries would be
 * four times the bytes, and say no more than SQL does.
 *
 * @module
 */

import { createQueryId, type RawBuilder, SqliteQueryCompiler, sql } from 'kysely'
import type { ChainRow } from './chain-row.ts'
import type { SqlParam, SqlStatement } from './driver.ts'
import type { EmailRow } from './row.ts'

/** A piece of SQL, with the values it binds. */
export type Fragment = RawBuilder<unknown>

/**
 * A column of `emails`. SQLite derives two, which are sorted by, and never selected: `sort_sent` is `sent_at`,
 * or `received_at` where that is null; `urgency` is 3 for the most urgent priority, 0 for the least.
 */
export type EmailColumn = keyof EmailRow | 'sort_sent' | 'urgency'

/** What columns of one table are set to: values, or pieces of SQL. */
export type Assignments<Row> = { readonly [Column in keyof Row]?: Row[Column] | Fragment }

const compiler = new SqliteQueryCompiler()

export function compile(fragment: Fragment): SqlStatement {
  const node = fragment.toOperationNode()
  const { sql: text, parameters } = compiler.compileQuery(node, createQueryId())
  return { sql: text, params: parameters as readonly SqlParam[] }
}

/** Any number of texts as one bound value, which keeps within D1's 100. */
export function jsonList(texts: readonly (string | null)[]): Fragment {
  return sql`(select value from json_each(${JSON.stringify(texts)}))`
}

/** Names of columns, as they stand in the text of a statement. */
export function columnsOf(names: readonly (keyof EmailRow)[]): Fragment {
  return sql.raw(names.join(', '))
}

/** What follows SET. The right-hand sides see the row as it was. */
export function assign<Row extends EmailRow | ChainRow>(values: Assignments<Row>): Fragment {
  return sql.join(Object.entries(values).map(([name, value]) => sql`${sql.ref(name)} = ${value}`))
}
