import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { CacheOptions } from '../../src/cache/options.ts'
import type { CacheEvent } from '../../src/cache/outcome.ts'
import { EmbeddedRedis, embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Command, Reply } from '../../src/redis/requester.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { found } from '../support/findings.ts'
import { wrongsOf } from './trial.ts'

const MIB = 1_048_576
const KEY = 'SENTINEL-key'
const OTHER = 'SENTINEL-other'
const VALUE = { id: 7, name: 'SENTINEL-value', tags: ['a', 'b'] }
const TAGS = { tags: ['SENTINEL-tag'] }

const secret = (byte: string): string => byte.repeat(64)
const sealedWith = (id: string, byte: string): Partial<CacheOptions> => ({
  hashKeys: { secret: secret('1') },
  encryption: { keys: [{ id, secret: secret(byte) }] },
})
const SEALED = sealedWith('k1', '2')
const KINDS: readonly (readonly [string, Partial<CacheOptions>])[] = [
  ['plain', {}],
  ['encrypted', SEALED],
]

/** Texts that are neither a valid marker nor a valid lease. */
const GARBAGE = ['', '.', 'x', '0', 'x.y', 'null', '{}', '\u0000', 'x'.repeat(100_000), 'ü-1.0']

/** An entry's header with another payload. */
const withPayload = (payload: string) => (text: string) =>
  `${text.slice(0, text.indexOf('\n') + 1)}${payload}`
const withEncoding = (encoding: string, payload: string) => (text: string) =>
  withPayload(payload)(text).replace(/;j(z?)(\.\w+)?;/, `;${encoding};`)

describe('A text that is not a valid entry', () => {
  const totals = { tried: 0, exceptions: 0, unhandled: 0 }
  const countUnhandled = (): void => {
    totals.unhandled++
  }
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let events: CacheEvent[]

  beforeAll(() => {
    process.on('unhandledRejection', countUnhandled)
  })
  afterAll(() => {
    process.off('unhandledRejection', countUnhandled)
  })
  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    events = []
  })

  function make(options: Partial<CacheOptions> = {}): RedisCacheManager {
    const redis = embeddedTransport({ engine })
    const cache = new RedisCacheManager({ redis, platform, jitter: 0, ...TAGS, ...options })
    cache.subscribe((event) => events.push(event))
    return cache
  }

  const send = (...command: Command): Reply => engine.execute([...command]).result ?? null
  const keysOf = (kind: 'e' | 'l' | 't'): string[] => send('KEYS', `*:${kind}:*`) as string[]
  const entryOf = async (key: string, options: Partial<CacheOptions>): Promise<string> => {
    const before = new Set(keysOf('e'))
    await make(options).set(key, VALUE)
    return keysOf('e').find((name) => !before.has(name)) ?? ''
  }

  /** Reads the text that is stored with every kind of read; the last one replaces it by a valid entry. */
  async function meet(cache: RedisCacheManager, reason: string): Promise<void> {
    totals.tried++
    events = []
    const loader = vi.fn(async () => 'loaded')
    try {
      expect((await cache.lookup(KEY)).outcome).toMatchObject({ kind: 'miss', reason })
      expect(await cache.has(KEY)).toBe(false)
      expect(await cache.getMany([KEY])).toEqual(new Map())
      expect(await cache.touch(KEY)).toBe(false)
      expect(await cache.getOrSet(KEY, loader)).toBe('loaded')
    } catch (error) {
      totals.exceptions++
      throw error
    }
    expect(loader).toHaveBeenCalledTimes(1)
    expect(events.at(-1)?.outcome).toMatchObject({ kind: 'loaded', reason })
    for (const { outcome } of events) {
      if ('error' in outcome) expect(wrongsOf(outcome.error)).toEqual([])
    }
  }

  describe.each(KINDS)('in the place of an %s entry', (kind, options) => {
    const key = kind === 'plain' ? 'j' : 'j.k1'
    test.each<[string, (text: string) => string]>([
      ['nothing but a text', () => 'SENTINEL'],
      ['an empty text', () => ''],
      ['a header without a payload', withPayload('')],
      ['a header of a future version', (text) => text.replace(/^N1/, 'N2')],
      ['a header that never ends', () => `N1;${'x'.repeat(MIB)}`],
      ['a header with too many tags', (text) => text.replace('\n', `${',x=a.b'.repeat(500)}\n`)],
      ['a payload that is no JSON', withPayload('SENTINEL{')],
      ['a payload that is longer than allowed', withPayload(`"${'x'.repeat(8 * MIB)}"`)],
      ['devalue that is none', withEncoding(key.replace('j', 'd'), '"SENTINEL"')],
      ['devalue with a prototype', withEncoding(key.replace('j', 'd'), '[{"__proto__":1},{}]')],
      ['an encoding of another day', withEncoding('q', '1')],
      ['a payload that is not compressed', withEncoding(key.replace('j', 'jz'), 'SENTINEL')],
      ['the text of an entry twice', (text) => text + text],
      ['a key id that nobody has', withEncoding('j.k9', 'AAAA')],
    ])('%s is a miss, is reported, and can be replaced', async (_, spoil) => {
      const name = await entryOf(KEY, options)
      send('SET', name, spoil(String(send('GET', name))))
      const cache = make(options)

      await meet(cache, 'corrupt')

      expect(await cache.get(KEY)).toBe('loaded')
    })

    test('a text that inflates to a thousand times its size is a miss', async () => {
      const generous = { ...options, maxValueBytes: 32 * MIB }
      await make(generous).set(KEY, 'x'.repeat(16 * MIB))
      expect(String(send('GET', keysOf('e')[0] ?? '')).length).toBeLessThan(MIB)
      const cache = make(options)

      await meet(cache, 'corrupt')

      expect(await cache.get(KEY)).toBe('loaded')
    })

    test('an entry that is cut off anywhere is a miss', async () => {
      const name = await entryOf(KEY, options)
      const text = String(send('GET', name))
      const cache = make(options)

      for (let end = 0; end < text.length; end++) {
        send('SET', name, text.slice(0, end))
        totals.tried++
        expect((await cache.lookup(KEY)).outcome).toMatchObject({ kind: 'miss', reason: 'corrupt' })
      }
    })

    test('an entry with one changed character never throws', async () => {
      const name = await entryOf(KEY, options)
      const text = String(send('GET', name))
      const cache = make(options)

      for (let at = 0; at < text.length; at++) {
        const other = text[at] === 'A' ? 'B' : 'A'
        send('SET', name, `${text.slice(0, at)}${other}${text.slice(at + 1)}`)
        totals.tried++
        const value = await cache.get(KEY)
        // Only an encrypted entry can detect the change; in a plain one it may go unnoticed.
        if (kind === 'encrypted') expect([undefined, VALUE]).toContainEqual(value)
      }
    })

    test('an entry of another namespace is a miss', async () => {
      const name = await entryOf(KEY, options)
      await make(options).namespace('other').set(KEY, VALUE)
      const stranger = keysOf('e').find((other) => other !== name) ?? ''
      send('SET', name, String(send('GET', stranger)))

      // Both namespaces give their own marker the same name, but another id. With hashed tags, even the
      // names differ.
      await meet(make(options), kind === 'plain' ? 'invalidated' : 'undeclared-tag')
    })
  })

  test('an encrypted entry of another key is a miss', async () => {
    const name = await entryOf(KEY, SEALED)
    send('SET', name, String(send('GET', await entryOf(OTHER, SEALED))))

    await meet(make(SEALED), 'corrupt')
  })

  test('a plain entry moved from another key is served: only encryption binds it to its key', async () => {
    const name = await entryOf(KEY, {})
    send('SET', name, String(send('GET', await entryOf(OTHER, {}))))

    expect(await make().get(KEY)).toEqual(VALUE)
  })

  test('an entry encrypted with a key that is not in the ring is a miss', async () => {
    await entryOf(KEY, SEALED)

    await meet(make(sealedWith('k2', '3')), 'corrupt')
  })

  test('a plain entry is a miss for a cache that encrypts', async () => {
    const name = await entryOf(KEY, SEALED)
    send('SET', name, withEncoding('j', '"SENTINEL"')(String(send('GET', name))))

    await meet(make(SEALED), 'corrupt')
  })

  test('JSON with a __proto__ property sets and changes no prototype', async () => {
    const name = await entryOf(KEY, {})
    const payload = '{"a":1,"__proto__":{"polluted":true},"\\u005f_proto__":{"polluted":true}}'
    send('SET', name, withPayload(payload)(String(send('GET', name))))

    const value = await make().get(KEY)

    totals.tried++
    expect(value).toEqual({ a: 1 })
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as { polluted?: true }).polluted).toBeUndefined()
  })

  test.each([
    ['without a near tier', {}],
    ['that freezes near copies', { near: { ttl: '1m' } }],
    ['that clones near copies', { near: { ttl: '1m', values: 'copy' } }],
  ] as const)('JSON nested deeper than any call stack harms no cache %s', async (_, options) => {
    const name = await entryOf(KEY, {})
    const payload = '['.repeat(200_000) + ']'.repeat(200_000)
    send('SET', name, withPayload(payload)(String(send('GET', name))))
    const cache = make(options)

    totals.tried++
    for (let i = 0; i < 2; i++) {
      expect(Array.isArray(await cache.get(KEY))).toBe(true)
      expect(Array.isArray(await cache.getOrSet(KEY, () => []))).toBe(true)
      expect((await cache.getMany([KEY])).size).toBe(1)
    }
  })

  test.each(GARBAGE)('an invalid marker (%#) is a miss, and is replaced', async (garbage) => {
    await entryOf(KEY, {})
    const cache = make()
    for (const name of keysOf('t')) send('SET', name, garbage)

    await meet(cache, 'invalidated')
    expect(await cache.get(KEY)).toBe('loaded')

    for (const name of keysOf('t')) send('SET', name, garbage)
    await cache.invalidateTags(TAGS.tags, { mode: 'soft' })
    await cache.invalidateTags(TAGS.tags)
    expect(await cache.get(KEY)).toBeUndefined()
  })

  test.each(GARBAGE)('no reader waits for an invalid lease (%#)', async (garbage) => {
    const name = (await entryOf(KEY, {})).replace(':e:', ':l:')
    const cache = make()
    await cache.delete(KEY)
    send('SET', name, garbage)
    totals.tried++

    // The clock stands still, so a reader that waited would never end.
    expect(await cache.getOrSet(KEY, () => 'loaded')).toBe('loaded')
    expect(await cache.get(KEY)).toBe('loaded')
    send('SET', name, garbage)
    await cache.invalidateTags(TAGS.tags)
    expect(await cache.getOrSetMany([KEY], () => new Map([[KEY, 'again']]))).toEqual(
      new Map([[KEY, 'again']]),
    )
    expect(await cache.get(KEY)).toBe('again')
  })

  describe('a key of another type', () => {
    const foreign = (name: string): void => {
      send('DEL', name)
      send('RPUSH', name, 'SENTINEL', 'of another')
    }
    const intact = (name: string): void => {
      expect(send('LRANGE', name, 0, -1)).toEqual(['SENTINEL', 'of another'])
    }

    test('instead of an entry is a miss, and stays as it is', async () => {
      const name = await entryOf(KEY, {})
      foreign(name)

      await meet(make(), 'absent')

      expect(events.at(-1)?.outcome).toMatchObject({ stored: false })
      intact(name)
      // No lease is left: the next load does not wait.
      expect(keysOf('l')).toEqual([])
    })

    test('instead of a lease lets loads through that store nothing, and stays', async () => {
      const entry = await entryOf(KEY, {})
      const name = entry.replace(':e:', ':l:')
      await make().delete(KEY)
      foreign(name)

      await meet(make(), 'absent')

      intact(name)
    })

    test('instead of a marker is a miss, and stays until the tag is invalidated', async () => {
      await entryOf(KEY, {})
      const name = keysOf('t').find((marker) => marker.includes('SENTINEL')) ?? ''
      foreign(name)
      const cache = make()

      await meet(cache, 'invalidated')
      await meet(cache, 'invalidated')
      intact(name)

      await cache.invalidateTags(TAGS.tags)
      await cache.getOrSet(KEY, () => 'loaded')
      expect(await cache.get(KEY)).toBe('loaded')
    })
  })

  test('all of these: no exception, nothing unhandled', ({ task }) => {
    found(task, 'poisoned entries', {
      tried: totals.tried,
      exceptions: totals.exceptions,
      'unhandled rejections': totals.unhandled,
    })

    expect(totals).toMatchObject({ exceptions: 0, unhandled: 0 })
    expect(totals.tried).toBeGreaterThan(500)
  })
})
