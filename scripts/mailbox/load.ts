/**
 * Inserts many messages into a mailbox, with hundreds of rows per statement.
 *
 * @module
 */

import type { SqlDriver } from '../../src/email/driver.ts'
import type { Email, NewEmail } from '../../src/email/email.ts'
import { parseNewEmail } from '../../src/email/email-input.ts'
import { insertAll } from '../../src/email/statements.ts'

/** Options for {@link loadEmails}. */
export interface LoadOptions {
  /** Epoch milliseconds; `createdAt` of the messages. @default the time of the call */
  readonly now?: number
  /** Rows per batch, 1 to 1000. @default 250 */
  readonly batchSize?: number
  /** Called after each batch with the messages seen so far. */
  readonly onProgress?: (seen: number) => void
}

/** The result of a load. */
export interface LoadSummary {
  /** Messages that are new in the mailbox. */
  readonly inserted: number
  /** Messages that were skipped, because their id, graph id or Message-ID existed already. */
  readonly duplicates: number
}

/** A batch is sent when its bodies reach this many characters, which limits the memory for large messages. */
const MAX_PENDING_LENGTH = 2_000_000

/**
 * Inserts messages in the given order. Each batch is atomic, the whole is not: after a failure, the earlier
 * batches are stored, and repeating the call inserts the rest, if the messages have their own ids.
 *
 * @throws {InvalidFilterError} For a message that `createEmail` would refuse.
 * @throws Whatever the database raised, unchanged.
 */
export async function loadEmails(
  driver: SqlDriver,
  emails: Iterable<NewEmail> | AsyncIterable<NewEmail>,
  { now = Date.now(), batchSize = 250, onProgress }: LoadOptions = {},
): Promise<LoadSummary> {
  let pending: Email[] = []
  let length = 0
  let seen = 0
  let inserted = 0

  async function flush(): Promise<void> {
    if (pending.length === 0) return
    const answers = await driver.batch(insertAll(pending))
    inserted += answers.flat().length
    pending = []
    length = 0
    onProgress?.(seen)
  }

  for await (const email of emails) {
    const parsed = parseNewEmail(email, { id: crypto.randomUUID(), now })
    seen += 1
    pending.push(parsed)
    length += (parsed.bodyText?.length ?? 0) + (parsed.bodyHtml?.length ?? 0)
    if (pending.length >= batchSize || length >= MAX_PENDING_LENGTH) await flush()
  }
  await flush()
  return { inserted, duplicates: seen - inserted }
}
