import { beforeEach, describe, expect, test } from 'vitest'
import { takeCensus } from '../../../src/cache/census.ts'
import { inspectKey } from '../../../src/cache/inspect.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { namespaceAt } from '../../../src/cache/namespace-at.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import type { CacheEvent } from '../../../src/cache/outcome.ts'
import { InvalidKeyError, InvalidOptionError, RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

const DOWN = {
  kind: 'fail',
  error: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
} as const

let platform: ManualPlatform
let redis: FaultyRequester

beforeEach(() => {
  platform = new ManualPlatform()
  redis = faultyRequester(embeddedTransport({ platform }))
})

const isolate = (options: Partial<CacheOptions> = {}) =>
  new RedisCacheManager({ redis, platform, retries: 0, ...options })

describe('inspectKey', () => {
  test('returns the header of an entry, its tags, and its value if requested', async () => {
    const cache = isolate()
    await cache.set('user:1', { name: 'Ada' }, { ttl: '10m', tags: ['org:7', 'ümlaut'] })
    await platform.advance(60_000)

    const found = await inspectKey(cache, 'user:1', { payload: 'returned' })

    expect(found).toMatchObject({
      verdict: 'fresh',
      reason: null,
      name: 'nc:default:e:{user%3A1}',
      lease: null,
      hasNearCopy: false,
      value: { name: 'Ada' },
      entry: {
        createdAt: platform.now() - 60_000,
        format: 'json',
        isCompressed: false,
        keyId: null,
        sizeBytes: expect.any(Number),
      },
    })
    const common = { state: 'same', markedAt: platform.now() - 60_000 }
    expect(found.tags).toEqual([
      { tag: 'the whole namespace', kind: 'namespace', ...common },
      { tag: 'org:7', kind: 'tag', ...common },
      { tag: 'ümlaut', kind: 'tag', ...common },
    ])
    expect((await inspectKey(cache, 'user:1')).value).toBeUndefined()
  })

  test('counts no read and calls no listener', async () => {
    const cache = isolate()
    await cache.set('a', 1)
    const events: CacheEvent[] = []
    cache.subscribe((event) => events.push(event))

    await inspectKey(cache, 'a')
    await inspectKey(cache, 'b')

    expect(events).toEqual([])
    expect(await cache.getStats()).toMatchObject({ totalHits: 0, totalMisses: 0 })
  })

  test('says why a read would miss: absent', async () => {
    expect(await inspectKey(isolate(), 'a')).toMatchObject({
      verdict: 'miss',
      reason: 'absent',
      entry: null,
    })
  })

  test('says which tag was invalidated, and how', async () => {
    const cache = isolate()
    await cache.set('a', 1, { tags: ['hard', 'soft', 'kept'], staleWhileRevalidate: '5m' })
    await cache.invalidateTags(['soft'], { mode: 'soft' })
    expect((await inspectKey(cache, 'a')).verdict).toBe('stale')
    await cache.invalidateTags(['hard'])

    const { verdict, reason, tags } = await inspectKey(cache, 'a')

    expect({ verdict, reason }).toEqual({ verdict: 'miss', reason: 'invalidated' })
    expect(tags.map(({ tag, state }) => `${tag} ${state}`)).toEqual([
      'the whole namespace same',
      'hard missing',
      'soft soft',
      'kept same',
    ])
  })

  test('tells an entry from before an invalidation from those after it', async () => {
    const cache = isolate()
    await cache.set('before', 1, { tags: ['t'] })
    await cache.invalidateTags(['t'])
    await cache.set('after', 1, { tags: ['t'] })
    const stateOf = async (key: string) =>
      (await inspectKey(cache, key)).tags.find(({ tag }) => tag === 't')?.state

    expect([await stateOf('before'), await stateOf('after')]).toEqual(['hard', 'same'])
  })

  test('says that the key is being loaded', async () => {
    const cache = isolate()
    const ticket = await cache.begin('a')
    await platform.advance(3_000)
    expect((await inspectKey(cache, 'a')).lease).toMatchObject({ heldForMs: 3_000 })

    await ticket.commit(1)

    expect((await inspectKey(cache, 'a')).lease).toBeNull()
  })

  test('says that a marker is lost, and that a declared tag is not on the entry', async () => {
    const cache = isolate()
    await cache.set('a', 1, { tags: ['t'] })

    expect(await inspectKey(cache, 'a', { tags: ['other'] })).toMatchObject({
      reason: 'undeclared-tag',
      tags: expect.arrayContaining([
        expect.objectContaining({ tag: 'other', state: 'not carried' }),
      ]),
    })
    await redis.request({ path: [], body: ['DEL', 'nc:default:t:t'] })
    expect((await inspectKey(cache, 'a')).tags.at(-1)).toMatchObject({ state: 'missing' })
  })

  test.each([
    ['no entry at all', 'nothing of ours'],
    ['an entry whose payload is broken', undefined],
  ])('says that an entry cannot be read: %s', async (_, text) => {
    const cache = isolate()
    await cache.set('a', { b: 1 })
    const name = 'nc:default:e:{a}'
    const { result } = await redis.request<string>({ path: [], body: ['GET', name] })
    const broken = text ?? `${String(result).split('\n')[0]}\n{"b":`
    await redis.request({ path: [], body: ['SET', name, broken] })

    expect(await inspectKey(cache, 'a')).toMatchObject({ verdict: 'miss', reason: 'corrupt' })
  })

  test('reports a near copy, compression and encryption', async () => {
    const keys = [{ id: 'k1', secret: '00'.repeat(32), use: 'primary' as const }]
    const cache = isolate({
      near: { ttl: '1s' },
      encryption: { keys },
      hashKeys: { secret: 'ab'.repeat(32) },
    })
    await cache.getOrSet('a', () => 'x'.repeat(5_000), { compression: { thresholdBytes: 100 } })

    const found = await inspectKey(cache, 'a')

    expect(found).toMatchObject({
      hasNearCopy: true,
      entry: { isCompressed: true, keyId: 'k1' },
    })
    expect(found.name).not.toContain('{a}')
  })

  test('judges by tags and age alone if the payload stays sealed', async () => {
    const keys = [{ id: 'k1', secret: '00'.repeat(32), use: 'primary' as const }]
    const hashKeys = { secret: 'ab'.repeat(32) }
    await isolate({ encryption: { keys }, hashKeys }).set('a', 1)
    const keyless = isolate({ hashKeys })

    expect(await inspectKey(keyless, 'a')).toMatchObject({ verdict: 'miss', reason: 'corrupt' })
    expect(await inspectKey(keyless, 'a', { payload: 'sealed' })).toMatchObject({
      verdict: 'fresh',
      value: undefined,
    })
  })

  test('counts the size in bytes, as Redis does', async () => {
    const cache = isolate()
    await cache.set('a', 'ümlaut', { tags: ['ü'] })
    const { result } = await redis.request({ path: [], body: ['STRLEN', 'nc:default:e:{a}'] })

    expect((await inspectKey(cache, 'a')).entry?.sizeBytes).toBe(result)
  })

  test('rejects while Redis is down', async () => {
    const cache = isolate()
    redis.fate = () => DOWN

    await expect(inspectKey(cache, 'a')).rejects.toThrow(RemoteError)
  })
})

describe('takeCensus', () => {
  test('counts entries, bytes, lifetime and tags of each namespace, and nothing of other namespaces', async () => {
    const cache = isolate()
    const mail = cache.namespace('mail')
    await cache.set('a', 1, { ttl: '1h' })
    for (let i = 0; i < 5; i++)
      await mail.set(`m${i}`, i, { ttl: '10m', tags: ['all', `odd:${i % 2}`] })
    await isolate({ namespace: 'default2' }).set('b', 1)
    await isolate({ prefix: 'other' }).set('c', 1)

    const census = await takeCensus(cache)

    expect(census).toMatchObject({ at: platform.now(), isWhole: true, entries: 6 })
    expect([...census.namespaces.keys()].sort()).toEqual(['default', 'default/mail'])
    const counted = census.namespaces.get('default/mail')
    expect(counted).toMatchObject({ entries: 5, meanLifeMs: expect.any(Number) })
    expect(Object.fromEntries(counted?.tags ?? [])).toEqual({ all: 5, 'odd:0': 3, 'odd:1': 2 })
    const { result } = await redis.request({ path: [], body: ['STRLEN', 'nc:default:e:{a}'] })
    expect(census.namespaces.get('default')?.bytes).toBe(result)
    expect((await takeCensus(mail)).entries).toBe(5)
  })

  test('counts entries that carry one of the tags, each once, also if tags are hashed', async () => {
    const cache = isolate({ hashKeys: { secret: 'ab'.repeat(32) } })
    const mail = cache.namespace('mail')
    await mail.set('a', 1, { tags: ['x'] })
    await mail.set('b', 1, { tags: ['x', 'y'] })
    await mail.set('c', 1, { tags: ['z'] })

    const { namespaces } = await takeCensus(cache, { tags: ['x', 'y'] })

    expect(namespaces.get('default/mail')).toMatchObject({ entries: 3, tagged: 2 })
  })

  test('reads no more than allowed, and says that it is a sample', async () => {
    const cache = isolate()
    for (let i = 0; i < 20; i++) await cache.set(`k${i}`, i)

    expect(await takeCensus(cache, { mostEntries: 7 })).toMatchObject({
      isWhole: false,
      entries: 7,
    })
    expect(await takeCensus(cache, { mostScans: 1 })).toMatchObject({ isWhole: false })
  })

  test('looks at no more of a large database than allowed, whoever wrote its keys', async () => {
    for (let i = 0; i < 2_500; i++)
      await redis.request({ path: [], body: ['SET', `other:${i}`, 1] })
    const before = redis.requests.length

    const census = await takeCensus(isolate(), { mostScans: 2 })

    expect(census).toMatchObject({ isWhole: false, entries: 0 })
    const sent = redis.requests.slice(before).map(({ body }) => (body as string[])[0])
    expect(sent).toEqual(['SCAN', 'SCAN'])
  })

  test('refuses a tag that is not valid, also if nothing is stored', async () => {
    await expect(takeCensus(isolate(), { tags: [''] })).rejects.toThrow(InvalidKeyError)
  })

  test.each([
    { mostEntries: 0 },
    { mostEntries: 1e6 },
    { mostScans: 0 },
    { mostScans: Number.NaN },
  ])('refuses %o', async (options) => {
    await expect(takeCensus(isolate(), options)).rejects.toThrow(InvalidOptionError)
  })
})

describe('namespaceAt', () => {
  test('finds a namespace by the path that events show', async () => {
    const cache = isolate()
    const inner = cache.namespace('a/b').namespace('ü')
    await inner.set('k', 'found')

    expect(await namespaceAt(cache, inner.path).get('k')).toBe('found')
    expect(namespaceAt(cache, 'default')).toBe(cache)
  })

  test.each(['', 'other', 'defaultx', 'default/%', 'default/'])('refuses "%s"', (path) => {
    expect(() => namespaceAt(isolate(), path)).toThrow(InvalidKeyError)
  })
})
