import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SqlDriver } from '../../../src/email/driver.ts'
import { MIGRATIONS, migrate } from '../../../src/email/schema.ts'
import { DATABASES, type OpenDatabase } from './databases.ts'

describe.each(DATABASES)('SqlDriver on %s', (_, open) => {
  let database: OpenDatabase
  let driver: SqlDriver

  beforeAll(async () => {
    database = await open()
    driver = database.driver
    await driver.run('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, done INTEGER)', [])
  })
  beforeEach(async () => {
    await driver.run('DELETE FROM notes', [])
  })
  afterAll(() => database.close())

  const insert = (id: number) => ({ sql: 'INSERT INTO notes (id) VALUES (?)', params: [id] })
  const count = async () => (await driver.all('SELECT count(*) AS n FROM notes', []))[0]?.['n']

  test('binds text, numbers, booleans and null, and returns them in rows', async () => {
    const sql = 'SELECT ? AS text, ? AS number, ? AS yes, ? AS no, ? AS absent'

    const rows = await driver.all(sql, ['é', 1.5, true, false, null])

    expect(rows.map((row) => ({ ...row }))).toEqual([
      { text: 'é', number: 1.5, yes: 1, no: 0, absent: null },
    ])
  })

  test('keeps instants up to the end of the calendar exact', async () => {
    const [row] = await driver.all('SELECT ? AS instant', [8_640_000_000_000_000])

    expect(row?.['instant']).toBe(8_640_000_000_000_000)
  })

  test('returns how many rows a statement changed', async () => {
    await driver.batch([insert(1), insert(2), insert(3)])

    await expect(
      driver.run('UPDATE notes SET done = ? WHERE id > ?', [true, 1]),
    ).resolves.toMatchObject({ changes: 2 })
    await expect(driver.run('DELETE FROM notes WHERE id = 9', [])).resolves.toMatchObject({
      changes: 0,
    })
  })

  test('returns the rows of each statement of a batch, in order', async () => {
    const [inserted, , selected] = await driver.batch([
      { sql: 'INSERT INTO notes (id) VALUES (1) RETURNING id', params: [] },
      insert(2),
      { sql: 'SELECT id FROM notes ORDER BY id', params: [] },
    ])

    expect(inserted?.map((row) => row['id'])).toEqual([1])
    expect(selected?.map((row) => row['id'])).toEqual([1, 2])
    await expect(driver.batch([])).resolves.toEqual([])
  })

  test('rolls back a whole batch when one of its statements fails', async () => {
    await driver.batch([insert(1)])

    await expect(driver.batch([insert(2), insert(1), insert(3)])).rejects.toThrow(/UNIQUE/)

    await expect(count()).resolves.toBe(1)
    await driver.batch([insert(2)])
    await expect(count()).resolves.toBe(2)
  })

  test('rejects, and does not throw, for a statement that is not SQL', async () => {
    await expect(driver.all('SELEKT 1', [])).rejects.toThrow(/SELEKT/)
    await expect(driver.run('SELEKT 1', [])).rejects.toThrow(/SELEKT/)
  })

  test('returns correct rows after the columns of a table have changed under a prepared statement', async () => {
    await driver.batch([insert(1)])
    await driver.all('SELECT * FROM notes', [])
    await driver.run('ALTER TABLE notes ADD COLUMN extra TEXT', [])

    const [row] = await driver.all('SELECT * FROM notes', [])

    expect(row).toHaveProperty('extra', null)
    await driver.run('ALTER TABLE notes DROP COLUMN extra', [])
  })

  test('applies each migration once, also when migrate is called again or concurrently', async () => {
    await expect(migrate(driver)).resolves.toEqual([])
    await expect(Promise.all([migrate(driver), migrate(driver)])).resolves.toEqual([[], []])

    const rows = await driver.all('SELECT name FROM d1_migrations', [])
    expect(rows.map((row) => row['name'])).toEqual(MIGRATIONS.map(({ name }) => name))
  })

  test('opens a session that sees earlier writes, if sessions exist', async () => {
    await driver.batch([insert(1)])

    const session = driver.session?.() ?? driver

    const rows = await session.all('SELECT id FROM notes', [])
    expect(rows.map((row) => row['id'])).toEqual([1])
  })

  test('opens a session at the bookmark of another one, if sessions exist', async () => {
    const writer = driver.session?.()
    await writer?.batch([insert(2)])
    const bookmark = writer?.bookmark()

    expect(typeof bookmark).toBe(driver.session ? 'string' : 'undefined')
    const rows = await driver.session?.(bookmark).all('SELECT id FROM notes', [])
    expect(rows?.map((row) => row['id'])).toEqual(driver.session ? [2] : undefined)
  })
})
