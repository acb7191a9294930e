import type { Hono } from 'hono'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { type LLMProxyOptions, llmProxy } from '../../../src/llm/proxy/index.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { eventually } from '../../support/eventually.ts'
import { type Behaviour, type LLMUpstream, llmUpstream } from '../../support/llm-upstream.ts'

const CHAT = { model: 'llama3.2', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
const ROUTES = [
  ['/api/chat', CHAT],
  ['/api/generate', { model: 'llama3.2', prompt: 'Why is the sky blue?' }],
  ['/v1/chat/completions', { ...CHAT, stream_options: { include_usage: true } }],
] as const

/** What a replay may change: ids and the time of creation. */
function withoutIds(text: string): string {
  return text
    .replace(/"id":"chatcmpl-\w+"/g, '"id":"R"')
    .replace(/"id":"call_\w+"/g, '"id":"C"')
    .replace(/"created":\d+/g, '"created":0')
}

describe('llmProxy', () => {
  let upstream: LLMUpstream
  let cache: LLMResponseCache
  let proxy: Hono

  beforeEach(() => {
    upstream = llmUpstream()
    proxy = make()
  })

  /** A proxy with an empty cache. */
  function make(options: Partial<LLMProxyOptions> = {}): Hono {
    cache = new LLMResponseCache({ cache: new RedisCacheManager({ redis: embeddedTransport() }) })
    return llmProxy({ cache, ollama: 'http://model.test', fetch: upstream.fetch, ...options })
  }

  function ask(
    path: string,
    body: object,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ) {
    return proxy.request(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
      ...(signal && { signal }),
    })
  }

  const via = (response: Response): string | null => response.headers.get('x-nearcache')
  const questions = (): number => upstream.questions.length

  /** Waits until deferred writes are complete. */
  async function hit(
    path: string,
    body: object,
    headers?: Record<string, string>,
  ): Promise<Response> {
    return eventually(async () => {
      const response = await ask(
        path,
        { ...body },
        { ...headers, 'cache-control': 'only-if-cached' },
      )
      expect(response.status).toBe(200)
      return response
    })
  }

  describe.each(ROUTES)('%s', (path, body) => {
    test('a stream is passed on unchanged, and replayed with only its ids changed', async () => {
      const streamed = { ...body, stream: true, think: true, reasoning_effort: 'low' }
      const direct = await upstream.fetch(
        new Request(`http://model.test${path}`, { method: 'POST', body: JSON.stringify(streamed) }),
      )
      const sent = await direct.text()

      const first = await ask(path, streamed)
      const replayed = await hit(path, streamed)

      expect(first.headers.get('content-type')).toBe(direct.headers.get('content-type'))
      expect(withoutIds(await first.text())).toBe(withoutIds(sent))
      expect([via(first), via(replayed)]).toEqual(['miss', 'hit'])
      expect(withoutIds(await replayed.text())).toBe(withoutIds(sent))
      expect(replayed.headers.get('content-type')).toBe(direct.headers.get('content-type'))
      expect(questions()).toBe(2)
    })

    test('wherever the network cuts a stream, the same is passed on and replayed', async () => {
      const streamed = { ...body, stream: true }
      const texts = new Set<string>()
      for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) {
        upstream.pieceBytes = pieceBytes
        proxy = make()
        texts.add(withoutIds(await (await ask(path, streamed)).text()))
        texts.add(withoutIds(await (await hit(path, streamed)).text()))
      }

      expect(texts.size).toBe(1)
    })

    test.each(['whole', 'tools'] as const)(
      'an answer (%s) that arrived as a stream is given as a whole like the model would give it',
      async (behaviour) => {
        upstream.behaviour = behaviour
        const whole = { ...body, stream: false, think: true, reasoning_effort: 'low' }
        const direct = await upstream.fetch(
          new Request(`http://model.test${path}`, { method: 'POST', body: JSON.stringify(whole) }),
        )
        await (await ask(path, { ...whole, stream: true })).text()

        const response = await hit(path, whole)

        const given = (await response.json()) as Record<string, unknown>
        const expected = (await direct.json()) as Record<string, unknown>
        expect(plain(given)).toEqual(plain(expected))
        expect(response.headers.get('content-type')).toContain('application/json')
      },
    )

    test('an answer that arrived as a whole is given as a stream with the same content', async () => {
      const whole = { ...body, think: true, reasoning_effort: 'low' }
      const first = await (await ask(path, { ...whole, stream: false })).text()

      const streamed = await (await hit(path, { ...whole, stream: true })).text()

      proxy = make({ fetch: async () => new Response(streamed, { headers: typeOf(path) }) })
      await (await ask(path, { ...whole, stream: true })).text()
      const again = await (await hit(path, { ...whole, stream: false })).json()
      expect(plain(again as never)).toEqual(plain(JSON.parse(first)))
    })

    test('tool calls are replayed with all their characters, and with new ids', async () => {
      upstream.behaviour = 'tools'
      const streamed = { ...body, stream: true, tools: [{ type: 'function' }] }
      const first = await (await ask(path, streamed)).text()
      const replays = [await hit(path, streamed), await hit(path, streamed)]
      const texts = await Promise.all(replays.map((replay) => replay.text()))

      const ids = [first, ...texts].map((text) => text.match(/call_\w+/g)?.join())
      expect(new Set(ids).size).toBe(3)
      for (const text of texts) expect(withoutIds(text)).toBe(withoutIds(first))
      expect(first).toContain('12345678901234567890')
    })

    test.each<[Behaviour, boolean]>([
      ['length', true],
      ['length', false],
      ['cut', true],
      ['broken', true],
      ['broken', false],
      ['error', true],
      ['empty', true],
      ['empty', false],
      [{ status: 404 }, true],
      [{ status: 500 }, false],
    ])(
      'an answer that goes wrong (%j, stream: %j) is passed on, and never stored',
      async (behaviour, stream) => {
        upstream.behaviour = behaviour
        const asked = { ...body, stream }
        const first = await ask(path, asked)
        const text = await first.text()
        const second = await ask(path, asked)
        await second.text()
        const stored = await ask(path, asked, { 'cache-control': 'only-if-cached' })

        expect(questions()).toBe(2)
        expect(stored.status).toBe(504)
        if (typeof behaviour === 'object') {
          expect(first.status).toBe(behaviour.status)
          expect(text).toContain('model not found')
          expect(first.headers.get('retry-after')).toBe('7')
        } else expect(first.status).toBe(200)
      },
    )

    test('a hundred concurrent requests ask the model once, and all get the whole answer', async () => {
      const held = Promise.withResolvers<void>()
      upstream.gate = (message) => (message === 2 ? held.promise : Promise.resolve())
      const asked = Array.from({ length: 100 }, (_, i) => ask(path, { ...body, stream: i % 4 > 0 }))
      // One stream has begun, so that most of the others join it in the middle.
      await eventually(() => expect(questions()).toBe(1))
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      held.resolve()
      const responses = await Promise.all(asked)

      const texts = await Promise.all(responses.map((response) => response.text()))

      expect(questions()).toBe(1)
      const kinds = responses.map(via)
      expect(kinds.filter((kind) => kind === 'miss')).toHaveLength(1)
      expect(new Set(texts.filter((_, i) => i % 4 > 0).map(withoutIds)).size).toBe(1)
      expect(cache.getCacheStats()).toMatchObject({ generated: 1, misses: 1 })
    })

    test('whenever the first client leaves, clients that joined get the rest, and the answer is stored', async () => {
      const streamed = { ...body, stream: true }
      const whole = withoutIds(await (await ask(path, streamed)).text())
      for (let leave = 0; leave < 7; leave++) {
        proxy = make()
        let gates = 0
        const held = Promise.withResolvers<void>()
        upstream.gate = (message) => {
          gates = message
          return message > leave ? held.promise : Promise.resolve()
        }
        const leader = await ask(path, streamed)
        const reader = leader.body?.getReader()
        await reader?.read()
        await eventually(() => expect(gates).toBeGreaterThan(0))
        const follower = await ask(path, streamed)
        await reader?.cancel()
        held.resolve()

        expect([via(leader), via(follower)]).toEqual(['miss', 'coalesced'])
        expect(withoutIds(await follower.text())).toBe(whole)
        upstream.gate = undefined
        expect(withoutIds(await (await hit(path, streamed)).text())).toBe(whole)
      }
      expect(upstream.abandoned).toBe(0)
    })

    test('whenever the only client leaves, the request to the model is aborted and nothing is stored', async () => {
      const streamed = { ...body, stream: true }
      for (let leave = 1; leave < 6; leave++) {
        proxy = make()
        upstream.gate = (message) =>
          message < leave ? Promise.resolve() : new Promise(() => undefined)
        const response = await ask(path, streamed)
        const reader = response.body?.getReader()
        await reader?.read()
        await reader?.cancel()

        await eventually(() => expect(cache.getCacheStats().abandoned).toBe(1))
        upstream.gate = undefined
        expect((await ask(path, streamed, { 'cache-control': 'only-if-cached' })).status).toBe(504)
      }
    })

    test('no tenant gets the answer of another', async () => {
      const streamed = { ...body, stream: true }
      await (await ask(path, streamed, { authorization: 'Bearer one' })).text()
      await hit(path, streamed, { authorization: 'Bearer one' })

      const others = [{ authorization: 'Bearer two' }, {}, { 'x-api-key': 'Bearer one' }]
      for (const headers of others) {
        const response = await ask(path, streamed, { ...headers } as never)
        await response.text()
        expect(via(response)).toBe('miss')
      }
      expect(questions()).toBe(4)
    })

    test('cache-control is obeyed, and not passed on', async () => {
      await (await ask(path, body)).text()
      await hit(path, body)
      const modes = ['no-store', 'no-cache', 'max-age=0', 'max-age=1000', '']
      const ways: (string | null)[] = []
      for (const mode of modes) {
        // An answer stored in this millisecond has the age 0.
        const stored = Date.now()
        await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(stored), { interval: 1 })
        const response = await ask(path, body, { 'cache-control': mode })
        await response.text()
        await hit(path, body)
        ways.push(via(response))
      }

      expect(ways).toEqual(['bypass', 'miss', 'miss', 'hit', 'hit'])
      expect(upstream.questions.every(({ headers }) => !headers.has('cache-control'))).toBe(true)
    })
  })

  test('a stream of OpenAI has token usage only if its client asked for it, live and replayed', async () => {
    upstream.padded = true
    const body = { ...CHAT, stream: true }
    const first = await (await ask('/v1/chat/completions', body)).text()
    const replayed = await (await hit('/v1/chat/completions', body)).text()
    const wanted = { ...body, stream_options: { include_usage: true } }
    const asking = await (await hit('/v1/chat/completions', wanted)).text()

    expect(first).not.toContain('"usage"')
    expect(first).toContain('obfuscation')
    expect(replayed).not.toMatch(/"usage"|obfuscation/)
    expect(asking).toContain('"usage":{"prompt_tokens":26')
    expect(first.endsWith('data: [DONE]\n\n') && replayed.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  test.each(['refusal', 'filtered'] as const)(
    'an answer of OpenAI that is a %s is never stored',
    async (behaviour) => {
      upstream.behaviour = behaviour
      for (const stream of [true, false])
        await (await ask('/v1/chat/completions', { ...CHAT, stream })).text()

      expect(questions()).toBe(2)
      expect(cache.getCacheStats().unstored).toEqual({ refused: 2 })
    },
  )

  test('an answer cut off at a limit that the request sets is stored if the option says so', async () => {
    proxy = make({ storesTruncated: true })
    upstream.behaviour = 'length'
    const limited = { ...CHAT, options: { num_predict: 5 } }
    for (const body of [CHAT, CHAT, limited]) await (await ask('/api/chat', body)).text()

    expect(via(await hit('/api/chat', limited))).toBe('hit')
    expect(questions()).toBe(3)
  })

  test('answers that call tools are not stored if the option says so', async () => {
    proxy = make({ storesToolCalls: false })
    upstream.behaviour = 'tools'
    await (await ask('/api/chat', CHAT)).text()

    expect(cache.getCacheStats().unstored).toEqual({ 'tool-calls': 1 })
  })

  test('a structured answer is stored only if it follows its schema', async () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
    const asked = { ...CHAT, format: schema }
    const tries = ['no JSON', '{"a":"1"}', '{}', '{"a":1}']
    for (const text of tries) {
      upstream.tokens = [text]
      await (await ask('/api/chat', asked)).text()
    }

    expect(cache.getCacheStats().unstored).toEqual({ malformed: 3 })
    expect(await (await hit('/api/chat', asked)).text()).toContain('{\\"a\\":1}')
  })

  test('with deterministic sampling, only answers at temperature 0 or with a seed are stored', async () => {
    proxy = make({ sampling: 'deterministic' })
    const variants = [{}, { temperature: 1 }, { temperature: 0 }, { temperature: 1, seed: 7 }]
    for (const options of [...variants, ...variants])
      await (await ask('/api/chat', { ...CHAT, options })).text()

    expect(questions()).toBe(6)
    expect(cache.getCacheStats()).toMatchObject({ bypassed: 4 })
  })

  test('after a model is replaced under its name, answers of the old one are not served', async () => {
    await (await ask('/api/chat', CHAT)).text()
    await hit('/api/chat', CHAT)
    upstream.digest = 'sha-2'
    await (await ask('/api/pull', { model: 'llama3.2' })).text()

    const response = await ask('/api/chat', CHAT)

    expect(via(response)).toBe('miss')
    await response.text()
    upstream.digest = 'sha-1'
    expect(via(await ask('/api/chat', CHAT))).toBe('hit')
  })

  test.each([
    ['POST', '/api/generate', { model: 'llama3.2', keep_alive: 0 }],
    ['POST', '/api/generate', { model: 'llama3.2', prompt: '' }],
    ['POST', '/api/chat', { model: 'llama3.2', messages: [] }],
    ['POST', '/api/show', { model: 'llama3.2' }],
    ['POST', '/v1/completions', { model: 'llama3.2', prompt: 'Once' }],
    ['GET', '/api/ps', undefined],
    ['GET', '/v1/models', undefined],
    ['DELETE', '/api/delete', { model: 'llama3.2' }],
  ])('%s %s is passed through', async (method, path, body) => {
    const response = await proxy.request(path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    })

    expect(response.status).toBe(200)
    expect(via(response)).toBe('bypass')
  })

  test('a compressed request is passed through as it is', async () => {
    let received: Request | undefined
    proxy = make({
      digests: false,
      fetch: async (request) => {
        received = request.clone() as Request
        return Response.json({})
      },
    })
    const body = new Uint8Array([31, 139, 8, 255])
    const headers = { 'content-encoding': 'gzip' }

    const response = await proxy.request('/api/chat', { method: 'POST', body, headers })

    expect(via(response)).toBe('bypass')
    expect(received?.headers.get('content-encoding')).toBe('gzip')
    expect(new Uint8Array((await received?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(body)
  })

  test('mounted below a path, it strips only that path', async () => {
    const { Hono } = await import('hono')
    const app = new Hono().route('/llm', proxy)

    const response = await app.request('/llm/v1/models?limit=1')

    expect(await response.json()).toMatchObject({ method: 'GET', url: '/v1/models' })
  })

  test('headers of the upstream replace those of the client, and an empty one removes them', async () => {
    const headers = { authorization: '', 'x-org': 'ours' }
    proxy = make({ ollama: { url: 'http://model.test', headers } })
    await (
      await ask('/api/chat', CHAT, {
        authorization: 'Bearer secret',
        'x-org': 'theirs',
        'x-trace': '7',
      })
    ).text()

    const sent = upstream.questions[0]?.headers
    expect([sent?.get('authorization'), sent?.get('x-org'), sent?.get('x-trace')]).toEqual([
      null,
      'ours',
      '7',
    ])
  })

  test('a request over the limit gets 429 with a time to retry, and the model is not asked', async () => {
    const limit = vi.fn(async () => ({ allowed: false, retryAfterMs: 2_500 }))
    proxy = make({ limit, tenant: () => 'acme' })

    const response = await ask('/v1/chat/completions', CHAT)

    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('3')
    expect(await response.json()).toMatchObject({ error: { type: 'rate_limit_error' } })
    expect(limit).toHaveBeenCalledWith('acme')
    expect(questions()).toBe(0)
  })

  test('a request without a tenant is refused', async () => {
    proxy = make({ tenant: () => undefined })

    expect((await ask('/api/chat', CHAT)).status).toBe(401)
    expect((await proxy.request('/api/ps')).status).toBe(401)
    expect(questions()).toBe(0)
  })

  test('a request that is too long is refused', async () => {
    proxy = make({ maxRequestBytes: 100 })

    const response = await ask('/api/chat', { ...CHAT, system: 'x'.repeat(100) })

    expect(response.status).toBe(413)
    expect(await response.json()).toEqual({ error: 'The request is too long' })
  })

  test('a model that cannot be reached is reported as such, without its address', async () => {
    proxy = make({ fetch: () => Promise.reject(new TypeError('fetch failed: http://model.test')) })

    const response = await ask('/v1/chat/completions', CHAT)

    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('model.test')
  })

  test('a model that does not begin in time is reported as such', async () => {
    const slow = new LLMResponseCache({
      cache: new RedisCacheManager({ redis: embeddedTransport() }),
      platform: webPlatform(),
      timeouts: { first: '50ms' },
    })
    proxy = make({ cache: slow, digests: false, fetch: () => new Promise(() => undefined) })

    expect((await ask('/api/chat', CHAT)).status).toBe(504)
  })

  test.each([
    {},
    { ollama: 'ftp://x' },
    { ollama: 'http://x', sampling: 'some' },
    { ollama: 'http://x', matching: { maxTemperature: -1 } },
    { ollama: 'http://x', digests: 'soon' },
    { ollama: 'http://x', maxRequestBytes: 0 },
    { ollama: 'http://x', storesToolCalls: 'yes' },
    { olama: 'http://x' },
  ])('refuses the options %o', (options) => {
    expect(() => llmProxy(options as never)).toThrow(/Option/)
  })
})

function typeOf(path: string): Record<string, string> {
  return { 'content-type': path.startsWith('/v1') ? 'text/event-stream' : 'application/x-ndjson' }
}

/** An answer without ids, times and null values. */
function plain(answer: Record<string, unknown>): unknown {
  return JSON.parse(withoutIds(JSON.stringify(answer)), (_key, value) => value ?? undefined)
}
