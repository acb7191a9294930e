import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { D1Like, D1StatementLike } from '../../../src/email/d1-driver.ts'
import { type SqlDatabase, toSqlDriver } from '../../../src/email/database.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import { migrate } from '../../../src/email/schema.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { InvalidOptionError } from '../../../src/errors.ts'

describe('toSqlDriver', () => {
  test('returns a driver unchanged', () => {
    const driver: SqlDriver = {
      all: () => Promise.resolve([]),
      run: () => Promise.resolve({ changes: 0 }),
      batch: () => Promise.resolve([]),
    }

    expect(toSqlDriver(driver)).toBe(driver)
  })

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a path', 'mail.db'],
    ['a function', () => undefined],
    ['an object without methods', { prepare: true, batch: true }],
    ['a Postgres client', { query: () => undefined }],
    ['half of a driver', { all: () => undefined, run: () => undefined }],
  ])('refuses %s and names the option', (_, db) => {
    const option = { option: 'db', name: InvalidOptionError.name }

    expect(() => toSqlDriver(db as unknown as SqlDatabase)).toThrow(expect.objectContaining(option))
    expect(() => new SqlEmailRepository({ db: db as unknown as SqlDatabase })).toThrow(
      expect.objectContaining(option),
    )
  })
})

describe('the driver of an in-process SQLite', () => {
  test("makes a batch part of the caller's transaction when one is open", async () => {
    const db = new DatabaseSync(':memory:')
    const driver = toSqlDriver(db)
    const insert = (id: number) => ({ sql: 'INSERT INTO notes VALUES (?)', params: [id] })
    const ids = () =>
      db
        .prepare('SELECT id FROM notes')
        .all()
        .map((row) => row['id'])
    db.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY); BEGIN')

    await driver.batch([insert(1)])
    await expect(driver.batch([insert(2), insert(1)])).rejects.toThrow(/UNIQUE/)
    expect(ids()).toEqual([1])

    db.exec('ROLLBACK')
    expect(ids()).toEqual([])
  })

  test.each([
    ['integers as bigint', { readBigInts: true }],
    ['rows as arrays', { returnArrays: true }],
  ])('reads as usual from a node:sqlite database that returns %s', async (_, options) => {
    const db = new DatabaseSync(':memory:', options)
    await migrate(toSqlDriver(db))
    const mailbox = new SqlEmailRepository({ db })
    const sent = { subject: 'Boxes', senderEmail: 'ada@mail.example', receivedAt: 7, isRead: true }

    const { id } = await mailbox.createEmail(sent)

    await expect(mailbox.getEmailById(id)).resolves.toMatchObject(sent)
    await expect(mailbox.countEmails({})).resolves.toBe(1)
    await expect(mailbox.getAnalytics()).resolves.toMatchObject({ totalCount: 1, unreadCount: 0 })
  })

  test('asks a better-sqlite3 database for integers that are numbers', async () => {
    const asked: boolean[] = []
    const statement = {
      reader: true,
      all: () => [],
      run: () => ({ changes: 0 }),
      safeIntegers: (isSafe: boolean) => asked.push(isSafe),
    }

    await toSqlDriver({ exec: () => undefined, prepare: () => statement }).all('SELECT 1', [])

    expect(asked).toEqual([false])
  })

  test('prepares a statement once while it is in use, and keeps at most 64', async () => {
    const db = new DatabaseSync(':memory:')
    const prepared: string[] = []
    const driver = toSqlDriver({
      exec: (sql) => db.exec(sql),
      prepare: (sql) => {
        prepared.push(sql)
        return db.prepare(sql)
      },
    })

    const run = (index: number) => driver.all(`SELECT ${index}`, [])
    for (let index = 0; index < 64; index++) await run(index)
    await run(0)
    expect(prepared).toHaveLength(64)

    await run(64)
    await run(0)
    await run(1)

    // Statement 0 was used again, so statement 1 was evicted.
    expect(prepared.slice(64)).toEqual(['SELECT 64', 'SELECT 1'])
  })
})

describe('sessions of D1', () => {
  /** A D1 that records how its sessions are opened, and invents their bookmarks. */
  function replicated() {
    const opened: (string | undefined)[] = []
    const statement: D1StatementLike = {
      bind: () => statement,
      all: async () => ({ results: [] }),
      run: async () => ({ results: [] }),
    }
    const db: D1Like = {
      prepare: () => statement,
      batch: async (statements) => statements.map(() => ({ results: [] })),
      withSession: (constraint) => {
        opened.push(constraint)
        return { ...db, getBookmark: () => (opened.length === 1 ? null : `after-${constraint}`) }
      },
    }
    return { db, opened }
  }

  test('begin at the primary or at a given bookmark, and return the bookmark they have reached', async () => {
    const { db, opened } = replicated()
    const mailbox = new SqlEmailRepository({ db })

    const first = mailbox.session?.()
    const second = mailbox.session?.('state-7')

    expect(opened).toEqual(['first-primary', 'state-7'])
    expect(second?.bookmark()).toBe('after-state-7')
    await expect(second?.getEmailById('a')).resolves.toBeUndefined()
    await expect(second?.queryEmails({ total: true })).resolves.toMatchObject({ emails: [] })
    expect(first).toBeInstanceOf(SqlEmailRepository)
  })

  test('have no bookmark before the first query', () => {
    const { db } = replicated()

    expect(toSqlDriver(db).session?.().bookmark()).toBeUndefined()
  })

  test('are absent for a database without replicas', () => {
    const db = new DatabaseSync(':memory:')

    expect(toSqlDriver(db).session).toBeUndefined()
    expect(new SqlEmailRepository({ db }).session).toBeUndefined()
  })
})
