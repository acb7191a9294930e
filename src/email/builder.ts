/**
 * Kysely as the repository uses it: to build and check statements, which the driver port runs.
 *
 * @module
 */

import {
  type CompiledQuery,
  DummyDriver,
  type GeneratedAlways,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { SqlParam, SqlStatement } from './driver.ts'
import type { EmailRow } from './row.ts'
import type { ChainRow } from './workflow-statements.ts'

/** The tables, as far as statements name them. */
export interface Database {
  emails: EmailRow & GeneratedColumns
  workflow_chains: ChainRow
}

/** Columns that SQLite derives; they are sorted by, and never selected. */
interface GeneratedColumns {
  /** `sent_at`, or `received_at` where it is null. */
  sort_sent: GeneratedAlways<number>
  /** 3 for the most urgent priority, 0 for the least. */
  urgency: GeneratedAlways<number>
}

export const builder: Kysely<Database> = new Kysely<Database>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

/** Any number of texts as one bound value, which keeps within D1's 100. */
export function jsonList(texts: readonly (string | null)[]): RawBuilder<string> {
  return sql<string>`(select value from json_each(${JSON.stringify(texts)}))`
}

export function compile(query: { compile(): CompiledQuery }): SqlStatement {
  const { sql: text, parameters } = query.compile()
  return { sql: text, params: parameters as readonly SqlParam[] }
}
