import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../../../src/errors.ts'
import {
  cachedFetch,
  cacheHandler,
  cachingProxy,
  type HttpCacheOptions,
} from '../../../src/http/index.ts'
import { resolveSettings } from '../../../src/http/options.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import { bodies, counting, reply, site, URL_A } from './harness.ts'

const { namespace: cache } = site(counting())
const handler = () => reply('')
const valid = { cache, origin: 'https://origin.example' }

describe('The options of the HTTP cache', () => {
  test.each<[option: string, options: object]>([
    ['cache', { cache: {} }],
    ['options.maxAge', { maxAge: 1 }],
    ['ttl', { ttl: 0 }],
    ['heuristic', { heuristic: 1.5 }],
    ['heuristic', { heuristic: Number.NaN }],
    ['staleWhileRevalidate', { staleWhileRevalidate: -1 }],
    ['staleIfError', { staleIfError: 'soon' }],
    ['keepStale', { keepStale: -1 }],
    ['maxBodyBytes', { maxBodyBytes: 0 }],
    ['compression', { compression: true }],
    ['compression.thresholdBytes', { compression: { thresholdBytes: -1 } }],
    ['query', { query: 'any' }],
    ['query', { query: { include: 'a' } }],
    ['query', { query: { include: [], exclude: [] } }],
    ['keyedHeaders', { keyedHeaders: ['not a name'] }],
    ['user', { user: 'ann' }],
    ['tags', { tags: ['a'] }],
    ['tagHeader', { tagHeader: 'a:b' }],
    ['targets', { targets: 'cdn-cache-control' }],
    ['etag', { etag: true }],
    ['requestDirectives', { requestDirectives: 'maybe' }],
    ['cacheStatus', { cacheStatus: 'verbose' }],
  ])('are refused with an error that names %s: %o', (option, options) => {
    const make = () => cacheHandler(handler, { cache, ...options } as HttpCacheOptions)

    expect(make).toThrow(expect.objectContaining({ option, name: InvalidOptionError.name }))
  })

  test.each<[option: string, options: object]>([
    ['origin', { origin: 'origin.example' }],
    ['origin', { origin: 'ftp://origin.example' }],
    ['origin', { origin: 'https://ann:secret@origin.example' }],
    ['fetch', { fetch: 'fetch' }],
    ['timeout', { timeout: 0 }],
    ['via', { via: 'two words' }],
    ['options.audience', { audience: 'private' }],
  ])('of the proxy are refused with an error that names %s: %o', (option, options) => {
    expect(() => cachingProxy({ ...valid, ...options } as never)).toThrow(
      expect.objectContaining({ option }),
    )
  })

  test.each<[option: string, options: object]>([
    ['audience', { audience: 'public' }],
    ['fetch', { fetch: 1 }],
    ['options.origin', { origin: 'https://origin.example' }],
  ])('of fetch are refused with an error that names %s: %o', (option, options) => {
    expect(() => cachedFetch({ cache, ...options } as never)).toThrow(
      expect.objectContaining({ option }),
    )
  })
})

describe('The option', () => {
  const FRESH = { 'cache-control': 'max-age=60' }

  test('cacheStatus adds the key to the Cache-Status header, or omits the header', async () => {
    const debug = site(counting(FRESH), { cacheStatus: 'debug' })
    const off = site(counting(FRESH), { cacheStatus: 'off' })

    expect((await debug.get()).headers.get('cache-status')).toBe(
      `nearcache; fwd=uri-miss; stored; key="${URL_A}"`,
    )
    expect((await off.get()).headers.has('cache-status')).toBe(false)
  })

  test('compression compresses stored responses from its threshold on', async () => {
    const sizes = await Promise.all(
      ([{ thresholdBytes: 100 }, false, undefined] as const).map(async (compression) => {
        const { get, engine } = site(() => reply('x'.repeat(5_000), FRESH), {
          ...(compression !== undefined && { compression }),
        })
        await get()
        expect(await (await get()).text()).toBe('x'.repeat(5_000))
        const { result: keys } = engine.execute(['KEYS', '*:e:*']) as { result: string[] }
        return JSON.stringify(engine.execute(['GET', keys[0] ?? ''])).length
      }),
    )

    expect(sizes[0]).toBeLessThan(1_000)
    expect(sizes.slice(1).every((size) => size > 5_000)).toBe(true)
  })

  test('keyedHeaders replaces the list of headers that are part of the key', async () => {
    const { get } = site((request) => reply(`${request.headers.get('x-tenant')}`, FRESH), {
      keyedHeaders: ['X-Tenant'],
    })
    const of = (tenant: string) => get(URL_A, { headers: { 'x-tenant': tenant } })

    expect(await bodies(of('a'), of('b'), of('a'))).toEqual(['a', 'b', 'a'])
  })

  test('heuristic sets the lifetime as a share of the time since the last change, at most a day', async () => {
    const fields = { 'last-modified': 'Wed, 31 Dec 2025 22:20:00 GMT' }
    const half = site(counting(fields), { heuristic: 0.5 })
    const none = site(counting(fields), { heuristic: 0 })
    const long = site(counting({ 'last-modified': 'Tue, 01 Jan 2008 00:00:00 GMT' }))
    await Promise.all([half.get(), none.get(), long.get()])
    await half.platform.advance(2_999_000)
    await long.platform.advance(86_399_000)
    expect(await bodies(half.get(), none.get(), long.get())).toEqual(['call 1', 'call 2', 'call 1'])

    await half.platform.advance(1_000)
    await long.platform.advance(1_000)

    expect(await bodies(half.get(), long.get())).toEqual(['call 2', 'call 2'])
  })

  test('keepStale keeps a stale response for validation, for the given time', async () => {
    const { get, platform, requests } = site(counting({ ...FRESH, etag: '"1"' }), {
      keepStale: '1m',
    })
    await get()
    await platform.advance(119_000)
    await get()
    // 1 ms more than ttl and `keepStale`: the stale window that soft invalidations need.
    await platform.advance(120_001)
    await get()

    expect(requests.map(({ headers }) => headers.get('if-none-match'))).toEqual([null, '"1"', null])
  })

  test('targets apply in the given order', async () => {
    const fields = { 'x-a-control': 'no-store', 'x-b-control': 'max-age=60' }
    const first = site(counting(fields), { targets: ['X-B-Control', 'x-a-control'] })
    const other = site(counting(fields), { targets: ['X-A-Control', 'x-b-control'] })

    expect(await bodies(first.get(), first.get())).toEqual(['call 1', 'call 1'])
    expect(await bodies(other.get(), other.get())).toEqual(['call 1', 'call 2'])
  })
})

describe('The platform of the HTTP cache', () => {
  test('is that of its cache by default', () => {
    const { namespace, platform } = site(counting())
    const other = webPlatform()

    expect(resolveSettings({ cache: namespace }).platform).toBe(platform)
    expect(resolveSettings({ cache: namespace, platform: other }).platform).toBe(other)
  })
})

describe('An entry in Redis', () => {
  test.each([
    ['no response', { kind: 'response' }],
    ['a response with a field that is none', { status: 200, headers: [['a b', 'c']] }],
    ['a body that is not base64', { isText: false, body: '!' }],
    ['a text', 'response'],
  ])('that contains %s is a miss', async (_what, change) => {
    const { get, namespace } = site(counting({ 'cache-control': 'max-age=60' }))
    await get()
    const stored = (await namespace.get(URL_A)) as object
    const poison =
      typeof change === 'string' || 'kind' in change ? change : { ...stored, ...change }
    await namespace.set(URL_A, poison)

    expect(await bodies(get())).toEqual(['call 2'])
  })
})
