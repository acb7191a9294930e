/**
 * The schema of the mailbox, in SQL that both D1 and SQLite accept, and its migrations. The files in
 * `migrations/`, for `wrangler d1 migrations apply`, are generated from this module.
 *
 * @module
 */

import type { SqlDriver, SqlStatement } from './driver.ts'
import { PRIORITIES, STATUSES } from './email.ts'
import { indexTexts } from './index-texts.ts'
import { ORDERED_TABLES } from './schema-order.ts'
import {
  CHAINS_TABLE,
  MORE_INDEXES,
  NAME_TABLES,
  NEW_COLUMNS,
  REJECTED_TABLE,
  SEARCH_TABLES,
} from './schema-search.ts'

/** One step of the schema. Steps are applied in order, and never change once released. */
export interface Migration {
  /** The file name under `migrations/`. */
  readonly name: string
  /** Applied in order, in one transaction. */
  readonly statements: readonly string[]
}

const words = (list: readonly string[]): string => list.map((word) => `'${word}'`).join(', ')

const EMAILS_TABLE = `CREATE TABLE emails (
  id TEXT NOT NULL PRIMARY KEY,
  graph_id TEXT UNIQUE,
  message_id TEXT UNIQUE,
  thread_id TEXT,
  conversation_id TEXT,
  in_reply_to TEXT,
  reference_ids TEXT NOT NULL DEFAULT '[]',
  subject TEXT NOT NULL,
  body_text TEXT,
  body_html TEXT,
  body_preview TEXT NOT NULL DEFAULT '',
  sender_email TEXT NOT NULL,
  sender_name TEXT,
  recipients TEXT NOT NULL DEFAULT '[]',
  cc TEXT NOT NULL DEFAULT '[]',
  bcc TEXT NOT NULL DEFAULT '[]',
  received_at INTEGER NOT NULL,
  sent_at INTEGER,
  importance TEXT NOT NULL DEFAULT 'normal',
  categories TEXT NOT NULL DEFAULT '[]',
  has_attachments INTEGER NOT NULL DEFAULT 0 CHECK (has_attachments IN (0, 1)),
  is_read INTEGER NOT NULL DEFAULT 0 CHECK (is_read IN (0, 1)),
  is_flagged INTEGER NOT NULL DEFAULT 0 CHECK (is_flagged IN (0, 1)),
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN (${words(STATUSES)})),
  priority TEXT NOT NULL DEFAULT 'medium' CHECK (priority IN (${words(PRIORITIES)})),
  assigned_to TEXT,
  assigned_at INTEGER,
  due_date INTEGER,
  workflow_state TEXT,
  workflow_type TEXT,
  workflow_chain_id TEXT,
  is_workflow_complete INTEGER NOT NULL DEFAULT 0 CHECK (is_workflow_complete IN (0, 1)),
  analysis_confidence REAL,
  processed_at INTEGER,
  processing_version TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1
) STRICT`

/** Each index ends in the sort key, so that one index scan serves both an equality and the order of a page. */
const INDEXES = [
  ['emails_by_received', 'received_at, id'],
  ['emails_by_status', 'status, received_at, id'],
  ['emails_by_priority', 'priority, received_at, id'],
  ['emails_by_assignee', 'assigned_to, received_at, id'],
  ['emails_by_sender', 'sender_email, received_at, id'],
  ['emails_by_thread', 'thread_id, received_at, id'],
  ['emails_by_read', 'is_read, received_at, id'],
].map(([name, columns]) => `CREATE INDEX ${name} ON emails (${columns})`)

/** Every step so far, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  { name: '0001_emails.sql', statements: [EMAILS_TABLE, ...INDEXES] },
  {
    name: '0002_search.sql',
    statements: [
      ...NEW_COLUMNS,
      ...MORE_INDEXES,
      ...NAME_TABLES,
      ...SEARCH_TABLES,
      CHAINS_TABLE,
      ...REJECTED_TABLE,
    ],
  },
  { name: '0003_order.sql', statements: ORDERED_TABLES },
]

/**
 * The table in which wrangler records the applied migrations. {@link migrate} uses it too, so a D1
 * database can be migrated by wrangler and by this function in turn.
 */
const RECORDS_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

/**
 * Applies the steps that a database does not have yet, each in its own transaction, and indexes the words
 * of messages that were stored before the search index existed. Safe to call at every start. Several
 * processes may call it at once, if their connections wait for locks (a `DatabaseSync` does so only
 * with its option `timeout`): one process applies a step, the others find it applied.
 *
 * @returns The names of the steps that this call applied.
 * @throws Whatever the database raised, unchanged; the step that failed was rolled back.
 */
export async function migrate(driver: SqlDriver): Promise<readonly string[]> {
  await driver.run(RECORDS_TABLE, [])
  const names: string[] = []
  for (const migration of MIGRATIONS) {
    if (await isApplied(driver, migration)) continue
    if (await apply(driver, migration)) names.push(migration.name)
  }
  // SQL cannot split texts into words, so a migration step cannot index earlier messages.
  await indexTexts(driver)
  return names
}

async function isApplied(driver: SqlDriver, { name }: Migration): Promise<boolean> {
  const rows = await driver.all('SELECT 1 FROM d1_migrations WHERE name = ?', [name])
  return rows.length > 0
}

/** @returns Whether this call applied the step. */
async function apply(driver: SqlDriver, migration: Migration): Promise<boolean> {
  const record = {
    sql: 'INSERT INTO d1_migrations (name) VALUES (?)',
    params: [migration.name],
  }
  const steps = migration.statements.map((sql): SqlStatement => ({ sql, params: [] }))
  try {
    // The record is inserted first: if another process was faster, the batch fails before it creates anything.
    await driver.batch([record, ...steps])
    return true
  } catch (error) {
    if (await isApplied(driver, migration)) return false
    throw error
  }
}

/** The text of a step as a file for `wrangler d1 migrations apply`. */
export function migrationFile({ statements }: Migration): string {
  return `${statements.join(';\n\n')};\n`
}
