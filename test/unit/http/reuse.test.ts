import { describe, expect, test } from 'vitest'
import { bodies, counting, reply, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const SECOND = 1_000

describe('A response', () => {
  test('is served from the cache while it is fresh, with Age and Cache-Status', async () => {
    const { get, platform, requests } = site(counting(FRESH))
    const first = await get()
    expect(first.headers.get('cache-status')).toBe('nearcache; fwd=uri-miss; stored')
    await first.text()
    await platform.advance(30 * SECOND)

    const second = await get()

    expect(await second.text()).toBe('call 1')
    expect(second.headers.get('age')).toBe('30')
    expect(second.headers.get('cache-status')).toBe('nearcache; hit; ttl=30')
    expect(requests).toHaveLength(1)
  })

  test('is not served once it is stale', async () => {
    const { get, platform } = site(counting(FRESH))
    expect(await bodies(get())).toEqual(['call 1'])
    await platform.advance(60 * SECOND)

    const answer = await get()

    expect(await answer.text()).toBe('call 2')
    expect(answer.headers.get('cache-status')).toBe('nearcache; fwd=stale; stored')
  })

  test.each([
    ['nothing is said of its freshness', {}],
    ['it is private', { 'cache-control': 'private, max-age=60' }],
    ['it must not be stored', { 'cache-control': 'no-store, max-age=60' }],
    ['it sets a cookie', { ...FRESH, 'set-cookie': 'a=b' }],
    ['it varies by everything', { ...FRESH, vary: '*' }],
    ['its date is long ago', { ...FRESH, date: 'Wed, 31 Dec 2025 23:00:00 GMT' }],
    ['it was old when it came', { ...FRESH, age: '60' }],
  ])('is not stored if %s', async (_reason, fields) => {
    const { get } = site(counting(fields))

    expect(await bodies(get(), get())).toEqual(['call 1', 'call 2'])
  })

  test.each([
    ['s-maxage', { 'cache-control': 'max-age=0, s-maxage=60' }],
    ['Expires', { expires: 'Thu, 01 Jan 2026 00:01:00 GMT' }],
    [
      'a targeted field of ours',
      { 'nearcache-cache-control': 'max-age=60', ...{ 'cache-control': 'no-store' } },
    ],
    [
      'a targeted field for CDNs',
      { 'cdn-cache-control': 'max-age=60', 'cache-control': 'private' },
    ],
    ['Last-Modified, by heuristics', { 'last-modified': 'Wed, 31 Dec 2025 23:00:00 GMT' }],
    [
      'must-understand beside no-store',
      { 'cache-control': 'no-store, must-understand, max-age=60' },
    ],
  ])('is fresh by %s', async (_how, fields) => {
    const { get } = site(counting(fields))

    const answers = [await get(), await get()]

    expect(await bodies(...answers.map(async (answer) => answer))).toEqual(['call 1', 'call 1'])
    expect(answers[0]?.headers.has('nearcache-cache-control')).toBe(false)
    expect(answers[1]?.headers.has('nearcache-cache-control')).toBe(false)
  })

  test('is fresh for the `ttl` option, unless it states a lifetime itself', async () => {
    const silent = site(counting(), { ttl: '10s' })
    expect(await bodies(silent.get(), silent.get())).toEqual(['call 1', 'call 1'])
    await silent.platform.advance(10 * SECOND)
    expect(await bodies(silent.get())).toEqual(['call 2'])

    for (const control of ['max-age=0', 'private; max-age=60']) {
      const plain = site(counting({ 'cache-control': control }), { ttl: '10s' })
      expect(await bodies(plain.get(), plain.get())).toEqual(['call 1', 'call 2'])
    }
  })

  test('keeps its headers, except those that Connection or `no-cache="…"` names', async () => {
    const { get } = site(
      counting({
        'cache-control': 'max-age=60, no-cache="x-secret"',
        connection: 'x-hop',
        'x-hop': '1',
        'x-secret': '2',
        'x-kept': '3',
      }),
    )
    await get()

    const { headers } = await get()

    expect([headers.get('x-hop'), headers.get('x-secret'), headers.get('x-kept')]).toEqual([
      null,
      null,
      '3',
    ])
  })

  test('with a binary body is served with the same bytes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const { get } = site(() => new Response(bytes, { headers: FRESH }))
    await get()

    expect(new Uint8Array(await (await get()).arrayBuffer())).toEqual(bytes)
  })

  test('without a Content-Type is served without one', async () => {
    const { get } = site(() => new Response(new TextEncoder().encode('plain'), { headers: FRESH }))

    const types = [await get(), await get()].map(({ headers }) => headers.get('content-type'))

    expect(types).toEqual([null, null])
  })

  test('without a body is served without a body', async () => {
    const { get, requests } = site(() => new Response(null, { status: 204, headers: FRESH }))
    await get()

    expect((await get()).status).toBe(204)
    expect(requests).toHaveLength(1)
  })

  test('that is an event stream is not shared and does not make other requests wait', async () => {
    const { get, requests } = site(
      () =>
        new Response(new ReadableStream(), {
          headers: { 'content-type': 'Text/Event-Stream; charset=utf-8' },
        }),
      { ttl: '1m' },
    )
    const answers = [await get(), await get()]

    expect(requests).toHaveLength(2)
    expect(answers.map(({ headers }) => headers.get('cache-status'))).toEqual([
      'nearcache; fwd=uri-miss',
      'nearcache; fwd=uri-miss',
    ])
    for (const { body } of answers) await body?.cancel()
  })

  test('to GET also answers HEAD; a response to HEAD is not stored', async () => {
    const { get, requests } = site(counting(FRESH))
    const miss = await get(URL_A, { method: 'HEAD' })
    expect(miss.headers.get('cache-status')).toBe('nearcache; fwd=uri-miss')
    await get()

    const hit = await get(URL_A, { method: 'HEAD' })

    expect([hit.status, await hit.text(), hit.headers.get('content-length')]).toEqual([
      200,
      '',
      '6',
    ])
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'GET'])
  })
})

describe('The directives of a request', () => {
  test.each([
    ['no-cache', 'call 2'],
    ['max-age=10', 'call 2'],
    ['min-fresh=50', 'call 2'],
    ['no-store', 'call 2'],
    ['max-age=40', 'call 1'],
    ['unknown', 'call 1'],
  ])('%s leads to %s', async (directive, body) => {
    const { get, platform } = site(counting(FRESH))
    await get()
    await platform.advance(20 * SECOND)

    expect(await bodies(get(URL_A, { headers: { 'cache-control': directive } }))).toEqual([body])
  })

  test('can be replaced by Pragma: no-cache', async () => {
    const { get } = site(counting(FRESH))
    await get()

    expect(await bodies(get(URL_A, { headers: { pragma: 'no-cache' } }))).toEqual(['call 2'])
  })

  test('only-if-cached is answered without a call to the handler', async () => {
    const { get, requests } = site(counting(FRESH))
    const ask = () => get(URL_A, { headers: { 'cache-control': 'only-if-cached' } })

    expect((await ask()).status).toBe(504)
    await get()
    expect(await (await ask()).text()).toBe('call 1')
    expect(requests).toHaveLength(1)
  })

  test('max-stale accepts a stale response that is still stored, unless it must be validated', async () => {
    for (const [more, body] of [
      ['', 'call 1'],
      [', must-revalidate', 'call 2'],
      [', s-maxage=60', 'call 2'],
    ] as const) {
      const { get, platform } = site(
        counting({ 'cache-control': `max-age=60${more}`, 'last-modified': 'x', etag: '"1"' }),
      )
      await get()
      await platform.advance(70 * SECOND)

      const headers = { 'cache-control': 'max-stale=20' }
      expect(await bodies(get(URL_A, { headers }))).toEqual([body])
    }
  })

  test("have no effect with `requestDirectives: 'ignore'`", async () => {
    const { get } = site(counting(FRESH), { requestDirectives: 'ignore' })
    await get()

    expect(await bodies(get(URL_A, { headers: { 'cache-control': 'no-cache' } }))).toEqual([
      'call 1',
    ])
  })

  test('do not drop the stored response if the new one cannot replace it', async () => {
    const { get } = site((_request, call) =>
      call === 2 ? reply('broken', {}, 500) : reply('good', FRESH),
    )
    await get()

    const reload = await get(URL_A, { headers: { 'cache-control': 'no-cache' } })

    // The stored response is still fresh, so it may be served while the origin fails.
    expect(await reload.text()).toBe('good')
    expect(await bodies(get())).toEqual(['good'])
  })
})

describe('Vary', () => {
  const byKind = (request: Request): Response =>
    reply(`kind ${request.headers.get('x-kind')}`, { ...FRESH, vary: 'X-Kind' })
  const of = (kind: string): RequestInit => ({ headers: { 'x-kind': kind } })

  test('stores one variant for each value', async () => {
    const { get, requests } = site(byKind)

    for (let round = 0; round < 2; round++) {
      expect(await bodies(get(URL_A, of('a')), get(URL_A, of('b')), get())).toEqual([
        'kind a',
        'kind b',
        'kind null',
      ])
    }
    expect(requests).toHaveLength(3)
  })

  test('treats equivalent values as equal', async () => {
    const { get, requests } = site(counting({ ...FRESH, vary: 'accept-language' }))
    const ask = (languages: string) => get(URL_A, { headers: { 'accept-language': languages } })

    expect(await bodies(ask('en, de;q=0.5'), ask('DE;q=0.50 ,EN'))).toEqual(['call 1', 'call 1'])
    expect(requests).toHaveLength(1)
  })

  test('of the latest response selects the variant for later requests', async () => {
    const { get, platform } = site((request, call) =>
      reply(`${call} ${request.headers.get('x-new')}`, {
        ...FRESH,
        vary: call > 2 ? 'x-new' : 'x-kind',
      }),
    )
    await bodies(get(URL_A, of('a')), get(URL_A, of('b')))
    await platform.advance(60 * SECOND)
    const ask = (value: string) => get(URL_A, { headers: { 'x-kind': 'a', 'x-new': value } })

    expect(await bodies(ask('1'), ask('2'), ask('1'), ask('2'))).toEqual([
      '3 1',
      '4 2',
      '3 1',
      '4 2',
    ])
  })

  test('has no effect on an invalidation of the URI, which drops all variants', async () => {
    const { get, requests } = site(byKind)
    await bodies(get(URL_A, of('a')), get(URL_A, of('b')))
    await get(URL_A, { method: 'DELETE' })

    await bodies(get(URL_A, of('a')), get(URL_A, of('b')))

    expect(requests).toHaveLength(5)
  })
})

describe('The query', () => {
  const page = (query: string): string => `${URL_A}?${query}`

  test('is part of the key, unchanged, by default', async () => {
    const { get } = site(counting(FRESH))

    expect(await bodies(get(page('a=1&b=2')), get(page('b=2&a=1')), get(page('a=1&b=2')))).toEqual([
      'call 1',
      'call 2',
      'call 1',
    ])
  })

  test.each([
    ['sorted', 'b=2&a=1', 'a=1&b=2'],
    [{ exclude: ['utm'] }, 'utm=x&a=1', 'a=1'],
    [{ include: ['a'] }, 'b=2&a=1&c=3', 'a=1'],
  ] as const)(
    'with the option %j is normalized in the key and in the request to the handler',
    async (query, asked, sent) => {
      const { get, requests } = site(counting(FRESH), { query })

      expect(await bodies(get(page(asked)), get(page(sent)))).toEqual(['call 1', 'call 1'])
      expect(requests[0]?.url).toBe(page(sent))
    },
  )
})
