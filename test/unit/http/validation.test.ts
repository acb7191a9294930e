import { describe, expect, test } from 'vitest'
import { bodies, counting, reply, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const SECOND = 1_000
const MODIFIED = 'Wed, 31 Dec 2025 12:00:00 GMT'

describe('A conditional request', () => {
  test('is answered with 304 from the stored response, by its tag rather than its date', async () => {
    const { get, requests } = site(counting({ ...FRESH, etag: '"v1"', 'last-modified': MODIFIED }))
    await get()
    const ask = async (headers: Record<string, string>) => (await get(URL_A, { headers })).status

    expect(await ask({ 'if-none-match': '"v0", W/"v1"' })).toBe(304)
    expect(await ask({ 'if-none-match': '*' })).toBe(304)
    expect(await ask({ 'if-none-match': '"v0"', 'if-modified-since': MODIFIED })).toBe(200)
    expect(await ask({ 'if-modified-since': MODIFIED })).toBe(304)
    expect(await ask({ 'if-modified-since': 'Wed, 31 Dec 2025 11:59:59 GMT' })).toBe(200)
    expect(await ask({ 'if-modified-since': 'yesterday' })).toBe(200)
    expect(requests).toHaveLength(1)
  })

  test('is answered with 304 on a miss too, and the complete response is stored', async () => {
    const { get, requests } = site(counting({ ...FRESH, etag: '"v1"' }))

    const answer = await get(URL_A, { headers: { 'if-none-match': '"v1"' } })

    expect([answer.status, answer.headers.get('etag')]).toEqual([304, '"v1"'])
    expect(requests[0]?.headers.has('if-none-match')).toBe(false)
    expect(await bodies(get())).toEqual(['call 1'])
  })

  test('can use the tag that the cache adds to a response without one', async () => {
    const { get } = site(counting(FRESH))
    await get()
    const tag = (await get()).headers.get('etag') ?? ''

    const answer = await get(URL_A, { headers: { 'if-none-match': tag } })

    expect(tag).toMatch(/^"[\w-]{20}"$/)
    expect([answer.status, await answer.text(), answer.headers.has('content-type')]).toEqual([
      304,
      '',
      false,
    ])
  })

  test.each([
    ['tags are to be kept as they are', FRESH, { etag: 'keep' }],
    ['the response must not be transformed', { 'cache-control': 'max-age=60, no-transform' }, {}],
  ] as const)('gets no added tag if %s', async (_reason, fields, options) => {
    const { get } = site(counting(fields), options)
    await get()

    expect((await get()).headers.has('etag')).toBe(false)
  })
})

describe('A range request', () => {
  const TEXT = '0123456789'
  const stored = () =>
    site(() => reply(TEXT, { ...FRESH, etag: '"v1"', 'last-modified': MODIFIED }))

  test.each([
    ['bytes=0-1', 206, '01', 'bytes 0-1/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-99', 206, TEXT, 'bytes 0-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=3-2', 200, TEXT, null],
    ['bytes=0-1,4-5', 200, TEXT, null],
    ['lines=0-1', 200, TEXT, null],
    ['bytes=-', 200, TEXT, null],
  ])('with %s is answered from the stored response', async (range, status, body, part) => {
    const { get, requests } = stored()
    await get()

    const answer = await get(URL_A, { headers: { range } })

    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
      status,
      body,
      part,
    ])
    expect(requests).toHaveLength(1)
  })

  test.each([
    ['"v1"', 206],
    ['"v2"', 200],
    ['W/"v1"', 200],
    [MODIFIED, 206],
    ['Wed, 31 Dec 2025 11:59:59 GMT', 200],
  ])('with If-Range: %s is answered with %d', async (condition, status) => {
    const { get } = stored()
    await get()

    const headers = { range: 'bytes=0-1', 'if-range': condition }

    expect((await get(URL_A, { headers })).status).toBe(status)
  })

  test('is forwarded unchanged if no response is stored, and its response is not stored', async () => {
    const { get, requests } = site((request) =>
      request.headers.has('range')
        ? reply('01', { ...FRESH, 'content-range': 'bytes 0-1/10' }, 206)
        : reply(TEXT, FRESH),
    )

    expect((await get(URL_A, { headers: { range: 'bytes=0-1' } })).status).toBe(206)
    expect(await bodies(get())).toEqual([TEXT])
    expect(requests).toHaveLength(2)
  })
})

describe('Validation', () => {
  test('sends tag and date to the handler, and serves the stored body with the new headers', async () => {
    const { get, platform, requests } = site((request, call) =>
      request.headers.get('if-none-match') === '"v1"'
        ? new Response(null, {
            status: 304,
            headers: { ...FRESH, etag: '"v1"', 'x-call': `${call}` },
          })
        : reply('body', { ...FRESH, etag: '"v1"', 'last-modified': MODIFIED, 'x-old': 'kept' }),
    )
    await get()
    await platform.advance(61 * SECOND)

    const validated = await get()

    expect([validated.status, await validated.text()]).toEqual([200, 'body'])
    expect([validated.headers.get('x-call'), validated.headers.get('x-old')]).toEqual(['2', 'kept'])
    expect(validated.headers.get('cache-status')).toBe(
      'nearcache; fwd=stale; fwd-status=304; stored',
    )
    expect(requests[1]?.headers.get('if-modified-since')).toBe(MODIFIED)
    await platform.advance(30 * SECOND)
    expect((await get()).headers.get('cache-status')).toBe('nearcache; hit; ttl=30')
  })

  test('happens for each request if the response has no-cache', async () => {
    const { get, requests } = site((request) =>
      request.headers.has('if-none-match')
        ? new Response(null, { status: 304 })
        : reply('body', { 'cache-control': 'no-cache', etag: '"v1"' }),
    )

    expect(await bodies(get(), get(), get())).toEqual(['body', 'body', 'body'])
    expect(requests.map(({ headers }) => headers.get('if-none-match'))).toEqual([
      null,
      '"v1"',
      '"v1"',
    ])
  })

  test('does not send the handler a tag that the cache has added', async () => {
    const { get, platform, requests } = site(counting({ ...FRESH, 'last-modified': MODIFIED }))
    await get()
    await platform.advance(61 * SECOND)

    await get()

    expect(requests[1]?.headers.has('if-none-match')).toBe(false)
    expect(requests[1]?.headers.get('if-modified-since')).toBe(MODIFIED)
  })

  test('that returns 304 with another tag is repeated without conditions', async () => {
    const { get, platform, requests } = site((request, call) =>
      request.headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { etag: '"v2"' } })
        : reply(`call ${call}`, { ...FRESH, etag: '"v1"' }),
    )
    await get()
    await platform.advance(61 * SECOND)

    expect(await bodies(get())).toEqual(['call 3'])
    expect(requests).toHaveLength(3)
  })
})
