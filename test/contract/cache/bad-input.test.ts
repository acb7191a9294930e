import { beforeEach, describe, expect, test } from 'vitest'
import type { LoadContext } from '../../../src/cache/loader.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { isNearcacheError } from '../../../src/errors.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../src/testing/counting-transport.ts'

type Call = (cache: RedisCacheManager) => Promise<unknown>
type Row = readonly [what: string, expected: Record<string, unknown>, call: Call]

class Money {
  readonly amount = 1
}

/** What a caller without a type checker may write. */
// biome-ignore lint/suspicious/noExplicitAny: it stands for what no type allows
const wrong = <T = any>(value: unknown): T => value as T

const load = (): string => 'v'
const option = (name: string) => ({ code: 'ERR_INVALID_OPTION', option: name })
const key = { code: 'ERR_INVALID_KEY' }
const value = { code: 'ERR_INVALID_VALUE' }

/** Values that are not an object of options. */
const NO_OPTIONS: readonly unknown[] = [null, '15m', 900]

const circular: { self?: unknown } = {}
circular.self = circular

const tags = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`)

/** A cache whose entries have forty declared tags, and thirty late ones. */
const withManyTags = (cache: RedisCacheManager) =>
  cache.namespace('n', { tags: tags('a', 40) }).namespace('n', {
    lateTags: true,
    tags: () => tags('b', 30),
  })

const OPTIONS: readonly (readonly [what: string, option: string, options: unknown])[] = [
  ['an option that there is not', 'timeToLive', { timeToLive: 5 }],
  ['an option whose name is no name', '(unprintable)', { 'user@example.org': 1 }],
  ['a negative ttl', 'ttl', { ttl: -1 }],
  ['a ttl of 0', 'ttl', { ttl: 0 }],
  ['a ttl that is not a number', 'ttl', { ttl: Number.NaN }],
  ['an infinite ttl', 'ttl', { ttl: Number.POSITIVE_INFINITY }],
  ['a ttl in unknown words', 'ttl', { ttl: '5 minutes' }],
  ['a ttl of null', 'ttl', { ttl: null }],
  ['too much jitter', 'jitter', { jitter: 0.6 }],
  ['jitter that is not a number', 'jitter', { jitter: Number.NaN }],
  ['a negative stale window', 'staleWhileRevalidate', { staleWhileRevalidate: -1 }],
  ['a stale window in unknown words', 'staleIfError', { staleIfError: 'forever' }],
  ['a negative earlyRefresh', 'earlyRefresh', { earlyRefresh: -1 }],
  ['a negative negativeTtl', 'negativeTtl', { negativeTtl: -1 }],
  ['tags that are a text', 'tags', { tags: 'org:1' }],
  ['more than 64 tags', 'tags', { tags: tags('t', 65) }],
  ['tags of a function without lateTags', 'lateTags', { tags: () => ['a'] }],
  ['lateTags that is a text', 'lateTags', { lateTags: 'yes' }],
  ['a hard timeout of 0', 'loaderTimeout.hard', { loaderTimeout: { hard: 0 } }],
  ['a soft timeout that is not a number', 'loaderTimeout.soft', { loaderTimeout: { soft: 'x' } }],
  ['a loaderTimeout that is a number', 'loaderTimeout', { loaderTimeout: 500 }],
  ['a loaderTimeout of null', 'loaderTimeout', { loaderTimeout: null }],
  ['an unknown timeout', 'loaderTimeout.total', { loaderTimeout: { total: 500 } }],
  ['near without a bound', 'near', { near: {} }],
  ['near of null', 'near', { near: null }],
  ['near of true', 'near', { near: true }],
  ['near with an option that there is not', 'near.tll', { near: { ttl: 1, tll: 1 } }],
  ['near with a ttl of 0', 'near.ttl', { near: { ttl: 0 } }],
  ['near with a verify that is a text', 'near.verify', { near: { verify: 'yes' } }],
  ['near with unknown values', 'near.values', { near: { ttl: 1, values: 'frozen' } }],
  ['compression of true', 'compression', { compression: true }],
  ['compression of null', 'compression', { compression: null }],
  ['a negative threshold', 'compression.thresholdBytes', { compression: { thresholdBytes: -1 } }],
  [
    'compression with an option that there is not',
    'compression.level',
    { compression: { level: 9 } },
  ],
  ['a schema that is none', 'schema', { schema: {} }],
  ['a token with a line break', 'after', { after: 'token\nx: y' }],
  ['a token that is no text', 'after', { after: 7 }],
  ['an unknown consistency', 'consistency', { consistency: 'eventual' }],
  ['a signal that is none', 'signal', { signal: new AbortController() }],
]

const CALLS: readonly Row[] = [
  ['an empty key, read', key, (cache) => cache.get('')],
  ['an empty key, loaded', key, (cache) => cache.getOrSet('', load)],
  ['a key of 1 MB', key, (cache) => cache.getOrSet('x'.repeat(1_048_576), load)],
  ['a key of 1 MB among others', key, (cache) => cache.getMany(['a', 'x'.repeat(1_048_576)])],
  ['a key with half a character', key, (cache) => cache.set('\ud800', 1)],
  ['a key that is a number', key, (cache) => cache.get(wrong(7))],
  ['an empty key among those to delete', key, (cache) => cache.delete('a', '', 'b')],
  ['an empty key to touch', key, (cache) => cache.touch('')],
  ['an empty key for a ticket', key, (cache) => cache.begin('')],
  ['an empty key to ask for', key, (cache) => cache.has('')],
  [
    'an empty key to load with others',
    key,
    (cache) => cache.getOrSetMany(['a', ''], () => new Map()),
  ],
  [
    'an empty key to set with others',
    key,
    (cache) =>
      cache.setMany(
        new Map([
          ['a', 1],
          ['', 2],
        ]),
      ),
  ],
  ['a text in place of keys', option('keys'), (cache) => cache.getMany(wrong('abc'))],
  [
    'an object in place of keys to load',
    option('keys'),
    (cache) => cache.getOrSetMany(wrong({ a: 1 }), () => new Map()),
  ],
  ['an object in place of a Map', option('entries'), (cache) => cache.setMany(wrong({ a: 1 }))],
  ['a tag with a line break', key, (cache) => cache.set('k', 1, { tags: ['a\nb'] })],
  ['a tag with a NUL, loaded', key, (cache) => cache.getOrSet('k', load, { tags: ['a\0'] })],
  ['an empty tag', key, (cache) => cache.invalidateTags(['a', ''])],
  ['a tag of 257 bytes', key, (cache) => cache.invalidateTags(['x'.repeat(257)])],
  ['a tag that is a number', key, (cache) => cache.invalidateTags(wrong([7]))],
  ['tags that are a text', option('tags'), (cache) => cache.invalidateTags(wrong('org:1'))],
  [
    'more than 64 tags to invalidate',
    option('tags'),
    (cache) => cache.invalidateTags(Array(65).fill('t')),
  ],
  [
    'an unknown mode',
    option('mode'),
    (cache) => cache.invalidateTags(['t'], { mode: wrong('gone') }),
  ],
  ['an empty pattern', key, (cache) => cache.invalidatePattern('')],
  ['a pattern that is no text', key, (cache) => cache.invalidatePattern(wrong(/user/))],
  ['a function as value', value, (cache) => cache.set('k', load)],
  ['a symbol inside a value', value, (cache) => cache.set('k', { a: Symbol('s') })],
  ['an instance of a class as value', value, (cache) => cache.set('k', { price: new Money() })],
  ['a promise as value', value, (cache) => cache.set('k', Promise.resolve(1))],
  ['a value that is too large', value, (cache) => cache.set('k', 'x'.repeat(1_001))],
  [
    'a value that is too large, relaxed',
    value,
    (cache) => cache.set('k', 'x'.repeat(1_001), { consistency: 'relaxed' }),
  ],
  [
    'a value that is too large among others',
    value,
    (cache) =>
      cache.setMany(
        new Map([
          ['a', 'b'],
          ['c', 'x'.repeat(1_001)],
        ]),
      ),
  ],
  ['a set with 70 tags in all', option('tags'), (cache) => withManyTags(cache).set('k', 1)],
  [
    'a relaxed set with 70 tags in all',
    option('tags'),
    (cache) => withManyTags(cache).set('k', 1, { consistency: 'relaxed' }),
  ],
  [
    'a set of many with 70 tags in all',
    option('tags'),
    (cache) => withManyTags(cache).setMany(new Map([['k', 1]])),
  ],
  ['a loader that is no function', option('loader'), (cache) => cache.getOrSet('k', wrong('v'))],
  [
    'a loader that is a promise',
    option('loader'),
    (cache) => cache.getOrSet('k', wrong(Promise.resolve(1))),
  ],
  ['no loader', option('loader'), (cache) => cache.getOrSet('k', wrong(undefined))],
  ['no loader of many', option('loader'), (cache) => cache.getOrSetMany(['k'], wrong(undefined))],
]

describe('Invalid input', () => {
  let engine: EmbeddedRedis
  let redis: CountingTransport
  let cache: RedisCacheManager

  beforeEach(() => {
    engine = new EmbeddedRedis()
    redis = countingTransport(embeddedTransport({ engine }))
    cache = new RedisCacheManager({ redis, maxValueBytes: 1_000 })
  })

  /** Refused with a typed error that shows no secrets, before anything is sent or stored. */
  async function expectRefusal(call: Call, expected: Record<string, unknown>): Promise<void> {
    const error: unknown = await call(cache).then(
      () => expect.unreachable('the call must fail'),
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject(expected)
    expect(isNearcacheError(error)).toBe(true)
    expect(String(error)).not.toContain('user@example.org')
    expect(redis.counts).toEqual({ requests: 0, commands: 0 })
    expect(engine.execute(['DBSIZE'])).toEqual({ result: 0 })
  }

  test.each(CALLS)('%s is refused before anything is sent', async (_what, expected, call) => {
    await expectRefusal(call, expected)
  })

  test.each(OPTIONS)('%s is refused by every call', async (_what, name, options) => {
    const calls: readonly Call[] = [
      (one) => one.get('k', wrong(options)),
      (one) => one.lookup('k', wrong(options)),
      (one) => one.has('k', wrong(options)),
      (one) => one.getMany(['k'], wrong(options)),
      (one) => one.getOrSet('k', load, wrong(options)),
      (one) => one.getOrSetMany(['k'], () => new Map(), wrong(options)),
      (one) => one.set('k', 1, wrong(options)),
      (one) => one.setMany(new Map([['k', 1]]), wrong(options)),
      (one) => one.begin('k', wrong(options)),
      (one) => one.touch('k', wrong(options)),
    ]
    for (const call of calls) await expectRefusal(async (one) => call(one), option(name))
  })

  test.each(OPTIONS.filter(([, name]) => name !== 'signal'))(
    '%s is refused by a namespace and by a cache, at once',
    (_what, name, options) => {
      expect(() => cache.namespace('n', wrong(options))).toThrow(
        expect.objectContaining(option(name)),
      )
      expect(() => new RedisCacheManager({ redis, ...wrong<object>(options) })).toThrow(
        expect.objectContaining(option(name)),
      )
    },
  )

  test.each(NO_OPTIONS)('%j instead of options is refused with a clear error', async (given) => {
    await expect(cache.get('k', wrong(given))).rejects.toMatchObject(option('options'))
    await expect(cache.getOrSet('k', load, wrong(given))).rejects.toMatchObject(option('options'))
    await expect(cache.set('k', 1, wrong(given))).rejects.toMatchObject(option('options'))
    expect(() => new RedisCacheManager(wrong(given))).toThrow('Option "redis" must be')
  })

  test.each([
    ['redis', { redis: undefined }],
    ['redis', { redis: {} }],
    ['deadline', { deadline: 0 }],
    ['deadline', { deadline: 'soon' }],
    ['retries', { retries: -1 }],
    ['retries', { retries: 1.5 }],
    ['breaker.threshold', { breaker: { threshold: 0 } }],
    ['breaker.cooldownMs', { breaker: { cooldownMs: Number.NaN } }],
    ['breaker', { breaker: 3 }],
    ['hashKeys', { hashKeys: 'secret' }],
    ['encryption', { encryption: 'secret' }],
    ['breaker.treshold', { breaker: { treshold: 3 } }],
    ['maxValueBytes', { maxValueBytes: 0 }],
    ['near.maxEntries', { near: { ttl: 1, maxEntries: 0 } }],
    ['near.maxBytes', { near: { ttl: 1, maxBytes: -1 } }],
    ['hashKeys.secret', { hashKeys: { secret: 'passphrase' } }],
    ['hashKeys', { encryption: { keys: [] } }],
    ['encryption.keys', { hashKeys: { secret: '11'.repeat(32) }, encryption: { keys: [] } }],
    ['prefixes', { prefixes: 'user:' }],
    ['prefixes', { prefixes: Array.from({ length: 9 }, (_, i) => `p${i}`) }],
  ])('a cache refuses a bad %s', (name, options) => {
    expect(() => new RedisCacheManager({ redis, ...wrong<object>(options) })).toThrow(
      expect.objectContaining(option(name)),
    )
  })

  test.each([
    ['prefix', { prefix: '' }],
    ['prefix', { prefix: 'a\nb' }],
    ['namespace', { namespace: 'x'.repeat(65) }],
  ])('a cache refuses a %s that is not a valid part of a name', (_name, options) => {
    expect(() => new RedisCacheManager({ redis, ...options })).toThrow(expect.objectContaining(key))
  })

  test('an entry holds all the tags, prefixes and namespaces that it may have', async () => {
    const options = { prefixes: Array.from({ length: 8 }, (_, i) => 'k'.repeat(i + 1)) }
    let inner = cache.namespace('n', options)
    for (let depth = 2; depth < 32; depth++) inner = inner.namespace('n', options)
    const most = { tags: tags('t', 34), lateTags: true }
    const loader = ({ setTags }: LoadContext): string => {
      setTags(tags('late', 30))
      return 'v'
    }

    await inner.getOrSet('kkkkkkkk', loader, most)

    expect(await inner.get('kkkkkkkk', most)).toBe('v')
    expect(() => inner.namespace('n')).toThrow(expect.objectContaining(key))
    await cache.clear()
    expect(await inner.get('kkkkkkkk', most)).toBeUndefined()
  })

  test('an empty prefix cannot be declared', () => {
    expect(() => new RedisCacheManager({ redis, prefixes: [''] })).toThrow(
      expect.objectContaining(key),
    )
  })

  test('a value that refers to itself can be stored', async () => {
    await cache.set('k', circular)

    const read = await cache.get<typeof circular>('k')

    expect(read?.self).toBe(read)
  })
})
