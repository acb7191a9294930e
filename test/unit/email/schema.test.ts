import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { type SqlDriver, toSqlDriver } from '../../../src/email/driver.ts'
import { parseNewEmail } from '../../../src/email/email-input.ts'
import { canonicalize, type EmailQuery } from '../../../src/email/filter.ts'
import { selectPage } from '../../../src/email/query-statements.ts'
import { EMAIL_COLUMNS, toRow } from '../../../src/email/row.ts'
import { MIGRATIONS, migrate, migrationFile } from '../../../src/email/schema.ts'

const folder = new URL('../../../migrations/', import.meta.url)

describe('migrations', () => {
  test('are the files that wrangler applies, word for word', () => {
    const files = readdirSync(folder).map((name) => [
      name,
      readFileSync(new URL(name, folder), 'utf8'),
    ])

    expect(files).toEqual(MIGRATIONS.map((migration) => [migration.name, migrationFile(migration)]))
  })

  test('build the same schema as files and as statements', async () => {
    const fromFiles = new DatabaseSync(':memory:')
    for (const { name } of MIGRATIONS) fromFiles.exec(readFileSync(new URL(name, folder), 'utf8'))
    const fromStatements = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(fromStatements))

    const schema = (db: DatabaseSync) =>
      db
        .prepare(
          "SELECT name, sql FROM sqlite_master WHERE name <> 'd1_migrations' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .all()
    expect(schema(fromStatements)).toEqual(schema(fromFiles))
  })

  test('have the columns that rows have, in their order', async () => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const email = parseNewEmail(
      { subject: '', senderEmail: 'a@b.example', receivedAt: 0 },
      { id: 'a', now: 0 },
    )

    const columns = db.prepare("SELECT name FROM pragma_table_info('emails')").all()

    expect(columns.map((column) => column['name'])).toEqual(EMAIL_COLUMNS)
    expect(Object.keys(toRow(email))).toEqual(EMAIL_COLUMNS)
  })
})

describe('migrate', () => {
  let db: DatabaseSync
  let driver: SqlDriver

  beforeEach(() => {
    db = new DatabaseSync(':memory:')
    driver = toSqlDriver(db)
  })

  test('applies what is missing and says what that was', async () => {
    await expect(migrate(driver)).resolves.toEqual(MIGRATIONS.map(({ name }) => name))
    await expect(migrate(driver)).resolves.toEqual([])
  })

  test('leaves a database that wrangler has migrated as it is', async () => {
    db.exec(`CREATE TABLE d1_migrations(
      id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
      applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`)
    for (const { name } of MIGRATIONS) {
      db.exec(readFileSync(new URL(name, folder), 'utf8'))
      db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').run(name)
    }

    await expect(migrate(driver)).resolves.toEqual([])
  })

  test('lets one of two rivals apply a migration, and the other find it done', async () => {
    // Both look before either applies: each call waits a turn, as a remote database does.
    const slow: SqlDriver = {
      ...driver,
      all: async (sql, params) => {
        const rows = await driver.all(sql, params)
        await Promise.resolve()
        return rows
      },
    }

    const results = await Promise.all([migrate(slow), migrate(slow)])

    expect(results.toSorted()).toEqual([[], MIGRATIONS.map(({ name }) => name)])
  })

  test('passes on why a migration failed and leaves nothing of it behind', async () => {
    db.exec('CREATE TABLE emails_by_thread (id)')

    await expect(migrate(driver)).rejects.toThrow(/emails_by_thread/)

    const tables = db.prepare("SELECT name FROM sqlite_master WHERE name = 'emails'").all()
    expect(tables).toEqual([])
    db.exec('DROP TABLE emails_by_thread')
    await expect(migrate(driver)).resolves.toEqual(MIGRATIONS.map(({ name }) => name))
  })
})

describe('indexes', () => {
  test.each<[string, EmailQuery]>([
    ['emails_by_received', {}],
    ['emails_by_received', { dateRange: { start: 1 } }],
    ['emails_by_status', { statuses: ['new'] }],
    ['emails_by_priority', { priorities: ['high'], dateRange: { end: 1 } }],
    ['emails_by_assignee', { assignedTo: 'grace' }],
    ['emails_by_assignee', { assignedTo: null }],
    ['emails_by_sender', { senderEmails: ['a@b.example'] }],
    ['emails_by_thread', { threadId: 'thread' }],
    ['emails_by_read', { isRead: false }],
  ])('%s answers %j in order, without sorting', async (index, query) => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const { sql, params } = selectPage(canonicalize(query))

    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...(params as (string | number)[]))
      .map((step) => String(step['detail']))

    expect(plan).toHaveLength(1)
    expect(plan[0]).toContain(`USING INDEX ${index}`)
  })
})
