import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { toSqlDriver } from '../../../src/email/database.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import { ChaosError } from '../../../src/testing/chaos-call.ts'
import { type ChaosSqlOptions, chaosSqlDriver } from '../../../src/testing/chaos-sql-driver.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const INSERT = 'INSERT INTO t (n) VALUES (?)'
const BATCH = [
  { sql: INSERT, params: [1] },
  { sql: INSERT, params: [2] },
]

describe('chaosSqlDriver', () => {
  let driver: SqlDriver

  beforeEach(async () => {
    driver = toSqlDriver(new DatabaseSync(':memory:'))
    await driver.run('CREATE TABLE t (n INTEGER)', [])
  })

  const rows = async (): Promise<unknown[]> =>
    (await driver.all('SELECT n FROM t ORDER BY n', [])).map(({ n }) => n)
  const make = (options: ChaosSqlOptions) => chaosSqlDriver(driver, options)

  test('refuses statements and batches, without any effect', async () => {
    const chaotic = make({ faults: { fail: 1 } })

    await expect(chaotic.run(INSERT, [1])).rejects.toEqual(new ChaosError('fail'))
    await expect(chaotic.batch(BATCH)).rejects.toThrow(ChaosError)
    await expect(chaotic.all('SELECT 1', [])).rejects.toThrow(ChaosError)
    expect(await rows()).toEqual([])
  })

  test('loses the answer of a batch that took effect as a whole', async () => {
    const lost = new Error('D1_ERROR: network connection lost')
    const chaotic = make({ faults: { loseReply: 1 }, error: () => lost })

    await expect(chaotic.batch(BATCH)).rejects.toBe(lost)
    expect(await rows()).toEqual([1, 2])
  })

  test('is slow by a latency of the platform', async () => {
    const platform = new ManualPlatform()
    const chaotic = make({ faults: { latency: 1 }, latencyMs: [30, 30], platform })
    const running = chaotic.run(INSERT, [1])

    await platform.advance(29)
    expect(await rows()).toEqual([])
    await platform.advance(1)

    expect(await running).toEqual({ changes: 1 })
  })

  test('never settles a call that hangs', async () => {
    const outcome = await Promise.race([
      make({ faults: { hang: 1 } }).all('SELECT 1', []),
      new Promise((resolve) => setImmediate(resolve, 'nothing')),
    ])

    expect(outcome).toBe('nothing')
  })

  test('chooses by method and statement, and passes results and errors on', async () => {
    const chaotic = make({
      faults: {
        fail: {
          when: ({ method, statements }) =>
            method === 'run' && statements.some(({ sql }) => sql.startsWith('DELETE')),
        },
      },
    })

    expect(
      await chaotic.batch([...BATCH, { sql: 'DELETE FROM t WHERE n = 1', params: [] }]),
    ).toEqual([[], [], []])
    await expect(chaotic.run('DELETE FROM t', [])).rejects.toThrow(ChaosError)
    await expect(chaotic.all('SELECT n FROM nowhere', [])).rejects.toThrow('nowhere')
    expect(await chaotic.all('SELECT n FROM t', [])).toEqual([{ n: 2 }])
  })

  test('changes nothing while it is off', async () => {
    const chaotic = make({ enabled: false, faults: { fail: 1, latency: 1 } })

    expect(await chaotic.run(INSERT, [1])).toEqual({ changes: 1 })
    expect(await chaotic.batch(BATCH)).toEqual([[], []])
    expect(await chaotic.all('SELECT n FROM t', [])).toEqual([{ n: 1 }, { n: 1 }, { n: 2 }])
    expect(chaotic.chaos).toMatchObject({ calls: 3, injected: [] })
  })

  test('injects faults into sessions too, if the driver has them', async () => {
    expect(make({}).session).toBeUndefined()
    const session = (atLeast?: string) => ({ ...driver, bookmark: () => atLeast })
    const opening = chaosSqlDriver({ ...driver, session }, { faults: { fail: 1 } })

    await expect(opening.session?.().run(INSERT, [1])).rejects.toThrow(ChaosError)
    expect(opening.session?.('state-1').bookmark()).toBe('state-1')
    expect(opening.chaos.counts.fail).toBe(1)
  })
})
