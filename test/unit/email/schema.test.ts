import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { encodeCursor } from '../../../src/email/cursor.ts'
import { toSqlDriver } from '../../../src/email/database.ts'
import type { SqlDriver, SqlStatement } from '../../../src/email/driver.ts'
import { OPEN_STATUSES, STATUSES } from '../../../src/email/email.ts'
import { parseNewEmail } from '../../../src/email/email-input.ts'
import { canonicalize, canonicalizeFilter, type EmailQuery } from '../../../src/email/filter.ts'
import { indexTexts } from '../../../src/email/index-texts.ts'
import { countMatches, selectPage } from '../../../src/email/query-statements.ts'
import { EMAIL_COLUMNS, toRow } from '../../../src/email/row.ts'
import { MIGRATIONS, migrate, migrationFile } from '../../../src/email/schema.ts'
import { searchTokens } from '../../../src/email/search.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { selectImages, updateAll } from '../../../src/email/statements.ts'

const folder = new URL('../../../migrations/', import.meta.url)

describe('migrations', () => {
  test('are the same as the files that wrangler applies', () => {
    const files = readdirSync(folder).map((name) => [
      name,
      readFileSync(new URL(name, folder), 'utf8'),
    ])

    expect(files).toEqual(MIGRATIONS.map((migration) => [migration.name, migrationFile(migration)]))
  })

  test('create the same schema as files and as statements', async () => {
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

  test('create the columns of a row, in the same order', async () => {
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

  test('applies missing migrations and returns their names', async () => {
    await expect(migrate(driver)).resolves.toEqual(MIGRATIONS.map(({ name }) => name))
    await expect(migrate(driver)).resolves.toEqual([])
  })

  test('does not change a database that wrangler has migrated', async () => {
    db.exec(`CREATE TABLE d1_migrations(
      id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
      applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`)
    for (const { name } of MIGRATIONS) {
      db.exec(readFileSync(new URL(name, folder), 'utf8'))
      db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').run(name)
    }

    await expect(migrate(driver)).resolves.toEqual([])
  })

  test('applies a migration once when two calls run concurrently', async () => {
    // Both calls read the state before either applies a migration, because each read takes a turn.
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

  test('rethrows the error of a failed migration and leaves no part of it behind', async () => {
    db.exec('CREATE TABLE emails_by_thread (id)')

    await expect(migrate(driver)).rejects.toThrow(/emails_by_thread/)

    const tables = db.prepare("SELECT name FROM sqlite_master WHERE name = 'emails'").all()
    expect(tables).toEqual([])
    db.exec('DROP TABLE emails_by_thread')
    await expect(migrate(driver)).resolves.toEqual(MIGRATIONS.map(({ name }) => name))
  })
})

describe('a mailbox of an older schema', () => {
  test('can be searched by people, categories and words after migrate', async () => {
    const db = new DatabaseSync(':memory:')
    const [first] = MIGRATIONS
    for (const sql of first?.statements ?? []) db.exec(sql)
    db.exec(`CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE,
      applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`)
    db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').run(first?.name ?? '')
    const add = db.prepare(`INSERT INTO emails (id, subject, sender_email, received_at, created_at,
      updated_at, recipients, cc, categories, priority) VALUES (?, ?, 'a@b.example', 0, 0, 0, ?, ?, ?, 'high')`)
    for (let index = 0; index < 250; index++) {
      const people = JSON.stringify([{ address: `r${index}@x.example` }])
      add.run(`m${index}`, `Größe ${index}`, people, people, '["order","order"]')
    }
    const emails = new SqlEmailRepository({ db })

    await migrate(toSqlDriver(db))

    await expect(emails.countEmails({ search: 'größe' })).resolves.toBe(250)
    await expect(emails.countEmails({ search: '249' })).resolves.toBe(1)
    await expect(emails.countEmails({ recipients: ['r7@x.example'] })).resolves.toBe(1)
    await expect(emails.countEmails({ categories: ['order'] })).resolves.toBe(250)
    await expect(emails.getEmailById('m3')).resolves.toMatchObject({
      attachments: [],
      entities: [],
    })
    await expect(indexTexts(toSqlDriver(db))).resolves.toBe(0)
  })

  test('keeps its people and categories when migration 3 adds their order, and keeps later ones too', async () => {
    const db = new DatabaseSync(':memory:')
    for (const { statements } of MIGRATIONS.slice(0, 2)) for (const sql of statements) db.exec(sql)
    const add = db.prepare(`INSERT INTO emails (id, subject, sender_email, received_at, created_at,
      updated_at, recipients, categories) VALUES (?, '', 'a@b.example', ?, 0, 0, ?, ?)`)
    // The number is no multiple of the migration's batch size, and two messages share each instant.
    for (let index = 0; index < 101; index++) {
      const people = JSON.stringify([{ address: `r${index % 3}@x.example` }])
      add.run(`m${index}`, Math.floor(index / 2), people, '["order"]')
    }
    const emails = new SqlEmailRepository({ db })

    for (const sql of MIGRATIONS[2]?.statements ?? []) db.exec(sql)

    await expect(emails.countEmails({ categories: ['order'] })).resolves.toBe(101)
    await expect(emails.countEmails({ recipients: ['r1@x.example'] })).resolves.toBe(34)
    const newest = { categories: ['order'], limit: 3 }
    const { ids } = await emails.queryEmailIds(newest)
    expect(ids).toEqual(['m100', 'm99', 'm98'])

    await emails.updateEmail('m99', { categories: ['bill'] })
    await emails.noteRecipient('m98', 'late@x.example')
    await emails.deleteEmail('m100')
    await expect(emails.queryEmailIds(newest)).resolves.toMatchObject({
      ids: ['m98', 'm97', 'm96'],
    })
    const late = await emails.queryEmailIds({ recipients: ['late@x.example'] })
    expect(late.ids).toEqual(['m98'])
    const left = db.prepare("SELECT 1 FROM email_recipients WHERE email_id = 'm100'").all()
    expect(left).toEqual([])
  })

  test('is indexed in batches after wrangler has migrated it', async () => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const emails = new SqlEmailRepository({ db })
    await emails.batchCreate(
      Array.from({ length: 150 }, () => ({
        subject: 'Word',
        senderEmail: 'a@b.example',
        receivedAt: 0,
      })),
    )
    db.exec('DELETE FROM email_texts')
    db.exec('INSERT INTO email_texts (email_id) SELECT id FROM emails')

    await expect(indexTexts(toSqlDriver(db), 50)).resolves.toBe(100)

    await expect(emails.countEmails({ search: 'word' })).resolves.toBe(100)
    await expect(indexTexts(toSqlDriver(db), 1_000)).resolves.toBe(50)
    await expect(emails.countEmails({ search: 'word' })).resolves.toBe(150)
  })

  test('is indexed from the part of each body that is searched: whole bodies are more than an isolate holds', async () => {
    const driver = toSqlDriver(new DatabaseSync(':memory:'))
    await migrate(driver)
    const emails = new SqlEmailRepository({ db: driver })
    const [bodyText, bodyHtml] = [
      `first ${'\u{1f4e6} '.repeat(30_000)}`,
      `<p>${'x '.repeat(99_999)}`,
    ]
    const email = { subject: 'a', senderEmail: 'a@b.example', receivedAt: 0 }
    const stored = await emails.batchCreate([
      { ...email, id: 'a', bodyText },
      { ...email, id: 'b', bodyHtml },
    ])
    await driver.run('DELETE FROM email_texts', [])
    await driver.run('INSERT INTO email_texts (email_id) SELECT id FROM emails', [])
    const read: unknown[] = []
    const all: SqlDriver['all'] = async (sql, params) => {
      const rows = await driver.all(sql, params)
      read.push(...rows)
      return rows
    }

    await indexTexts({ ...driver, all })

    expect(JSON.stringify(read).length).toBeLessThan(200_000)
    const rows = await driver.all('SELECT tokens FROM email_texts ORDER BY email_id', [])
    const tokens = stored.created.map((one) => [...searchTokens(one)].join(' '))
    expect(rows.map((row) => row['tokens'])).toEqual(tokens)
  })

  test('is indexed again, if another version made the words, by the statements of the guide', async () => {
    const guide = readFileSync('docs/guides/mailbox.md', 'utf8')
    const [, statements = ''] = /```sql\n(DELETE FROM email_texts[\s\S]+?)```/.exec(guide) ?? []
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const emails = new SqlEmailRepository({ db })
    const make = (id: string) => ({
      id,
      subject: 'Word',
      senderEmail: 'a@b.example',
      receivedAt: 0,
    })
    await emails.batchCreate(['one', 'two'].map(make))
    db.exec('DELETE FROM email_texts')
    db.exec("INSERT INTO email_texts (email_id, tokens) SELECT id, 'wo rd' FROM emails")

    db.exec(statements)
    await migrate(toSqlDriver(db))

    await expect(emails.countEmails({ search: 'word' })).resolves.toBe(2)
    await expect(emails.countEmails({ search: 'wo' })).resolves.toBe(0)
    db.exec("INSERT INTO email_search (email_search, rank) VALUES ('integrity-check', 1)")
  })

  test('can still be searched after VACUUM', async () => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const emails = new SqlEmailRepository({ db })
    const make = (id: string) => ({ id, subject: id, senderEmail: 'a@b.example', receivedAt: 0 })
    await emails.batchCreate(['one', 'two', 'three'].map(make))
    await emails.deleteEmail('one')

    db.exec('VACUUM')

    for (const id of ['two', 'three']) {
      const { ids } = await emails.queryEmailIds({ search: id })
      expect(ids).toEqual([id])
    }
  })
})

describe('statements', () => {
  const names = (length: number) => Array.from({ length }, (_, index) => `n${index}@x.example`)

  test.each<[string, EmailQuery]>([
    [
      'every field with the longest lists',
      {
        statuses: ['new'],
        priorities: ['low'],
        workflowStates: names(1_000),
        workflowTypes: names(1_000),
        workflowChainId: 'w',
        senderEmails: names(1_000),
        recipients: names(1_000),
        categories: names(1_000),
        assignedTo: null,
        dateRange: { start: 0, end: 1 },
        hasAttachments: true,
        isRead: true,
        isFlagged: true,
        threadId: 't',
        conversationId: 'c',
        search: names(3).join(' '),
        offset: 100_000,
        limit: 1_000,
      },
    ],
    [
      'the largest number of alternatives',
      {
        anyOf: Array.from({ length: 16 }, (_, index) => ({
          statuses: STATUSES.filter((_status, place) => place !== index % 8),
          threadId: `t${index}`,
          conversationId: `c${index}`,
          senderEmails: [`s${index}@x.example`, `t${index}@x.example`],
          search: `w${index}`,
          recipients: [`r${index}@x.example`],
        })),
      },
    ],
    [
      'alternatives with different dates and lists of names',
      {
        anyOf: Array.from({ length: 4 }, (_, index) => ({
          dateRange: { start: index * 10, end: index * 10 + 5 },
          workflowStates: names(2 + index),
          workflowTypes: names(3 + index),
          workflowChainId: `w${index}`,
          senderEmails: names(4 + index),
          recipients: names(5 + index),
          categories: names(6 + index),
          assignedTo: `a${index}`,
          threadId: `t${index}`,
          conversationId: `c${index}`,
          search: `w${index}`,
        })),
        offset: 1,
      },
    ],
  ])('for %s stay within the limits of D1, and run', async (_, query) => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const { sql, params } = selectPage(canonicalize(query))

    expect(params.length).toBeLessThanOrEqual(100)
    expect(sql.length).toBeLessThan(100_000)
    expect(db.prepare(sql).all(...(params as (string | number)[]))).toEqual([])
  })

  test('have the same text for other dates, so they are prepared once', () => {
    const textOf = (start: number) =>
      selectPage(canonicalize({ isRead: true, dateRange: { start, end: start + 9 } })).sql

    expect(textOf(10)).toBe(textOf(1_000))
  })

  test('are at most 8 for a batch of 1,000 messages, and one for 1,000 ids', async () => {
    const db = new DatabaseSync(':memory:')
    await migrate(toSqlDriver(db))
    const calls: number[] = []
    const driver = toSqlDriver(db)
    const watched: SqlDriver = {
      ...driver,
      all: (sql, params) => {
        calls.push(1)
        return driver.all(sql, params)
      },
      batch: (statements) => {
        calls.push(statements.length)
        for (const { params } of statements) expect(params.length).toBeLessThanOrEqual(100)
        return driver.batch(statements)
      },
    }
    const emails = new SqlEmailRepository({ db: watched })
    const batch = Array.from({ length: 1_000 }, (_, index) => ({
      id: `m${index}`,
      subject: `Subject ${index}`,
      senderEmail: 'a@b.example',
      receivedAt: index,
      bodyText: 'Some words of a message. '.repeat(40),
    }))

    await emails.batchCreate(batch)
    await emails.getEmailsByIds(batch.map(({ id }) => id))
    await emails.markAsRead(batch.map(({ id }) => id))

    const [created = 0, ...others] = calls
    expect(created).toBeLessThanOrEqual(8)
    expect(others).toEqual([1, 2])
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
    ['emails_by_received', { direction: 'asc', offset: 7 }],
    ['emails_by_sent', { orderBy: 'sent' }],
    ['emails_by_urgency', { orderBy: 'priority' }],
    ['emails_by_sender', { orderBy: 'sender' }],
    ['emails_by_conversation', { conversationId: 'c' }],
    ['emails_by_workflow_state', { workflowStates: ['open'] }],
    ['emails_by_workflow_type', { workflowTypes: ['order'] }],
    ['emails_by_workflow_chain', { workflowChainId: 'chain' }],
    ['emails_by_thread', { threadId: 't', anyOf: [{ isRead: true }, { isFlagged: true }] }],
    ['emails_by_thread', { threadId: 't', isRead: true, assignedTo: null }],
    ['emails_by_conversation', { conversationId: 'c', isRead: false }],
    ['emails_by_sender', { senderEmails: ['a@b.example'], isRead: true }],
    ['emails_by_status', { statuses: ['new'], isRead: true, assignedTo: null }],
    ['emails_by_assignee', { assignedTo: 'grace', isRead: true, statuses: ['archived'] }],
    ['emails_by_read', { statuses: ['archived'], isRead: false }],
    ['emails_flagged', { isFlagged: true }],
    ['emails_flagged', { isFlagged: true, isRead: false, assignedTo: null }],
    ['emails_flagged', { isFlagged: true, hasAttachments: true, dateRange: { start: 1 } }],
    ['emails_by_thread', { isFlagged: true, threadId: 'thread' }],
  ])('%s answers %j in order, without sorting', async (index, query) => {
    const plan = await planOf(selectPage(canonicalize(query)))

    expect(plan).toHaveLength(1)
    expect(plan[0]).toContain(`USING INDEX ${index}`)
  })

  test.each<[string, EmailQuery]>([
    ['email_categories USING PRIMARY KEY (category=?)', { categories: ['inbox'] }],
    ['email_categories USING PRIMARY KEY (category=?)', { categories: ['inbox'], offset: 7 }],
    [
      'email_categories USING PRIMARY KEY (category=? AND email_received_at>? AND email_received_at<?)',
      { categories: ['inbox'], dateRange: { start: 1, end: 9 }, isRead: true, direction: 'asc' },
    ],
    [
      'email_categories USING PRIMARY KEY (category=? AND (email_received_at,email_id)<(?,?))',
      { categories: ['inbox'], cursor: encodeCursor([5, 'a'], 'received') },
    ],
    ['email_recipients USING PRIMARY KEY (address=?)', { recipients: ['a@b.example'] }],
    [
      'email_recipients USING PRIMARY KEY (address=?)',
      { recipients: ['a@b.example'], categories: ['inbox', 'work'] },
    ],
    [
      'email_categories USING PRIMARY KEY (category=?)',
      { categories: ['inbox'], anyOf: [{ isRead: false }, { isFlagged: true }] },
    ],
  ])('of categories or recipients, %s, answer %j without a sort', async (walk, query) => {
    const plan = await planOf(selectPage(canonicalize(query)))

    expect(plan[0]).toBe(`SEARCH ${walk}`)
    expect(plan.join()).not.toContain('TEMP B-TREE')
  })

  test.each<[string, EmailQuery]>([
    ['emails_by_read', { categories: ['inbox'], isRead: false }],
    ['emails_by_sender', { recipients: ['a@b.example'], senderEmails: ['c@d.example'] }],
    ['emails_by_priority', { categories: ['inbox', 'work'], priorities: ['critical'] }],
    ['emails_flagged', { categories: ['inbox'], isFlagged: true }],
  ])('%s answers %j; categories and recipients are checked per row', async (index, query) => {
    const plan = await planOf(selectPage(canonicalize(query)))

    expect(plan[0]).toContain(`USING INDEX ${index}`)
    expect(plan[1]).toContain('EXISTS')
  })

  test('of names are used for alternatives of read messages, not the larger index of read messages', async () => {
    const anyOf = [{ threadId: 't' }, { senderEmails: ['a@b.example'] }]

    const plan = await planOf(countMatches(canonicalizeFilter({ isRead: true, anyOf })))

    expect(plan.join()).toContain('emails_by_thread')
    expect(plan.join()).not.toContain('emails_by_read')
  })

  test('of statuses are used for open unassigned messages, not the larger index of unassigned messages', async () => {
    const statuses = OPEN_STATUSES

    const plan = await planOf(countMatches(canonicalizeFilter({ statuses, assignedTo: null })))

    expect(plan).toEqual([expect.stringContaining('USING INDEX emails_by_status')])
  })

  test('of ids are used to find the messages to mark, not the larger index of read messages', async () => {
    for (const statement of [
      selectImages(['a'], true),
      updateAll(['a'], { isRead: true }, 1, true),
    ]) {
      const [first] = await planOf(statement)

      expect(first).toContain('(id=?)')
    }
  })
})

/** The query plan of SQLite for a statement, on an empty mailbox. */
async function planOf({ sql, params }: SqlStatement): Promise<string[]> {
  const db = new DatabaseSync(':memory:')
  await migrate(toSqlDriver(db))
  return db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...(params as (string | number)[]))
    .map((step) => String(step['detail']))
}
