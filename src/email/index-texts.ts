/**
 * Indexes the words of messages that were stored before the full-text index existed.
 *
 * @module
 */

import type { SqlDriver, SqlStatement } from './driver.ts'
import { SEARCHED_BODY_LENGTH, type Searchable, searchTokens } from './search.ts'

/** Messages in one batch. The start of their bodies is read into memory, so not too many. */
const BATCH = 100

const SELECT = `SELECT seq, subject, sender_email AS senderEmail, sender_name AS senderName,
  substr(body_text, 1, ${SEARCHED_BODY_LENGTH}) AS bodyText,
  substr(body_html, 1, ${SEARCHED_BODY_LENGTH}) AS bodyHtml
FROM email_texts JOIN emails ON emails.id = email_id WHERE tokens IS NULL LIMIT ${BATCH}`

const UPDATE = 'UPDATE email_texts SET tokens = ? WHERE seq = ? AND tokens IS NULL'

/**
 * Indexes messages that are not indexed yet, until none is left or `maxMessages` is reached. If all are
 * indexed, it costs one look into an empty partial index.
 *
 * @param maxMessages How many messages to index at most, rounded up to batches of 100. @default all
 * @returns How many messages were indexed.
 * @throws Whatever the database raised, unchanged; batches that were indexed before stay indexed.
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
