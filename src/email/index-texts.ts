/**
 * Makes messages findable by their words that were stored before there was an index.
 *
 * @module
 */

import type { SqlDriver, SqlStatement } from './driver.ts'
import { type Searchable, searchTokens } from './search.ts'

/** Messages at once. Their bodies are read, so not too many. */
const BATCH = 100

const SELECT = `SELECT seq, subject, sender_email AS senderEmail, sender_name AS senderName,
  body_text AS bodyText, body_html AS bodyHtml
FROM email_texts JOIN emails ON emails.id = email_id WHERE tokens IS NULL LIMIT ${BATCH}`

const UPDATE = 'UPDATE email_texts SET tokens = ? WHERE seq = ? AND tokens IS NULL'

/**
 * Indexes messages that are not indexed yet, until none is left or the budget is used up. Where all
 * are, it costs one look into an empty index.
 *
 * @param maxMessages About how many to index at most. @default all
 * @returns How many were indexed.
 * @throws Whatever the database raised, unchanged; what was indexed before stays so.
 */
export async function indexTexts(
  driver: SqlDriver,
  maxMessages: number = Infinity,
): Promise<number> {
  let count = 0
  while (count < maxMessages) {
    const rows = await driver.all(SELECT, [])
    if (rows.length === 0) break
    await driver.batch(
      rows.map((row): SqlStatement => {
        const tokens = searchTokens(row as unknown as Searchable)
        return { sql: UPDATE, params: [[...tokens].join(' '), Number(row['seq'])] }
      }),
    )
    count += rows.length
  }
  return count
}
