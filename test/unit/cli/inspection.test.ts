import { beforeEach, describe, expect, test } from 'vitest'
import { inspectKey } from '../../../src/cache/inspect.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { type ToldInspection, toldOf } from '../../../src/cli/keys/inspection.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { runCli } from '../../support/cli.ts'

const OPTIONS = { ttl: '10m', jitter: 0, tags: ['a', 'b'] } as const

describe('inspect', () => {
  let platform: ManualPlatform
  let redis: Transport
  let cache: RedisCacheManager

  beforeEach(() => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    cache = new RedisCacheManager({ redis, platform })
  })

  async function look(key: string, tags: readonly string[] = []): Promise<ToldInspection> {
    return toldOf(await inspectKey(cache, key, { tags, payload: 'sealed' }))
  }

  test('finds a namespace by its given name, and by the escaped name in figures and pages', async () => {
    await cache
      .namespace('größe')
      .namespace('50%')
      .set('key', 1, { tags: ['t'] })

    for (const namespace of ['default/größe/50%', 'default/gr%C3%B6%C3%9Fe/50%25']) {
      const { code, printed } = await runCli(['tags', 'ls', '--namespace', namespace], {
        redis,
        platform,
      })
      expect({ code, printed }).toEqual({ code: 0, printed: 't\n1 tag in default/größe/50%25' })
    }
  })

  test('says that there is no entry', async () => {
    expect(await look('key')).toEqual({
      key: 'key',
      namespace: 'default',
      name: 'nc:default:e:{key}',
      verdict: 'miss',
      reason: 'absent',
      explanation: 'a miss: there is no entry',
      entry: null,
      tags: [],
      lease: null,
    })
  })

  test('shows lifetimes, size and tags of a fresh entry', async () => {
    await cache.set('key', 'x'.repeat(5_000), OPTIONS)
    await platform.advance(60_000)

    expect(await look('key', ['a'])).toMatchObject({
      verdict: 'fresh',
      reason: null,
      entry: {
        createdAt: platform.now() - 60_000,
        freshUntil: platform.now() + 540_000,
        compressed: true,
        encrypted: false,
        expiresInMs: 540_000,
      },
      tags: [
        { kind: 'namespace', state: 'same' },
        { tag: 'a', state: 'same', markedAt: platform.now() - 60_000 },
        { tag: 'b', state: 'same' },
      ],
    })
  })

  test.each<[invalidate: string, run: () => Promise<unknown>, expected: object]>([
    [
      'a tag',
      () => cache.invalidateTags(['b']),
      { reason: 'invalidated', explanation: expect.stringContaining('"b" was invalidated') },
    ],
    [
      'a tag that is in use again',
      async () => {
        await cache.invalidateTags(['b'])
        await cache.set('other', 1, { tags: ['b'] })
      },
      { tags: expect.arrayContaining([expect.objectContaining({ tag: 'b', state: 'hard' })]) },
    ],
    [
      'the namespace',
      () => cache.clear(),
      { explanation: expect.stringContaining('the whole namespace was invalidated') },
    ],
    [
      'a tag, softly',
      () => cache.invalidateTags(['b'], { mode: 'soft' }),
      { reason: 'invalidated', explanation: expect.stringContaining('"b" was invalidated') },
    ],
  ])('of an entry whose %s was invalidated, says so', async (_what, run, expected) => {
    await cache.set('key', 1, OPTIONS)

    await run()

    expect(await look('key')).toMatchObject({ verdict: 'miss', ...expected })
    expect((await cache.lookup('key')).outcome).toMatchObject({ kind: 'miss' })
  })

  test('follows an entry from fresh to expired', async () => {
    await cache.set('key', 1, { ...OPTIONS, staleWhileRevalidate: '1m', staleIfError: '2m' })

    await platform.advance(600_000)
    expect(await look('key')).toMatchObject({ verdict: 'stale' })
    await platform.advance(60_000)
    expect(await look('key')).toMatchObject({ verdict: 'stale-if-error' })
    await platform.advance(60_000)
    expect(await look('key')).toMatchObject({ verdict: 'miss', reason: 'absent' })
  })

  test('names the tag that the read declares and the entry lacks', async () => {
    await cache.set('key', 1, OPTIONS)

    expect(await look('key', ['a', 'other'])).toMatchObject({
      reason: 'undeclared-tag',
      explanation: 'a miss: the entry was stored without "other", which the read declares',
    })
  })

  test('says that the stored text is not an entry', async () => {
    await redis.request({ path: [], body: ['SET', 'nc:default:e:{key}', 'of another'] })

    expect(await look('key')).toMatchObject({ reason: 'corrupt', entry: null })
  })

  test('says since when a key is being loaded, and does not show the lease', async () => {
    const loaded = Promise.withResolvers<number>()
    const load = cache.getOrSet('key', () => loaded.promise)
    await expect.poll(async () => (await look('key')).lease).not.toBeNull()
    await platform.advance(3_000)

    const found = await look('key')
    loaded.resolve(1)
    await load

    expect(found.lease).toEqual({ heldForMs: 3_000, endsInMs: 5_000 })
  })

  test('agrees with a read in every state of an entry', async () => {
    const changes: (() => unknown)[] = [
      () => cache.set('key', 1, { ...OPTIONS, staleWhileRevalidate: '1m' }),
      () => cache.invalidateTags(['a'], { mode: 'soft' }),
      () => cache.set('key', 2, OPTIONS),
      () => platform.advance(599_999),
      () => platform.advance(1),
      () => cache.set('key', 3, { ttl: '1h' }),
      () => cache.clear(),
      () => cache.set('key', 4, OPTIONS),
      () => cache.delete('key'),
    ]
    for (const change of changes) {
      await change()
      for (const tags of [[], ['a'], ['c']]) {
        const { outcome } = await cache.lookup('key', { tags })
        const { verdict, reason } = await look('key', tags)
        if (outcome.kind === 'hit') expect(verdict).toBe('fresh')
        else expect(outcome).toMatchObject({ reason: reason ?? 'expired' })
      }
    }
  })

  test('prints no control characters that a terminal would interpret', async () => {
    await cache.set('evil\u001B[31m', 1, { tags: ['tag\u009B2J'.replace('\u009B', '~')] })

    const { code, printed } = await runCli(['inspect', 'evil\u001B[31m'], {
      env: {},
      redis,
      platform,
    })

    expect(code).toBe(0)
    expect(printed).not.toContain('\u001B')
    expect(printed).toContain('a hit: the entry is fresh')
  })
})
