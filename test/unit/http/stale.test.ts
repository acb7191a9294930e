import { describe, expect, test } from 'vitest'
import { cacheHandler } from '../../../src/http/index.ts'
import { bodies, counting, reply, type Script, site, URL_A } from './harness.ts'

const SECOND = 1_000

/** A handler that takes one step for each call, and repeats the last one. */
const script =
  (...steps: readonly (() => Response)[]): Script =>
  (_request, call) =>
    (steps[call - 1] ?? steps.at(-1))?.() ?? reply('none')

const good = (body: string, control: string) => () => reply(body, { 'cache-control': control })
const failing = () => {
  throw new Error('the handler is away')
}

describe('stale-while-revalidate', () => {
  const SWR = 'max-age=60, stale-while-revalidate=30'

  test('serves a stale response and refreshes it in the background', async () => {
    const { get, platform } = site(counting({ 'cache-control': SWR }))
    await get()
    await platform.advance(70 * SECOND)

    const stale = await get()

    expect(await stale.text()).toBe('call 1')
    expect(stale.headers.get('cache-status')).toBe('nearcache; hit; ttl=-10')
    expect(await bodies(get())).toEqual(['call 2'])
  })

  test('does not apply after its window', async () => {
    const { get, platform } = site(counting({ 'cache-control': SWR }))
    await get()
    await platform.advance(90 * SECOND)

    expect(await bodies(get())).toEqual(['call 2'])
  })

  test('applies with s-maxage only if the response itself asks for it', async () => {
    const asked = site(counting({ 'cache-control': 's-maxage=60, stale-while-revalidate=30' }))
    const byOption = site(counting({ 'cache-control': 's-maxage=60' }), {
      staleWhileRevalidate: '30s',
    })
    for (const { get, platform } of [asked, byOption]) {
      await get()
      await platform.advance(70 * SECOND)
    }

    expect(await bodies(asked.get(), byOption.get())).toEqual(['call 1', 'call 2'])
  })

  test.each(['must-revalidate', 'proxy-revalidate', 'no-cache'])(
    'does not apply with %s',
    async (directive) => {
      const { get, platform } = site(
        counting({ 'cache-control': `${SWR}, ${directive}`, etag: '"1"' }),
      )
      await get()
      await platform.advance(70 * SECOND)

      expect(await bodies(get())).toEqual(['call 2'])
    },
  )

  test('keeps the stored response if the refresh fails', async () => {
    const { get, platform } = site(script(good('old', SWR), failing, good('new', SWR)))
    await get()
    await platform.advance(61 * SECOND)

    expect(await bodies(get(), get(), get())).toEqual(['old', 'old', 'new'])
  })

  test('does not apply once the refreshed response may not be stored', async () => {
    const { get, platform } = site(script(good('old', SWR), good('private', 'private')))
    await get()
    await platform.advance(61 * SECOND)

    expect(await bodies(get(), get())).toEqual(['old', 'private'])
  })
})

describe('stale-if-error', () => {
  const SIE = 'max-age=60, stale-if-error=600'

  test.each([
    ['throws', failing],
    ['answers 503', () => reply('busy', {}, 503)],
  ])('serves a stale response when the handler %s', async (_how, step) => {
    const { get, platform, requests } = site(script(good('old', SIE), step, good('new', SIE)))
    await get()
    await platform.advance(90 * SECOND)

    const stale = await get()

    expect(await stale.text()).toBe('old')
    expect(stale.headers.get('cache-status')).toBe('nearcache; hit; ttl=-30; detail=stale-if-error')
    expect(await bodies(get())).toEqual(['new'])
    expect(requests).toHaveLength(3)
  })

  test('does not apply to a client error', async () => {
    const { get, platform } = site(script(good('old', SIE), () => reply('gone', {}, 410)))
    await get()
    await platform.advance(90 * SECOND)

    expect((await get()).status).toBe(410)
  })

  test.each([
    ['its window has ended', SIE, 661],
    ['it must be validated', `${SIE}, must-revalidate`, 90],
    ['nobody has asked for it', 'max-age=60', 90],
  ])(
    'does not apply if %s: the error of the handler is passed on',
    async (_why, control, seconds) => {
      const error = new Error('the handler is away')
      const { get, platform } = site((_request, call) => {
        if (call > 1) throw error
        return reply('old', { 'cache-control': control, etag: '"1"' })
      })
      await get()
      await platform.advance(seconds * SECOND)

      await expect(get()).rejects.toBe(error)
    },
  )

  test('has a default for responses without it, by an option', async () => {
    const { get, platform } = site(script(good('old', 'max-age=60'), failing), {
      staleIfError: '1m',
    })
    await get()
    await platform.advance(90 * SECOND)

    expect(await bodies(get())).toEqual(['old'])
  })
})

describe('Tags', () => {
  test('of the Cache-Tag header and of the `tags` function invalidate a response', async () => {
    const { get, namespace } = site(
      counting({ 'cache-control': 'max-age=60', 'cache-tag': 'a, b' }),
      {
        tags: (request) => [`path:${new URL(request.url).pathname}`],
      },
    )
    expect(await bodies(get(), get())).toEqual(['call 1', 'call 1'])

    for (const [tag, body] of [
      ['b', 'call 2'],
      ['path:/a', 'call 3'],
    ] as const) {
      await namespace.invalidateTags([tag])
      expect(await bodies(get(), get())).toEqual([body, body])
    }
    await namespace.invalidateTags(['another'])
    expect(await bodies(get())).toEqual(['call 3'])
  })

  test('of a variant invalidate that variant only', async () => {
    const { get, namespace } = site((request, call) => {
      const kind = request.headers.get('x-kind') ?? ''
      return reply(`${call}`, { 'cache-control': 'max-age=60', vary: 'x-kind', 'cache-tag': kind })
    })
    const of = (kind: string) => get(URL_A, { headers: { 'x-kind': kind } })
    await bodies(of('a'), of('b'))

    await namespace.invalidateTags(['b'])

    expect(await bodies(of('a'), of('b'))).toEqual(['1', '3'])
  })

  test('invalidated while a response is being made keep it from being served again', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, get, namespace, platform } = site(async (_request, call) => {
      if (call === 1) await gate.promise
      return reply(`call ${call}`, { 'cache-control': 'max-age=60', 'cache-tag': 'a' })
    })
    const first = ask()
    await platform.advance(0)
    await namespace.invalidateTags(['a'])
    gate.resolve()

    expect(await (await first).text()).toBe('call 1')
    await platform.settle()
    expect(await bodies(get())).toEqual(['call 2'])
  })

  test('that are softly invalidated let a response be served as stale while it is refreshed', async () => {
    const { get, namespace } = site(counting({ 'cache-control': 'max-age=60', 'cache-tag': 'a' }))
    await get()
    await namespace.invalidateTags(['a'], { mode: 'soft' })

    expect(await bodies(get(), get())).toEqual(['call 1', 'call 2'])
  })

  test('of the namespace apply to its responses too', async () => {
    const plain = site(counting({ 'cache-control': 'max-age=60' }))
    const tagged = plain.namespace.namespace('tagged', { tags: ['all'] })
    const handle = cacheHandler(() => reply('x', { 'cache-control': 'max-age=60' }), {
      cache: tagged,
      platform: plain.platform,
    })
    const ask = async () => {
      const { headers } = await handle(new Request(URL_A))
      await plain.platform.settle()
      return headers.get('cache-status')
    }
    await ask()
    expect(await ask()).toContain('hit')
    await tagged.invalidateTags(['all'])

    expect(await ask()).not.toContain('hit')
  })

  test('above the maximal number prevent a response from being stored', async () => {
    const list = Array.from({ length: 65 }, (_, i) => `t${i}`).join(',')
    const { get } = site(counting({ 'cache-control': 'max-age=60', 'cache-tag': list }))

    expect(await bodies(get(), get())).toEqual(['call 1', 'call 2'])
  })

  test('are not read from a header with `tagHeader: false`', async () => {
    const { get, namespace } = site(counting({ 'cache-control': 'max-age=60', 'cache-tag': 'a' }), {
      tagHeader: false,
    })
    await get()
    await namespace.invalidateTags(['a'])

    expect(await bodies(get())).toEqual(['call 1'])
  })
})

describe('An unsafe request', () => {
  const fresh = { 'cache-control': 'max-age=60' }

  test.each([
    ['PUT', 204, 'call 3'],
    ['POST', 303, 'call 3'],
    ['M-SEARCH', 200, 'call 3'],
    ['DELETE', 404, 'call 1'],
    ['POST', 500, 'call 1'],
  ])('%s answered with %d leads to %s for the next GET', async (method, status, body) => {
    const { get } = site((request, call) =>
      request.method === 'GET'
        ? reply(`call ${call}`, fresh)
        : new Response(null, { status, headers: { location: '/other' } }),
    )
    await get()

    const answer = await get(URL_A, { method })

    expect(answer.headers.get('cache-status')).toBe('nearcache; fwd=method')
    expect(await bodies(get())).toEqual([body])
  })

  test('without a response may have been applied, so it drops its URI', async () => {
    const { get } = site((request, call) => {
      if (request.method === 'GET') return reply(`call ${call}`, fresh)
      throw new Error('the connection broke')
    })
    await get()

    await expect(get(URL_A, { method: 'PUT' })).rejects.toThrow('the connection broke')

    expect(await bodies(get())).toEqual(['call 3'])
  })

  test('drops the URIs in Location and Content-Location, if they have the same origin', async () => {
    const [here, there] = ['https://site.example/b', 'https://other.example/c']
    const { get } = site((request, call) =>
      request.method === 'GET'
        ? reply(`call ${call}`, fresh)
        : reply('', { location: '/b', 'content-location': there }, 201),
    )
    await bodies(get(here), get(there))
    await get(URL_A, { method: 'POST' })

    expect(await bodies(get(here), get(there))).toEqual(['call 4', 'call 2'])
  })

  test('prevents a response that is being made from being stored', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, get, platform } = site(async (request, call) => {
      if (request.method === 'GET' && call === 1) await gate.promise
      return reply(`call ${call}`, fresh)
    })
    const first = ask()
    await platform.advance(0)
    await (await ask(URL_A, { method: 'PUT' })).text()
    gate.resolve()

    expect(await (await first).text()).toBe('call 1')
    await platform.settle()
    expect(await bodies(get())).toEqual(['call 3'])
  })
})
