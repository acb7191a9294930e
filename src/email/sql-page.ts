/**
 * Reads pages of messages from a database.
 *
 * @module
 */

import { encodeCursor } from './cursor.ts'
import type { SqlDriver, SqlStatement } from './driver.ts'
import type { Email } from './email.ts'
import type { EmailIdPage, EmailPage } from './email-repository.ts'
import type { CanonicalQuery } from './filter.ts'
import { type Sortable, sortKeyOf } from './order.ts'
import { countMatches, selectPage, selectPagePositions } from './query-statements.ts'
import { type EmailRow, fromRow } from './row.ts'

export async function readPage(driver: SqlDriver, query: CanonicalQuery): Promise<EmailPage> {
  const { rows, ...rest } = await readRows(driver, selectPage(query), query)
  const emails = rows.map(fromRow)
  return { emails: emails.slice(0, query.limit), ...nextCursor(emails, query), ...rest }
}

export async function readIdPage(driver: SqlDriver, query: CanonicalQuery): Promise<EmailIdPage> {
  const { rows, ...rest } = await readRows(driver, selectPagePositions(query), query)
  const found = rows.map(toSortable)
  const page = found.slice(0, query.limit)
  const keys = page.map((row) => sortKeyOf(row, query.order.by))
  return { ids: page.map(({ id }) => id), keys, ...nextCursor(found, query), ...rest }
}

/** The rows of a page and, if the query wants it, the total, read in the same transaction. */
async function readRows(
  driver: SqlDriver,
  page: SqlStatement,
  query: CanonicalQuery,
): Promise<{ rows: EmailRow[]; total?: number }> {
  const asRows = (rows: unknown[]) => rows as EmailRow[]
  if (!query.total) return { rows: asRows(await driver.all(page.sql, page.params)) }
  const [rows = [], [count] = []] = await driver.batch([page, countMatches(query)])
  return { rows: asRows(rows), total: Number(count?.['n']) }
}

/** The statement selects one row more than the limit; if that row exists, another page follows. */
function nextCursor(
  found: readonly Sortable[],
  { limit, order: { by } }: CanonicalQuery,
): { nextCursor?: string } {
  const last = found.length > limit ? found[limit - 1] : undefined
  return last === undefined ? {} : { nextCursor: encodeCursor(sortKeyOf(last, by), by) }
}

function toSortable(row: EmailRow): Sortable {
  return {
    id: row.id,
    receivedAt: row.received_at,
    sentAt: row.sent_at,
    priority: row.priority as Email['priority'],
    senderEmail: row.sender_email,
  }
}
