/**
 * Kysely as the repository uses it: to build and check statements, which the driver port runs. Its parts
 * are put together here, since its class `Kysely` brings schemas, introspection and transactions along.
 *
 * @module
 */

import {
  type CompiledQuery,
  DefaultConnectionProvider,
  DefaultQueryExecutor,
  DummyDriver,
  type GeneratedAlways,
  QueryCreator,
  type RawBuilder,
  SqliteAdapter,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { ChainRow } from './chain-row.ts'
import type { SqlParam, SqlStatement } from './driver.ts'
import type { EmailRow } from './row.ts'

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

export const builder: QueryCreator<Database> = new QueryCreator<Database>({
  executor: new DefaultQueryExecutor(
    new SqliteQueryCompiler(),
    new SqliteAdapter(),
    new DefaultConnectionProvider(new DummyDriver()),
  ),
})

/** Any number of texts as one bound value, which keeps within D1's 100. */
export function jsonList(texts: readonly (string | null)[]): RawBuilder<string> {
  return sql<string>`(select value from json_each(${JSON.stringify(texts)}))`
}

export function compile(query: { compile(): CompiledQuery }): SqlStatement {
  const { sql: text, parameters } = query.compile()
  return { sql: text, params: parameters as readonly SqlParam[] }
}
