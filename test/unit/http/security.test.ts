import { describe, expect, test } from 'vitest'
import { bodies, counting, reply, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const PRIVATE = { 'cache-control': 'private, max-age=60' }
const by = (headers: Record<string, string>): RequestInit => ({ headers })

/** A handler that answers with the credentials of the request. */
const personal =
  (control: string) =>
  (request: Request): Response =>
    reply(`for ${request.headers.get('authorization') ?? request.headers.get('cookie')}`, {
      'cache-control': control,
    })

describe('A shared cache', () => {
  test.each(['authorization', 'cookie'])(
    'never serves the response to a request with %s to other clients',
    async (name) => {
      const { get } = site(personal('max-age=60'))

      const answers = [get(URL_A, by({ [name]: 'ann' })), get(URL_A, by({ [name]: 'bob' })), get()]

      expect(await bodies(...answers)).toEqual(['for ann', 'for bob', 'for null'])
    },
  )

  test.each(['public, max-age=60', 's-maxage=60', 'max-age=60, must-revalidate'])(
    'serves it to other clients if its Cache-Control allows that: %s',
    async (control) => {
      const { get } = site(personal(control))

      const answers = [get(URL_A, by({ authorization: 'ann' })), get()]

      expect(await bodies(...answers)).toEqual(['for ann', 'for ann'])
    },
  )

  test('answers a request with credentials from a response stored for all', async () => {
    const { get } = site(counting(FRESH))
    await get()

    expect(await bodies(get(URL_A, by({ cookie: 'a=b' })))).toEqual(['call 1'])
  })

  test('forwards requests for a URI concurrently once it knows that its response cannot be shared', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, get, platform, requests } = site(async (request, call) => {
      if (call > 1) await gate.promise
      return reply(`for ${request.headers.get('cookie')}`, { 'cache-control': 'private' })
    })
    await get(URL_A, by({ cookie: 'first' }))

    const answers = ['ann', 'bob', 'cy'].map((cookie) => ask(URL_A, by({ cookie })))
    await platform.advance(0)
    expect(requests).toHaveLength(4)
    gate.resolve()

    expect(await bodies(...answers)).toEqual(['for ann', 'for bob', 'for cy'])
  })

  test('does not store a response that sets a cookie', async () => {
    const { get } = site((_request, call) =>
      reply(`call ${call}`, { ...FRESH, 'set-cookie': `id=${call}` }),
    )

    const answers = [await get(), await get()]

    expect(answers.map(({ headers }) => headers.getSetCookie())).toEqual([['id=1'], ['id=2']])
  })

  test('passes a cookie of a 304 only to the client that caused the validation', async () => {
    const { get } = site((request, call) => {
      const headers = { etag: '"v1"', 'cache-control': 'public, no-cache' }
      if (!request.headers.has('cookie')) return reply('for all', headers)
      const isSame = request.headers.has('if-none-match')
      return new Response(isSame ? null : 'for all', {
        status: isSame ? 304 : 200,
        headers: { ...headers, 'set-cookie': `id=${call}` },
      })
    })
    await get()

    const answer = await get(URL_A, by({ cookie: 'a=b' }))

    expect([answer.status, await answer.text()]).toEqual([200, 'for all'])
    expect(answer.headers.getSetCookie()).toEqual(['id=2'])
    expect((await get()).headers.getSetCookie()).toEqual([])
  })

  test('hashes the header values by which a response varies, so that keys contain no secret', async () => {
    const secret = 'Bearer 0123456789'
    const { get, engine } = site(
      counting({ 'cache-control': 'public, max-age=60', vary: 'authorization' }),
    )
    await get()
    await get(URL_A, by({ authorization: secret }))
    const { result: keys } = engine.execute(['KEYS', '*']) as { result: string[] }
    const texts = keys.map((key) => JSON.stringify(engine.execute(['GET', key])))

    expect(keys.some((key) => key.includes('variant'))).toBe(true)
    expect([...keys, ...texts].filter((text) => text.includes('0123456789'))).toEqual([])
  })
})

describe('A private cache', () => {
  const user = (request: Request) => request.headers.get('x-user') ?? undefined
  const of = (name: string) => by({ 'x-user': name })

  test('stores the responses of each user separately, private ones included', async () => {
    const { get, requests } = site(
      (request) => reply(`for ${request.headers.get('x-user')}`, PRIVATE),
      { user },
    )

    for (let round = 0; round < 2; round++) {
      expect(await bodies(get(URL_A, of('ann')), get(URL_A, of('bob')))).toEqual([
        'for ann',
        'for bob',
      ])
    }
    expect(requests).toHaveLength(2)
    expect(await bodies(get())).toEqual(['for null'])
  })

  test('does not confuse users, whatever their names and URIs look like', async () => {
    const { get } = site((request) => reply(`${request.headers.get('x-user')}`, PRIVATE), { user })
    await get(`${URL_A}?user=ann`)
    await get(URL_A, of('ann'))

    expect(await bodies(get(`${URL_A}%20user=ann`), get(URL_A, of('ann variant=x')))).toEqual([
      'null',
      'ann variant=x',
    ])
  })

  test('drops a response when its user changes it by an unsafe request', async () => {
    const { get, requests } = site(() => reply('mine', PRIVATE), { user })
    await get(URL_A, of('ann'))
    await get(URL_A, { ...of('ann'), method: 'PUT' })
    await get(URL_A, of('ann'))

    expect(requests).toHaveLength(3)
  })

  test('is not used for a request without a user, which uses the shared cache', async () => {
    const { get } = site((request) => reply(`for ${request.headers.get('x-user')}`, PRIVATE), {
      user: () => '',
    })

    expect(await bodies(get(URL_A, of('ann')), get(URL_A, of('bob')))).toEqual([
      'for ann',
      'for bob',
    ])
  })

  test('does not store a response that sets a cookie either', async () => {
    const { get, requests } = site(
      () => reply('mine', { 'cache-control': 'private, max-age=60', 'set-cookie': 'a=b' }),
      { user },
    )
    await get(URL_A, of('ann'))
    await get(URL_A, of('ann'))

    expect(requests).toHaveLength(2)
  })
})

describe('Cache poisoning: a client that tries to choose what others are served', () => {
  test.each([
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-protocol',
    'x-forwarded-ssl',
    'x-url-scheme',
    'front-end-https',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'forwarded',
  ])('cannot do so by %s, even if the application trusts it', async (name) => {
    const { get } = site((request) => reply(`${request.headers.get(name)}`, FRESH))

    const answers = [get(URL_A, by({ [name]: 'evil' })), get(), get(URL_A, by({ [name]: 'evil' }))]

    expect(await bodies(...answers)).toEqual(['evil', 'null', 'evil'])
  })

  test('cannot do so after the page was stored', async () => {
    const { get } = site((request) => reply(`${request.headers.get('x-forwarded-host')}`, FRESH))

    const answers = [get(), get(URL_A, by({ 'x-forwarded-host': 'evil' })), get()]

    expect(await bodies(...answers)).toEqual(['null', 'evil', 'null'])
  })

  test('cannot do so by a Host that differs from the URI, which a request in absolute form may have', async () => {
    const { get } = site((request) => reply(`${request.headers.get('host')}`, FRESH), {
      keyedHeaders: [],
    })
    const from = (host: string): Promise<Response> => get(URL_A, by({ host }))

    const answers = [from('evil.example'), from('site.example'), get(), from('evil.example')]

    expect(await bodies(...answers)).toEqual([
      'evil.example',
      'site.example',
      'site.example',
      'evil.example',
    ])
  })

  test('cannot do so by a parameter outside the key, because the handler does not see it', async () => {
    const { get } = site((request) => reply(new URL(request.url).search, FRESH), {
      query: { exclude: ['utm'] },
    })

    const answers = [get(`${URL_A}?utm=<script>`), get(`${URL_A}?a=1&u%74m=x`)]

    expect(await bodies(...answers)).toEqual(['', '?a=1'])
  })

  test('cannot do so by a WebSocket upgrade, which is neither stored nor answered from the cache', async () => {
    const { get, requests } = site(counting(FRESH))
    const opening = (): Promise<Response> => get(URL_A, by({ upgrade: 'WebSocket' }))

    expect(await bodies(opening(), get(), opening())).toEqual(['call 1', 'call 2', 'call 3'])
    await get(URL_A, by({ upgrade: 'h2c' }))
    expect(requests).toHaveLength(3)
  })

  test.each([
    ['origin', 'https://shop.example', ',https://shop.example'],
    ['origin', 'https://shop.example', 'https://shop.example ,'],
    ['x-kind', 'a', 'a\u00a0'],
    ['x-kind', '"a, b"', '"a,b"'],
    ['accept-language', 'de', 'de;q=x'],
    ['accept-language', 'de', 'de;q='],
    ['accept-language', 'de', 'de;q=7'],
    ['accept-language', 'de', 'de;q=1;q=0'],
    ['accept-language', 'de', ',de'],
    ['accept-language', 'de', 'de\u00a0'],
  ])(
    'cannot do so by %s, sent as %s by others, in a spelling that the origin may not accept: %s',
    async (name, usual, hostile) => {
      const { get } = site((request) =>
        reply(request.headers.get(name) === usual ? 'right' : 'wrong', { ...FRESH, vary: name }),
      )

      expect(await bodies(get(URL_A, by({ [name]: hostile })))).toEqual(['wrong'])
      expect(await bodies(get(URL_A, by({ [name]: usual })))).toEqual(['right'])
    },
  )

  test('cannot do so by a GET with a body', async () => {
    const { get, requests } = site(counting(FRESH))

    const answer = await get(URL_A, by({ 'content-length': '5' }))

    expect(answer.headers.get('cache-status')).toBe('nearcache; fwd=method')
    await get()
    expect(requests).toHaveLength(2)
  })

  test('cannot do so by an error response without an explicit lifetime', async () => {
    const { get } = site(counting({}, 400))

    expect(await bodies(get(), get())).toEqual(['call 1', 'call 2'])
  })

  test('cannot do so by another host, scheme or port', async () => {
    const { get } = site((request) => reply(new URL(request.url).origin, FRESH))
    const origins = [
      'https://site.example',
      'https://evil.example',
      'http://site.example',
      'https://site.example:81',
    ]

    expect(await bodies(...origins.map((origin) => get(`${origin}/a`)))).toEqual(origins)
  })

  test('bypasses the cache if its URI is too long for a key', async () => {
    const { get } = site(counting(FRESH))
    const url = `${URL_A}?${'x'.repeat(9_000)}`

    expect((await get(url)).headers.get('cache-status')).toBe('nearcache; fwd=bypass')
    expect(await bodies(get(url))).toEqual(['call 2'])
  })
})
