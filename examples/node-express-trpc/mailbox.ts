/**
 * A small mailbox in memory, and the repository that caches its queries.
 *
 * @module
 */

import { DatabaseSync } from 'node:sqlite'
import { CachedEmailRepository, migrate, toSqlDriver } from 'nearcache/email'

const MESSAGES = 500
const SENDERS = ['ada@example.com', 'grace@example.com', 'alan@example.com'] as const

/** Opens the mailbox, and fills it with sample mail. */
export async function openMailbox(): Promise<CachedEmailRepository> {
  const db = new DatabaseSync(':memory:')
  await migrate(toSqlDriver(db))
  const emails = new CachedEmailRepository({ db })
  const now = Date.now()
  await emails.batchCreate(
    Array.from({ length: MESSAGES }, (_, i) => ({
      subject: `Message ${i}`,
      senderEmail: SENDERS[i % SENDERS.length] ?? SENDERS[0],
      receivedAt: new Date(now - i * 60_000),
    })),
  )
  return emails
}
