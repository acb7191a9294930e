import { describe, expect, test } from 'vitest'
import { EmbeddedRedis, embeddedTransport } from '../../src/redis/embedded/index.ts'
import { turns } from '../support/turns.ts'
import { bodies, counting, reply, site, URL_A } from '../unit/http/harness.ts'

const FRESH = { 'cache-control': 'max-age=60' }
const KIB = 1_024
const encoder = new TextEncoder()

/** A body that the test sends in pieces. */
class HeldBody {
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  isCancelled = false
  pulls = 0
  readonly stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        this.#controller = controller
      },
      pull: () => {
        this.pulls++
      },
      cancel: () => {
        this.isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )

  send(text: string): void {
    this.#controller?.enqueue(encoder.encode(text))
  }

  end(): void {
    this.#controller?.close()
  }

  break(error: Error): void {
    this.#controller?.error(error)
  }
}

const held = (): { body: HeldBody; script: (request: Request, call: number) => Response } => {
  const body = new HeldBody()
  const script = (_request: Request, call: number): Response =>
    call === 1 ? new Response(body.stream, { headers: FRESH }) : reply(`call ${call}`, FRESH)
  return { body, script }
}

const decode = (piece: { readonly value?: Uint8Array | undefined }): string =>
  new TextDecoder().decode(piece.value)

describe('A body that streams', () => {
  test('reaches its client piece by piece, and is stored when it has ended', async () => {
    const { body, script } = held()
    const { ask, get, platform } = site(script)
    const answer = await ask()
    const reader = answer.body?.getReader()

    body.send('first ')
    expect(decode(await (reader?.read() ?? expect.unreachable()))).toBe('first ')
    body.send('second')
    body.end()
    expect(decode(await (reader?.read() ?? expect.unreachable()))).toBe('second')
    await platform.settle()

    expect(await bodies(get())).toEqual(['first second'])
  })

  test('is stored although its client has disconnected, and answers the requests that wait for it', async () => {
    const { body, script } = held()
    const { ask, platform, requests } = site(script)
    const abort = new AbortController()
    const answer = await ask(URL_A, { signal: abort.signal })
    const waiting = ask()
    body.send('first ')
    await turns()
    abort.abort()
    await answer.body?.cancel()

    body.send('second')
    body.end()

    expect(await (await waiting).text()).toBe('first second')
    await platform.settle()
    expect(body.isCancelled).toBe(false)
    expect(requests).toHaveLength(1)
  })

  test('that breaks off is never stored, and its client gets the error', async () => {
    const { body, script } = held()
    const { ask, get, platform } = site(script)
    const answer = await ask()
    body.send('first ')
    await turns()
    body.break(new Error('connection lost'))

    await expect(answer.text()).rejects.toThrow('connection lost')
    await platform.settle()
    expect(await bodies(get(), get())).toEqual(['call 2', 'call 2'])
  })

  test('that breaks off does not fail the requests that wait for it: each asks again', async () => {
    const { body, script } = held()
    const { ask, platform } = site(script)
    const first = await ask()
    const others = [ask(), ask()]
    await turns()
    body.break(new Error('connection lost'))

    await expect(first.text()).rejects.toThrow('connection lost')
    const texts = await bodies(...others)
    await platform.settle()
    expect(texts.every((text) => /^call [23]$/.test(text))).toBe(true)
  })

  test('that is shorter than its length says is passed on and not stored', async () => {
    const { get } = site((_request, call) =>
      call === 1
        ? reply('short', { ...FRESH, 'content-length': '10' })
        : reply('whole', { ...FRESH, 'content-length': '5' }),
    )

    const first = await get()
    await get().catch(() => undefined)

    expect(await first.text()).toBe('short')
    expect((await get()).headers.get('cache-status')).not.toContain('hit')
  })

  test('that is too large is passed on whole, at the pace of its client, and not stored', async () => {
    const { body, script } = held()
    const { ask, get, platform } = site(script, { maxBodyBytes: 2 * KIB })
    const answer = await ask()
    const reader = answer.body?.getReader()
    let received = 0
    for (let i = 0; i < 3; i++) body.send('x'.repeat(KIB))
    await turns()
    const before = body.pulls
    for (let i = 0; i < 5; i++) body.send('x'.repeat(KIB))
    await turns()
    expect(body.pulls - before).toBeLessThanOrEqual(1)
    body.end()
    for (;;) {
      const piece = await reader?.read()
      if (piece?.value === undefined) break
      received += piece.value.byteLength
    }
    await platform.settle()

    expect(received).toBe(8 * KIB)
    expect((await get()).headers.get('cache-status')).toBe('nearcache; fwd=uri-miss')
  })

  test('that is too large does not keep the other requests waiting', async () => {
    const { body, script } = held()
    const { ask } = site(script, { maxBodyBytes: KIB })
    const first = await ask()
    const second = ask()
    await turns()
    body.send('x'.repeat(2 * KIB))

    expect(await (await second).text()).toBe('call 2')
    await first.body?.cancel()
    await turns()
    expect(body.isCancelled).toBe(true)
  })
})

describe('Concurrent requests', () => {
  test('share one call of the handler', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, platform, requests } = site(async (_request, call) => {
      await gate.promise
      return reply(`call ${call}`, FRESH)
    })
    const answers = Array.from({ length: 20 }, () => ask())
    await platform.advance(0)
    gate.resolve()

    const texts = await bodies(...answers)

    expect(new Set(texts)).toEqual(new Set(['call 1']))
    expect(requests).toHaveLength(1)
    const statuses = await Promise.all(
      answers.map(async (answer) => (await answer).headers.get('cache-status')),
    )
    expect(statuses.filter((status) => status?.includes('fwd=uri-miss; stored'))).toHaveLength(1)
  })

  test('for a response that turns out not to be storable wait for its headers, and then ask at once', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, platform, requests } = site(async (_request, call) => {
      if (call === 1) await gate.promise
      return reply(`call ${call}`, { 'cache-control': 'no-store' })
    })
    const answers = Array.from({ length: 5 }, () => ask())
    await platform.advance(0)
    expect(requests).toHaveLength(1)
    gate.resolve()

    expect(new Set(await bodies(...answers)).size).toBe(5)
    await platform.settle()
    await Promise.all([ask(), ask()])
    expect(requests).toHaveLength(7)
  })

  test('do not share a response that is stale at once, although it may be served on an origin error', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, platform, requests } = site(
      async (_request, call) => {
        if (call === 1) await gate.promise
        return reply(`call ${call}`, { 'cache-control': 'max-age=0', etag: '"1"' })
      },
      { staleIfError: '1m' },
    )
    const answers = [ask(), ask()]
    await platform.advance(0)
    gate.resolve()

    expect(await bodies(...answers)).toEqual(['call 1', 'call 2'])
    expect(requests).toHaveLength(2)
  })

  test('all fail with the handler’s own error if it fails, and it is asked again later', async () => {
    const error = new Error('the handler is away')
    const { ask, get, requests } = site((_request, call) => {
      if (call <= 1) throw error
      return reply(`call ${call}`, FRESH)
    })

    await expect(ask()).rejects.toBe(error)

    expect(await bodies(get())).toEqual(['call 2'])
    expect(requests).toHaveLength(2)
  })

  test('are answered although the handler takes longer than the others wait for it', async () => {
    const gate = Promise.withResolvers<void>()
    const { ask, platform } = site(async () => {
      await gate.promise
      return reply('late', FRESH)
    })
    const answer = ask()
    await platform.advance(15_000)
    gate.resolve()

    expect(await (await answer).text()).toBe('late')
  })
})

describe('A Redis outage', () => {
  test.each<[how: string, request: () => Promise<never>]>([
    ['refuses', () => Promise.reject(new Error('no connection'))],
    ['never answers', () => new Promise(() => undefined)],
  ])('in which Redis %s lets every request through, within its deadline', async (_how, request) => {
    const { ask, platform, requests } = site(
      counting(FRESH),
      {},
      { redis: { request }, retries: 0 },
    )

    const answers = [
      ask(),
      ask(URL_A, { method: 'HEAD' }),
      ask(URL_A, { headers: { cookie: 'a=b' } }),
      ask(URL_A, { method: 'PUT' }),
    ]
    await platform.advance(500)
    const got = await Promise.all(answers)

    expect(got.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(got[3]?.headers.get('cache-status')).toBe(
      'nearcache; fwd=method; detail=invalidation-pending',
    )
    expect(requests.length).toBeGreaterThanOrEqual(3)
  })

  test('during a change drops the stored response when Redis is back', async () => {
    const engine = embeddedTransport({ engine: new EmbeddedRedis() })
    let isAway = false
    const request = (...args: Parameters<typeof engine.request>) =>
      isAway ? Promise.reject(new Error('no connection')) : engine.request(...args)
    const { ask, get, platform } = site(
      counting(FRESH),
      {},
      { redis: { request } as never, retries: 0 },
    )
    expect(await bodies(get(), get())).toEqual(['call 1', 'call 1'])
    isAway = true
    await ask(URL_A, { method: 'PUT' })
    isAway = false
    await platform.advance(10_000)
    await platform.settle()

    expect(await bodies(get())).toEqual(['call 3'])
  })
})
