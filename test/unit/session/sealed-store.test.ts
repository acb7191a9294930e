import { beforeEach, describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { SealedStore, type SealedStoreOptions } from '../../../src/session/index.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'
import { KEY } from './bench.ts'

const NEXT = { id: 'k2', secret: '22'.repeat(32), use: 'primary' as const }

describe('SealedStore', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let wire: ReturnType<typeof countingTransport>
  let store: SealedStore

  const another = (options: Partial<SealedStoreOptions> = {}): SealedStore =>
    new SealedStore({ redis: wire, platform, keys: [KEY], ...options })

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    wire = countingTransport(embeddedTransport({ engine }))
    store = another()
  })

  test('keeps a value for its lifetime, with one command for a write and one for a read', async () => {
    expect(await store.put('a', { n: 1 }, { ttlMs: 1_000 })).toBe(true)
    expect(await store.get('a')).toEqual({ n: 1 })
    expect(wire.counts).toEqual({ requests: 2, commands: 2 })

    await platform.advance(999)
    expect(await store.remaining('a')).toBe(1)
    await platform.advance(1)
    expect([await store.get('a'), await store.remaining('a')]).toEqual([undefined, 0])
  })

  test('has nothing readable in Redis', async () => {
    await store.put('SENTINEL-key', 'SENTINEL-value')
    await store.addMembers('SENTINEL-list', new Map([['SENTINEL-member', 1]]), 1_000)

    const { result } = engine.execute(['KEYS', '*'])
    const [name = '', other = ''] = (result as string[]).toSorted()
    const kept = [
      name,
      other,
      engine.execute(['GET', name]).result,
      engine.execute(['HGETALL', other]),
    ]
    expect(JSON.stringify(kept)).not.toContain('SENTINEL')
  })

  test('prevents an ended entry from being restored, for ten minutes', async () => {
    await store.put('a', 1)
    await store.end('a')

    expect([await store.put('a', 2), await store.get('a')]).toEqual([false, undefined])
    await platform.advance(600_000)
    expect([await store.put('a', 2), await store.get('a')]).toEqual([true, 2])
  })

  test('has no entry that could be prolonged or deleted once it has ended', async () => {
    await store.put('a', 1)
    await store.end('a')

    expect(await store.remaining('a')).toBe(0)
    expect(await store.touch('a', 1_000)).toBe(false)
    expect(await store.delete('a')).toBe(false)
    await store.clear()
    await platform.advance(599_999)
    expect(await store.put('a', 2)).toBe(false)
  })

  test('prevents all entries from being restored once all were ended', async () => {
    await store.put('a', 1)
    await store.put('b', 2)
    await store.endAll()

    expect([await store.put('a', 1), await store.put('b', 2)]).toEqual([false, false])
    await platform.advance(600_000)
    expect(await store.put('a', 1)).toBe(true)
  })

  test('with ifPresent stores nothing under a key without a value', async () => {
    expect(await store.put('a', 1, { ifPresent: true })).toBe(false)
    await store.put('a', 1)
    expect(await store.put('a', 2, { ifPresent: true })).toBe(true)
  })

  test('gives a taken value to one of concurrent callers', async () => {
    await store.put('a', 1)

    const taken = await Promise.all([store.take('a'), another().take('a')])

    expect(taken.filter((value) => value === 1)).toHaveLength(1)
  })

  test('counts for a lifetime that starts with the first count', async () => {
    const counts = await Promise.all([1, 2, 3].map(() => store.count('a', 1_000)))
    expect(counts).toEqual([1, 2, 3])
    await platform.advance(1_000)
    expect(await store.count('a', 1_000)).toBe(1)
  })

  test('loses no member of a collection when another is added at the same time', async () => {
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        store.addMembers('list', new Map([[`m${i}`, i]]), 1_000),
      ),
    )
    await store.removeMembers('list', ['m3'])

    expect([...(await store.members('list')).keys()].toSorted()).toEqual([
      'm0',
      'm1',
      'm2',
      'm4',
      'm5',
      'm6',
      'm7',
      'm8',
      'm9',
    ])
  })

  test('reads and deletes entries named with an older key', async () => {
    await store.put('a', 1)
    await store.put('b', 2)
    const rotated = another({ keys: [NEXT, { ...KEY, use: 'decrypt-only' }] })

    expect(await rotated.get('a')).toBe(1)
    await rotated.put('a', 3)
    expect([await store.get('a'), await rotated.get('a')]).toEqual([undefined, 3])
    expect([await rotated.delete('b'), await store.get('b')]).toEqual([true, undefined])
  })

  test('renews an entry named with an older key, also if it must be there', async () => {
    await store.put('a', 1)
    const rotated = another({ keys: [NEXT, { ...KEY, use: 'decrypt-only' }] })

    expect(await rotated.put('a', 2, { ifPresent: true })).toBe(true)
    expect([await rotated.get('a'), await store.get('a')]).toEqual([2, undefined])
    expect(await rotated.put('b', 2, { ifPresent: true })).toBe(false)
  })

  test('remembers under all names that an entry has ended, whatever is saved late', async () => {
    const rotated = another({ keys: [NEXT, { ...KEY, use: 'decrypt-only' }] })
    await rotated.end('a')

    expect(await rotated.put('a', 1)).toBe(false)
    expect(await rotated.put('a', 1, { ifPresent: true })).toBe(false)
    expect(await store.put('a', 1)).toBe(false)
  })

  test('lists and clears its entries', async () => {
    for (let i = 0; i < 25; i++) await store.put(`key ${i}`, i)
    const found: unknown[] = []
    for await (const [, value] of store.entries()) found.push(value)
    expect(found.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 25 }, (_, i) => i),
    )

    await store.clear()

    expect(engine.execute(['DBSIZE'])).toEqual({ result: 0 })
  })

  test('treats a damaged or moved entry as absent', async () => {
    await store.put('a', 1)
    await store.put('b', 2)
    const names = engine.execute(['KEYS', '*']).result as string[]
    const [one = '', other = ''] = names
    engine.execute(['SET', one, String(engine.execute(['GET', other]).result)])

    const values = [await store.get('a'), await store.get('b')]

    expect(values.filter((value) => value === undefined)).toHaveLength(1)
  })

  test('rejects as unavailable when Redis cannot be reached', async () => {
    const faulty = faultyRequester(wire)
    faulty.fate = () => ({ kind: 'fail', error: new Error('away') })
    const away = another({ redis: faulty, retries: 0 })

    for (const call of [
      () => away.get('a'),
      () => away.put('a', 1),
      () => away.end('a'),
      () => away.count('a', 1),
      () => away.members('a'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_SESSION_UNAVAILABLE' })
    }
  })

  test('refuses a bad option and a bad key', async () => {
    expect(() => another({ ttl: 1 } as never)).toThrow(InvalidOptionError)
    expect(() => another({ maxValueBytes: 0 })).toThrow(InvalidOptionError)
    expect(() => another({ keys: undefined } as never)).toThrow(InvalidOptionError)
    expect(() => another({ retiredKeys: 'k0' } as never)).toThrow(InvalidOptionError)
    expect(() => another({ nameKeys: [] })).toThrow(expect.objectContaining({ option: 'nameKeys' }))
    await expect(store.get('')).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' })
  })
})
