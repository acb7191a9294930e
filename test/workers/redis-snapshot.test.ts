import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { DurableSnapshot, discardSnapshot } from 'nearcache/redis/durable'
import { EmbeddedRedis } from 'nearcache/redis/embedded'
import { beforeEach, describe, expect, test } from 'vitest'
import { RedisObject } from '../../workers/objects/redis-object.ts'

let objects = 0

/** An engine with a snapshot in the object's storage, as after a start. */
function startIn(storage: DurableObjectStorage, outdated: 'discard' | 'restore' = 'discard') {
  const engine = new EmbeddedRedis()
  const snapshot = new DurableSnapshot({ engine, storage, outdated })
  return { engine, snapshot, loaded: snapshot.restore() }
}

describe('the snapshot of the Durable Object, in workerd', () => {
  let stub: DurableObjectStub<RedisObject>

  beforeEach(() => {
    stub = env.REDIS.get(env.REDIS.idFromName(`snapshot-${objects++}`))
  })

  async function run(...command: (string | number)[]): Promise<unknown> {
    const { result } = (await stub.execute([], command)) as { result?: unknown }
    return result
  }

  /** Terminates the object, as a new version of the Worker or a crash does. */
  async function crash(): Promise<void> {
    await abortAllDurableObjects()
    stub = env.REDIS.get(stub.id) // One that was cut off stays broken.
  }

  test('restores the object after an eviction', async () => {
    await run('SET', 'key', 'value', 'PX', 600_000)
    await run('HSET', 'hash', 'a', 1)
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await run('GET', 'key')).toBe('value')

    await evictDurableObject(stub)

    expect(await run('GET', 'key')).toBe('value')
    expect(await run('HGETALL', 'hash')).toEqual(['a', '1'])
    expect(Number(await run('PTTL', 'key'))).toBeGreaterThan(500_000)
  })

  test('is not loaded after a change that it does not contain was acknowledged', async () => {
    await run('SET', 'key', 'old')
    await runDurableObjectAlarm(stub)
    await run('DEL', 'key')

    await crash()

    expect(await run('GET', 'key')).toBeNull()
    expect(await run('DBSIZE')).toBe(0)
  })

  test('is written again after each change, and survives the next restart too', async () => {
    await run('SET', 'key', 'first')
    await runDurableObjectAlarm(stub)
    await evictDurableObject(stub)
    await run('SET', 'key', 'second')
    expect(await runDurableObjectAlarm(stub)).toBe(true)

    await crash()

    expect(await run('GET', 'key')).toBe('second')
    expect(await runDurableObjectAlarm(stub)).toBe(false)
  })

  test('has rows of at most a mebibyte, and every byte of what they hold', async () => {
    await runInDurableObject(stub, (_, { storage }) => {
      discardSnapshot(storage)
      const first = startIn(storage)
      for (let i = 0; i < 5; i++) first.engine.execute(['SET', `key:${i}`, `${i}`.repeat(700_000)])
      first.snapshot.save()

      const lengths = [...storage.sql.exec('SELECT length(bytes) AS n FROM nearcache_chunks')]
      const { engine, loaded } = startIn(storage)

      expect(lengths.map(({ n }) => n).slice(0, 3)).toEqual([1_048_576, 1_048_576, 1_048_576])
      expect(lengths).toHaveLength(4)
      expect(loaded).toBe('current')
      for (let i = 0; i < 5; i++) {
        expect(engine.execute(['STRLEN', `key:${i}`]).result).toBe(700_000)
        expect(engine.execute(['GETRANGE', `key:${i}`, -1, -1]).result).toBe(`${i}`)
      }
    })
  })

  test('keeps the previous one when it fails in the middle', async () => {
    await runInDurableObject(stub, (_, { storage }) => {
      discardSnapshot(storage)
      const { engine, snapshot } = startIn(storage)
      engine.execute(['SET', 'key', 'old'])
      snapshot.save()
      engine.execute(['SET', 'key', 'new'])
      const failing = Object.assign(Object.create(engine), {
        onChange: () => () => undefined,
        load: () => undefined,
        *dump() {
          yield new Uint8Array(10)
          throw new Error('cut off')
        },
      })
      const broken = new DurableSnapshot({ engine: failing, storage, outdated: 'restore' })
      broken.restore()

      expect(() => broken.save()).toThrow('cut off')

      expect(startIn(storage).loaded).toBe('nothing')
      const next = startIn(storage, 'restore')
      expect(next.loaded).toBe('outdated')
      expect(next.engine.execute(['GET', 'key']).result).toBe('old')
    })
  })

  test('is left out when it is damaged, and replaced', async () => {
    await runInDurableObject(stub, (_, { storage }) => {
      discardSnapshot(storage)
      const { engine, snapshot } = startIn(storage)
      engine.execute(['SET', 'key', 'a'])
      snapshot.save()
      storage.sql.exec('UPDATE nearcache_chunks SET bytes = ?', new ArrayBuffer(8))

      const next = startIn(storage)

      expect(next.loaded).toBe('nothing')
      next.engine.execute(['SET', 'key', 'b'])
      next.snapshot.save()
      expect(startIn(storage).loaded).toBe('current')
    })
  })

  test('is forgotten by an object that runs without one', async () => {
    await run('SET', 'key', 'old')
    await runDurableObjectAlarm(stub)

    await runInDurableObject(stub, async (_, state) => {
      const without = new RedisObject(state, {})
      await without.execute([], ['SET', 'key', 'new'])
      expect(startIn(state.storage).loaded).toBe('nothing')
    })
  })
})
