import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  DurableSnapshot,
  type DurableSnapshotOptions,
  type DurableStorageLike,
} from '../../../src/redis/durable/index.ts'
import { EmbeddedRedis } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** The storage of a Durable Object, on SQLite in this process. */
class Storage implements DurableStorageLike {
  readonly #database = new DatabaseSync(':memory:')
  readonly alarms: number[] = []
  alarmError: Error | undefined

  readonly sql: DurableStorageLike['sql'] = {
    exec: (query, ...bindings) => {
      const values = bindings.map((one) => (typeof one === 'number' ? one : new Uint8Array(one)))
      const rows = this.#database.prepare(query).all(...values)
      return rows.map((row) =>
        row['bytes'] instanceof Uint8Array ? { bytes: toBuffer(row['bytes']) } : row,
      )
    },
  }

  transactionSync<T>(change: () => T): T {
    this.#database.exec('BEGIN')
    const result = change()
    this.#database.exec('COMMIT')
    return result
  }

  async getAlarm(): Promise<number | null> {
    return this.alarms.at(-1) ?? null
  }

  async setAlarm(at: number): Promise<void> {
    if (this.alarmError) throw this.alarmError
    this.alarms.push(at)
  }
}

function toBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

describe('DurableSnapshot', () => {
  let platform: ManualPlatform
  let storage: Storage
  let engine: EmbeddedRedis
  let snapshot: DurableSnapshot

  beforeEach(() => {
    platform = new ManualPlatform()
    storage = new Storage()
    engine = new EmbeddedRedis({ platform })
    snapshot = new DurableSnapshot({ engine, storage, platform, interval: '10s' })
    snapshot.restore()
  })

  const outdated = (): unknown[] => [...storage.sql.exec('SELECT since FROM nearcache_outdated')]

  test('sets one alarm for all changes of an interval, and the next after it', async () => {
    engine.execute(['SET', 'key', 'a'])
    engine.execute(['SET', 'key', 'b'])
    await platform.settle()
    expect(storage.alarms).toEqual([platform.now() + 10_000])

    await platform.advance(10_000)
    storage.alarms.length = 0
    snapshot.save()
    engine.execute(['GET', 'key'])
    await platform.settle()
    expect(storage.alarms).toEqual([])

    engine.execute(['SET', 'key', 'c'])
    await platform.settle()
    expect(storage.alarms).toEqual([platform.now() + 10_000])
  })

  test('is written by default long before an idle object can be evicted, after ten seconds', async () => {
    const other = new EmbeddedRedis({ platform })
    new DurableSnapshot({ engine: other, storage, platform }).restore()
    other.execute(['SET', 'key', 'a'])
    await platform.settle()

    expect(storage.alarms).toEqual([platform.now() + 5_000])
  })

  test('does not change an alarm that is already set', async () => {
    storage.alarms.push(5)
    engine.execute(['SET', 'key', 'a'])
    await platform.settle()
    expect(storage.alarms).toEqual([5])
  })

  test('retries an alarm that could not be set at the next change', async () => {
    storage.alarmError = new Error('the storage failed')
    engine.execute(['SET', 'key', 'a'])
    await platform.settle()
    storage.alarmError = undefined

    engine.execute(['SET', 'key', 'b'])
    await platform.settle()

    expect(storage.alarms).toHaveLength(1)
  })

  test('restores an engine, unless the snapshot misses a change', () => {
    const load = () => {
      const next = new EmbeddedRedis({ platform })
      return [new DurableSnapshot({ engine: next, storage }).restore(), next] as const
    }
    engine.execute(['SET', 'key', 'a'])
    snapshot.save()
    const [loaded, next] = load()
    expect(loaded).toBe('current')
    expect(next.execute(['GET', 'key'])).toEqual({ result: 'a' })

    engine.execute(['SET', 'key', 'b'])
    expect(load()[0]).toBe('nothing')
  })

  test('a snapshot of another version is outdated by the first change: its version may run again', () => {
    const first = '["nearcache-engine",0]\n'
    storage.sql.exec('DELETE FROM nearcache_chunks')
    storage.sql.exec(
      'INSERT INTO nearcache_chunks (place, bytes) VALUES (0, ?)',
      toBuffer(Buffer.from(first)),
    )
    const next = new EmbeddedRedis({ platform })
    expect(new DurableSnapshot({ engine: next, storage, platform }).restore()).toBe('nothing')
    expect(outdated()).toEqual([])

    next.execute(['DEL', 'missing'])
    expect(outdated()).toEqual([])
    next.execute(['SET', 'key', 'a'])

    expect(outdated()).toHaveLength(1)
  })

  test.each<[string, Partial<DurableSnapshotOptions>]>([
    ['storage', { storage: {} as DurableStorageLike }],
    ['interval', { interval: 999 }],
    ['outdated', { outdated: 'keep' as 'discard' }],
  ])('rejects a bad %s', (option, options) => {
    expect(() => new DurableSnapshot({ engine, storage, ...options })).toThrow(
      expect.objectContaining({ option }),
    )
  })
})
