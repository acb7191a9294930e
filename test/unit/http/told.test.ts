import { describe, expect, test } from 'vitest'
import type { HttpCacheOptions } from '../../../src/http/index.ts'
import { bodies, counting, reply, type Site, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const MANY = Array.from({ length: 65 }, (_, i) => `t${i}`)

const status = (response: Response): string | null => response.headers.get('cache-status')

/** Whether a second request is answered without a call to the handler. */
async function isKept({ get, requests }: Site): Promise<boolean> {
  const before = requests.length
  await (await get()).text()
  return requests.length === before
}

describe('Cache-Status does not report `stored`', () => {
  test.each<[string, Record<string, string>, Partial<HttpCacheOptions>]>([
    ['a tag that is too long', { ...FRESH, 'cache-tag': 'a'.repeat(257) }, {}],
    ['more tags than an entry has', { ...FRESH, 'cache-tag': MANY.join() }, {}],
    ['a tag of the application that is none', FRESH, { tags: () => [''] }],
    ['tags of the application that are none', FRESH, { tags: () => [7] as never }],
  ])('for a response with %s, which is not stored', async (_what, fields, options) => {
    const answers = site(counting(fields), options)

    const first = await answers.get()

    expect(status(first)).toBe('nearcache; fwd=uri-miss; detail=invalid-tags')
    expect(await first.text()).toBe('call 1')
    expect(await isKept(answers)).toBe(false)
  })

  test('for a response whose new tags in a 304 are not valid', async () => {
    const validated = { ...FRESH, etag: '"1"' }
    const answers = site((request, call) => {
      const tags = call === 1 ? 'a' : 'a'.repeat(257)
      const isSame = request.headers.has('if-none-match')
      const fields = { ...validated, 'cache-tag': tags }
      return isSame ? new Response(null, { status: 304, headers: fields }) : reply('body', fields)
    })
    await (await answers.get()).text()
    await answers.platform.advance(60_000)

    const second = await answers.get()

    expect(status(second)).toBe('nearcache; fwd=stale; detail=invalid-tags')
    expect(await second.text()).toBe('body')
    expect(await isKept(answers)).toBe(false)
  })

  test('for a response whose Content-Length is too large', async () => {
    const fields = { ...FRESH, 'content-length': '6' }
    const answers = site(counting(fields), { maxBodyBytes: 5 })

    const first = await answers.get()

    expect(status(first)).toBe('nearcache; fwd=uri-miss')
    expect(await first.text()).toBe('call 1')
    expect(await isKept(answers)).toBe(false)
  })

  test('while Redis is down; concurrent requests still share a response', async () => {
    const redis = { request: () => Promise.reject(new Error('away')) }
    const answers = site(counting(FRESH), {}, { redis, retries: 0 })

    const both = [answers.ask(URL_A), answers.ask(URL_A)]

    for (const answer of await Promise.all(both)) expect(status(answer)).not.toContain('stored')
    expect(answers.requests).toHaveLength(1)
    expect(await bodies(...both)).toEqual(['call 1', 'call 1'])
    expect(await isKept(answers)).toBe(false)
  })
})

describe('Cache-Status tells a reload by the client from a stale response', () => {
  test.each([
    ['no-cache', 20_000, 'request'],
    ['max-age=0', 20_000, 'request'],
    ['min-fresh=50', 20_000, 'request'],
    ['no-cache', 60_000, 'stale'],
    ['max-age=90', 60_000, 'stale'],
  ])('with %s after %i ms: %s', async (directive, ms, reason) => {
    const { get, platform } = site(counting(FRESH))
    await (await get()).text()
    await platform.advance(ms)

    const answer = await get(URL_A, { headers: { 'cache-control': directive } })

    expect(status(answer)).toBe(`nearcache; fwd=${reason}; stored`)
  })
})

test('Cache-Status names the key of each GET and HEAD, if it is to', async () => {
  const fields = { 'cache-control': 'max-age=60, stale-if-error=60' }
  const answers = site(
    (_request, call) => (call > 3 ? reply('', {}, 500) : reply('body', fields)),
    {
      cacheStatus: 'debug',
    },
  )
  const ask = async (init: RequestInit) => status(await answers.get(URL_A, init)) ?? ''
  const directive = (text: string) => ({ headers: { 'cache-control': text } })

  const given = [
    await ask(directive('only-if-cached')),
    await ask(directive('no-store')),
    await ask({ method: 'HEAD' }),
  ]
  await (await answers.get()).text()
  await answers.platform.advance(60_000)
  given.push(await ask({}))

  expect(given).toEqual([
    `nearcache; key="${URL_A}"; detail=not-cached`,
    `nearcache; fwd=request; key="${URL_A}"`,
    `nearcache; fwd=uri-miss; key="${URL_A}"`,
    `nearcache; hit; ttl=0; key="${URL_A}"; detail=stale-if-error`,
  ])
})
