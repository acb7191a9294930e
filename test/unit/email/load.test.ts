import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { generateMailbox } from '../../../scripts/mailbox/generate.ts'
import { loadEmails } from '../../../scripts/mailbox/load.ts'
import { toSqlDriver } from '../../../src/email/database.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import { migrate } from '../../../src/email/schema.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'

const NOW = Date.UTC(2026, 10, 20, 12)
const mailbox = generateMailbox({ seed: 3, count: 1_200, now: NOW })

describe('loadEmails', () => {
  let driver: SqlDriver
  let repository: SqlEmailRepository

  beforeEach(async () => {
    const db = new DatabaseSync(':memory:')
    driver = toSqlDriver(db)
    await migrate(driver)
    repository = new SqlEmailRepository({ db })
  })

  test('stores each message as createEmail does', async () => {
    const platform = { now: () => NOW } as never
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const other = new SqlEmailRepository({ db, platform })

    await loadEmails(driver, mailbox.slice(0, 40), { now: NOW, batchSize: 7 })

    for (const email of mailbox.slice(0, 40)) {
      const created = await other.createEmail(email)
      await expect(repository.getEmailById(email.id)).resolves.toEqual(created)
    }
  })

  test('skips messages that are already stored', async () => {
    const first = await loadEmails(driver, mailbox.slice(0, 700))
    const second = await loadEmails(driver, mailbox)

    expect(first).toEqual({ inserted: 700, duplicates: 0 })
    expect(second).toEqual({ inserted: 500, duplicates: 700 })
    expect(await loadEmails(driver, [])).toEqual({ inserted: 0, duplicates: 0 })
  })

  test('reports its progress after each batch', async () => {
    const seen: number[] = []

    await loadEmails(driver, mailbox, { batchSize: 500, onProgress: (count) => seen.push(count) })

    expect(seen).toEqual([500, 1_000, 1_200])
  })

  test('keeps special characters unchanged', async () => {
    const bodyText = `${String.fromCharCode(1)}"quotes" \\ 'apostrophe' \u2028 📦 \t\r\n %s ?1`
    await loadEmails(driver, [{ ...mailbox[0], id: 'odd', bodyText } as never])

    await expect(repository.getEmailById('odd')).resolves.toMatchObject({ bodyText })
  })

  test('keeps each bound value within the limit of D1, also with large messages', async () => {
    const sizes: number[] = []
    const watched: SqlDriver = {
      ...driver,
      batch: (statements) => {
        for (const { params } of statements) {
          sizes.push(...params.map((param) => Buffer.byteLength(String(param))))
        }
        return driver.batch(statements)
      },
    }
    const large = mailbox.slice(0, 9).map((email, index) => ({
      ...email,
      bodyText: (index % 2 ? '€' : 'x').repeat(index % 3 === 0 ? 599_000 : 200_000),
    }))

    const summary = await loadEmails(watched, large)

    expect(summary).toEqual({ inserted: 9, duplicates: 0 })
    expect(sizes).not.toEqual([])
    expect(Math.max(...sizes)).toBeLessThan(2_000_000)
    const [first] = large
    await expect(repository.getEmailById(first?.id ?? '')).resolves.toMatchObject({
      bodyText: first?.bodyText,
    })
  })

  test('stops at an invalid message, and keeps the batches before it', async () => {
    const emails = [...mailbox.slice(0, 10), { ...mailbox[10], status: 'lost' } as never]

    await expect(loadEmails(driver, emails, { batchSize: 5 })).rejects.toMatchObject({
      field: 'status',
    })

    const [row] = await driver.all('SELECT count(*) AS n FROM emails', [])
    expect(row?.['n']).toBe(10)
  })
})
