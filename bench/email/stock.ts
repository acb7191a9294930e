/**
 * Large mailboxes, each created once for all runs, because that takes longer than a run.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NewEmail } from 'nearcache/email'
import { openMailDatabase } from './contender.ts'

/** The file of a mailbox with these messages. A file from an earlier run is used again if its messages were the same. */
export async function stockOf(name: string, emails: readonly NewEmail[]): Promise<string> {
  const owner = process.getuid?.() ?? 0
  const path = join(tmpdir(), `nearcache-${name}-${digestOf(emails)}-${owner}.db`)
  if (existsSync(path)) return path
  const { db, truth } = await openMailDatabase(`${path}.part`)
  db.exec('PRAGMA synchronous = OFF')
  for (let i = 0; i < emails.length; i += 1_000) await truth.batchCreate(emails.slice(i, i + 1_000))
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  renameSync(`${path}.part`, path)
  return path
}

function digestOf(emails: readonly NewEmail[]): string {
  const hash = createHash('sha256')
  for (const email of emails) hash.update(JSON.stringify(email))
  return hash.digest('hex').slice(0, 16)
}
