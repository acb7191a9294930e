/**
 * Puts many messages into a mailbox at once: hundreds of rows a statement, each statement with one
 * bound value, so that D1's limits (100 bound values, 100 KB of SQL, 2 MB a value) are kept.
 *
 * @module
 */

import type { SqlDriver } from '../../src/email/driver.ts'
import type { Email, NewEmail } from '../../src/email/email.ts'
import { parseNewEmail } from '../../src/email/email-input.ts'
import { EMAIL_COLUMNS, toRow } from '../../src/email/row.ts'
import { insert } from '../../src/email/statements.ts'

/** Options for {@link loadEmails}. */
export interface LoadOptions {
  /** Epoch milliseconds; `createdAt` of the messages. @default the time of the call */
  readonly now?: number
  /** Rows a statement, 1 to 1000. @default 250 */
  readonly batchSize?: number
  /** Called after each statement with the messages seen so far. */
  readonly onProgress?: (seen: number) => void
}

/** What became of the messages. */
export interface LoadSummary {
  /** Messages that are new in the mailbox. */
  readonly inserted: number
  /** Messages left out, since their id, graph id or Message-ID was there already. */
  readonly duplicates: number
}

/** UTF-16 units of one bound value. At most 3 bytes each in UTF-8 makes 1.8 MB, under D1's 2 MB. */
const MAX_VALUE_UNITS = 600_000

/** `WHERE true` keeps SQLite from reading ON CONFLICT as a join's ON (sqlite.org/lang_upsert.html, 2.2). */
const INSERT_ROWS = `INSERT INTO emails (${EMAIL_COLUMNS.join(', ')})
SELECT ${EMAIL_COLUMNS.map((_, index) => `value ->> ${index}`).join(', ')}
FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`

/**
 * Inserts messages in the order they come. Each statement is atomic, the whole is not: after a
 * failure the earlier batches are in, and the same call made again completes the rest, given that
 * the messages have ids of their own.
 *
 * @throws {InvalidFilterError} For a message that is not as `createEmail` wants it.
 * @throws Whatever the database raised, unchanged.
 */
export async function loadEmails(
  driver: SqlDriver,
  emails: Iterable<NewEmail> | AsyncIterable<NewEmail>,
  { now = Date.now(), batchSize = 250, onProgress }: LoadOptions = {},
): Promise<LoadSummary> {
  let pending: string[] = []
  let units = 0
  let seen = 0
  let inserted = 0

  async function flush(): Promise<void> {
    if (pending.length === 0) return
    const { changes } = await driver.run(INSERT_ROWS, [`[${pending.join(',')}]`])
    inserted += changes
    pending = []
    units = 0
    onProgress?.(seen)
  }

  for await (const email of emails) {
    const parsed = parseNewEmail(email, { id: crypto.randomUUID(), now })
    const columns = toRow(parsed)
    const row = JSON.stringify(EMAIL_COLUMNS.map((column) => columns[column]))
    seen += 1
    if (row.length > MAX_VALUE_UNITS) {
      inserted += await insertOne(driver, parsed)
      continue
    }
    if (units + row.length > MAX_VALUE_UNITS) await flush()
    pending.push(row)
    units += row.length
    if (pending.length >= batchSize) await flush()
  }
  await flush()
  return { inserted, duplicates: seen - inserted }
}

/** A message too large to share a value is bound column by column. */
async function insertOne(driver: SqlDriver, email: Email): Promise<number> {
  const { sql, params } = insert(email)
  return (await driver.all(sql, params)).length
}
