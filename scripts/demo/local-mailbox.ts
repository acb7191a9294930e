/**
 * The mailbox of the demonstration: a local D1 database, stored where `wrangler dev` finds it.
 *
 * @module
 */

import { createReadStream } from 'node:fs'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { getPlatformProxy, unstable_readConfig as readConfig } from 'wrangler'
import type { SqlDatabase } from '../../src/email/database.ts'
import { toSqlDriver } from '../../src/email/database.ts'
import type { SqlDriver } from '../../src/email/driver.ts'
import { MIGRATIONS, migrate } from '../../src/email/schema.ts'
import { generateMailbox } from '../mailbox/generate.ts'
import { loadEmails } from '../mailbox/load.ts'
import { MboxError, readMbox } from '../mailbox/mbox.ts'
import { UsageError } from './arguments.ts'
import type { SeenEmail } from './ledger.ts'
import { progress } from './progress.ts'

const SEED = 2_026
const COUNT = 20_000
const DAY_MS = 86_400_000
/** Where wrangler keeps its state, below the directory that `--persist-to` names. */
const KEPT = 'v3'

/** A prepared mailbox. */
export interface LocalMailbox {
  /** The directory for `wrangler dev --persist-to`. */
  readonly directory: string
  readonly emails: readonly SeenEmail[]
}

/** Fills a mailbox. The same fingerprint means the same content. */
interface Source {
  readonly name: string
  readonly fingerprint: string
  fill(driver: SqlDriver): Promise<void>
}

/**
 * Prepares the mailbox, unless an earlier start has prepared it.
 *
 * @param mbox A file to import. Without one, the sample is generated.
 * @throws {UsageError} When the file cannot be read, or is no mbox.
 */
export async function prepareMailbox(mbox: string | undefined): Promise<LocalMailbox> {
  const source = mbox === undefined ? sample() : await file(mbox)
  const directory = resolve('.nearcache', source.name)
  const marker = join(directory, 'prepared')
  const prepared = await readFile(marker, 'utf8').catch(() => undefined)
  const isPrepared = prepared === source.fingerprint
  if (!isPrepared) await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  // A snapshot of Redis from the last start knows nothing of changes made without the cache since then.
  await rm(join(directory, KEPT, 'do'), { recursive: true, force: true })

  const proxy = await openDatabase(directory)
  try {
    const driver = toSqlDriver(proxy.env.DB)
    await migrate(driver)
    if (isPrepared) console.log('The mailbox is there from the last start.')
    else await source.fill(driver)
    const emails = await readState(driver)
    if (emails.length === 0) throw new UsageError('The mailbox has no messages')
    await writeFile(marker, source.fingerprint)
    return { directory, emails }
  } finally {
    await proxy.dispose()
  }
}

/** Opens the Worker's database without the Worker. */
async function openDatabase(directory: string) {
  const { name, compatibility_date, d1_databases } = readConfig({ config: 'wrangler.toml' })
  const configPath = join(directory, 'database.json')
  await writeFile(configPath, JSON.stringify({ name, compatibility_date, d1_databases }))
  const persist = { path: join(directory, KEPT) }
  return getPlatformProxy<{ DB: SqlDatabase }>({ configPath, persist, envFiles: [] })
}

function sample(): Source {
  return {
    name: 'sample',
    // Includes the schema, so that a mailbox with an older schema is created again.
    fingerprint: JSON.stringify({ seed: SEED, count: COUNT, schema: MIGRATIONS.length }),
    async fill(driver) {
      const now = Math.floor(Date.now() / DAY_MS) * DAY_MS
      const bar = progress('Preparing 20,000 messages', COUNT)
      const emails = generateMailbox({ seed: SEED, count: COUNT, now })
      await loadEmails(driver, emails, { onProgress: bar.update }).finally(bar.end)
    },
  }
}

async function file(path: string): Promise<Source> {
  const { size, mtimeMs } = await sizeOf(path)
  return {
    name: 'imported',
    fingerprint: JSON.stringify({ path: resolve(path), size, mtimeMs }),
    fill: (driver) => importFile(driver, path, size),
  }
}

async function sizeOf(path: string): Promise<{ size: number; mtimeMs: number }> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`Cannot read ${path}: ${error.code ?? error.name}`)
  })
  if (!found.isFile()) throw new UsageError(`Cannot read ${path}: it is not a file`)
  return found
}

async function importFile(driver: SqlDriver, path: string, size: number): Promise<void> {
  const bar = progress('Importing', Math.max(1, size))
  let bad = 0
  const messages = readMbox(createReadStream(path), {
    onProgress: bar.update,
    onBadMessage: () => {
      bad += 1
    },
  })
  try {
    const { inserted, duplicates } = await loadEmails(driver, messages).finally(bar.end)
    console.log(
      `Imported ${inserted} messages; left out: ${duplicates} twice there, ${bad} unreadable.`,
    )
  } catch (error) {
    if (error instanceof MboxError) throw new UsageError(`Cannot import ${path}: ${error.message}`)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EIO') throw new UsageError(`Cannot read ${path}: ${code}`)
    throw error
  }
}

/** Rows per answer, within the limit of D1. */
const ROWS = 5_000

const STATE = `SELECT id, subject, status, priority, sender_email AS senderEmail,
  assigned_to AS assignedTo, received_at AS receivedAt, is_read AS isRead, thread_id AS threadId,
  is_flagged AS isFlagged, version
FROM emails WHERE id > ? ORDER BY id LIMIT ${ROWS}`

async function readState(driver: SqlDriver): Promise<SeenEmail[]> {
  const emails: SeenEmail[] = []
  for (;;) {
    const rows = await driver.all(STATE, [emails.at(-1)?.id ?? ''])
    for (const row of rows) {
      const flags = { isRead: row['isRead'] === 1, isFlagged: row['isFlagged'] === 1 }
      emails.push({ ...row, ...flags } as SeenEmail)
    }
    if (rows.length < ROWS) return emails
  }
}
