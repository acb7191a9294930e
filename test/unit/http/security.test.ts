import { describe, expect, test } from 'vitest'
import { bodies, counting, reply, site, URL_A } from './harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const PRIVATE = { 'cache-control': 'private, max-age=60' }
const by = (headers: Record<string, string>): RequestInit => ({ headers })

/** Answers with who asked. */
const personal =
  (control: string) =>
  (request: Request): Response =>
    reply(`for ${request.headers.get('authorization') ?? request.headers.get('cookie')}`, {
      'cache-control': control,
    })

describe('A shared cache', () => {
  test.each(['authorization', 'cookie'])(
    'never serves to others what was made for a request with %s',
    async (name) => {
      const { get } = site(personal('max-age=60'))

      const answers = [get(URL_A, by({ [name]: 'ann' })), get(URL_A, by({ [name]: 'bob' })), get()]

      expect(await bodies(...answers)).toEqual(['for ann', 'for bob', 'for null'])
    },
  )

  test.each(['public, max-age=60', 's-maxage=60', 'max-age=60, must-revalidate'])(
    'serves it to others where the response says that it may: %s',
    async (control) => {
      const { get } = site(personal(control))

      const answers = [get(URL_A, by({ authorization: 'ann' })), get()]

      expect(await bodies(...answers)).toEqual(['for ann', 'for ann'])
    },
  )

  test('serves what is stored for all to a request with credentials', async () => {
    const { get } = site(counting(FRESH))
    await get()

    expect(await bodies(get(URL_A, by({ cookie: 'a=b' })))).toEqual(['call 1'])
  })

  test('lets users of one URI ask at once, when it has seen that there is nothing to share', async () => {
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

  test('gives a cookie that is set to whoever it was set for, and does not store the response', async () => {
    const { get } = site((_request, call) =>
      reply(`call ${call}`, { ...FRESH, 'set-cookie': `id=${call}` }),
    )

    const answers = [await get(), await get()]

    expect(answers.map(({ headers }) => headers.getSetCookie())).toEqual([['id=1'], ['id=2']])
  })

  test('gives a cookie that comes with a validation to whoever it was set for', async () => {
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
    expect(answer.headers.getSetCookie()).toEqual(['id=3'])
    expect((await get()).headers.getSetCookie()).toEqual([])
  })

  test('keeps no secret in its keys: what a response varies by is hashed', async () => {
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

  test('keeps each user’s responses apart, private ones and those to credentials included', async () => {
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

  test('of a user is not reached by names made to look like another’s', async () => {
    const { get } = site((request) => reply(`${request.headers.get('x-user')}`, PRIVATE), { user })
    await get(`${URL_A}?user=ann`)
    await get(URL_A, of('ann'))

    expect(await bodies(get(`${URL_A}%20user=ann`), get(URL_A, of('ann variant=x')))).toEqual([
      'null',
      'ann variant=x',
    ])
  })

  test('loses what its user changes', async () => {
    const { get, requests } = site(() => reply('mine', PRIVATE), { user })
    await get(URL_A, of('ann'))
    await get(URL_A, { ...of('ann'), method: 'PUT' })
    await get(URL_A, of('ann'))

    expect(requests).toHaveLength(3)
  })

  test('is nobody’s where the user has no name: then the cache is the shared one', async () => {
    const { get } = site((request) => reply(`for ${request.headers.get('x-user')}`, PRIVATE), {
      user: () => '',
    })

    expect(await bodies(get(URL_A, of('ann')), get(URL_A, of('bob')))).toEqual([
      'for ann',
      'for bob',
    ])
  })

  test('gives cookies to nobody else either', async () => {
    const { get, requests } = site(
      () => reply('mine', { 'cache-control': 'private, max-age=60', 'set-cookie': 'a=b' }),
      { user },
    )
    await get(URL_A, of('ann'))
    await get(URL_A, of('ann'))

    expect(requests).toHaveLength(2)
  })
})

describe('A client that wants others to be served what he chooses', () => {
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
  ])('cannot do so by %s, though the application believes it', async (name) => {
    const { get } = site((request) => reply(`${request.headers.get(name)}`, FRESH))

    const answers = [get(URL_A, by({ [name]: 'evil' })), get(), get(URL_A, by({ [name]: 'evil' }))]

    expect(await bodies(...answers)).toEqual(['evil', 'null', 'evil'])
  })

  test('cannot do so after the page was stored either', async () => {
    const { get } = site((request) => reply(`${request.headers.get('x-forwarded-host')}`, FRESH))

    const answers = [get(), get(URL_A, by({ 'x-forwarded-host': 'evil' })), get()]

    expect(await bodies(...answers)).toEqual(['null', 'evil', 'null'])
  })

  test('cannot do so by a Host other than that of the URI, as a request in absolute form may have', async () => {
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

  test('cannot do so by a parameter that is not in the key: the handler does not see it', async () => {
    const { get } = site((request) => reply(new URL(request.url).search, FRESH), {
      query: { exclude: ['utm'] },
    })

    const answers = [get(`${URL_A}?utm=<script>`), get(`${URL_A}?a=1&u%74m=x`)]

    expect(await bodies(...answers)).toEqual(['', '?a=1'])
  })

  test('is not answered by a page where it opens a WebSocket, which nobody else gets either', async () => {
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
    'cannot do so by %s, %s for others, in a spelling that the origin may not read: %s',
    async (name, usual, hostile) => {
      const { get } = site((request) =>
        reply(request.headers.get(name) === usual ? 'right' : 'wrong', { ...FRESH, vary: name }),
      )

      expect(await bodies(get(URL_A, by({ [name]: hostile })))).toEqual(['wrong'])
      expect(await bodies(get(URL_A, by({ [name]: usual })))).toEqual(['right'])
    },
  )

  test('cannot do so by a body of a GET', async () => {
    const { get, requests } = site(counting(FRESH))

    const answer = await get(URL_A, by({ 'content-length': '5' }))

    expect(answer.headers.get('cache-status')).toBe('nearcache; fwd=method')
    await get()
    expect(requests).toHaveLength(2)
  })

  test('cannot have an error stored that says nothing of being stored', async () => {
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

  test('gets no cache for a URI that is too long to be a key', async () => {
    const { get } = site(counting(FRESH))
    const url = `${URL_A}?${'x'.repeat(9_000)}`

    expect((await get(url)).headers.get('cache-status')).toBe('nearcache; fwd=bypass')
    expect(await bodies(get(url))).toEqual(['call 2'])
  })
})
