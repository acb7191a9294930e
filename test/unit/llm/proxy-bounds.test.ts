import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { Duration } from '../../../src/entry/duration.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { LLMResponseCache, type Matcher } from '../../../src/llm/index.ts'
import { type LLMProxyOptions, llmProxy } from '../../../src/llm/proxy/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'
import { liveHeapBytes } from '../../support/live-heap.ts'
import { type LLMUpstream, llmUpstream } from '../../support/llm-upstream.ts'
import { turns } from '../../support/turns.ts'

const CHAT = { model: 'llama3.2', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }

const via = (response: Response): string | null => response.headers.get('x-nearcache')

describe('llmProxy', () => {
  let upstream: LLMUpstream
  let proxy: Hono

  beforeEach(() => {
    upstream = llmUpstream()
    proxy = make()
  })

  function make(options: Partial<LLMProxyOptions> = {}): Hono {
    const cache = new LLMResponseCache({
      cache: new RedisCacheManager({ redis: embeddedTransport() }),
    })
    return llmProxy({ cache, ollama: 'http://model.test', fetch: upstream.fetch, ...options })
  }

  function ask(path: string, body: object, headers: Record<string, string> = {}) {
    return proxy.request(path, { method: 'POST', body: JSON.stringify(body), headers })
  }

  test.each(['/v1/embeddings', '/api/embed'])(
    'a model that does not embed in time, at %s, is aborted and reported as 504, stored or not',
    async (path) => {
      const stopped: string[] = []
      const slow = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: embeddedTransport() }),
        timeouts: { first: '50ms' },
      })
      const fetch = (request: Request) => {
        request.signal.addEventListener('abort', () => stopped.push(path))
        return new Promise<never>(() => undefined)
      }
      proxy = make({ cache: slow, digests: false, fetch })
      const body = { model: 'embed', input: ['a', 'b'] }

      expect((await ask(path, body)).status).toBe(504)
      expect((await ask(path, body, { 'cache-control': 'no-store' })).status).toBe(504)
      expect(stopped).toEqual([path, path])
    },
  )

  test('a wrong number of embeddings is not reported as a model that cannot be reached', async () => {
    const data = [{ index: 0, embedding: [1] }]
    proxy = make({ digests: false, fetch: async () => Response.json({ data, embeddings: [[1]] }) })

    const response = await ask('/v1/embeddings', { model: 'embed', input: ['a', 'b'] })

    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({
      error: { message: 'The model sent another number of embeddings' },
    })
  })

  test('embeddings of different lengths are reported as such', async () => {
    const data = [1, 2].map((length, index) => ({ index, embedding: Array(length).fill(0.5) }))
    proxy = make({ digests: false, fetch: async () => Response.json({ data }) })

    const response = await ask('/v1/embeddings', { model: 'embed', input: ['a', 'b'] })

    expect(response.status).toBe(502)
    expect(await response.text()).toContain('The model sent embeddings of different lengths')
  })

  test('numbers that a parser makes equal, although they differ, are different questions', async () => {
    const withSeed = (seed: string) => {
      const body = JSON.stringify({ ...CHAT, options: { seed: 0 } }).replace(
        /"seed":0/,
        `"seed":${seed}`,
      )
      return proxy.request('/api/chat', { method: 'POST', body })
    }
    for (const seed of ['9007199254740992', '9007199254740993', '-9007199254740993']) {
      const response = await withSeed(seed)
      expect(via(response)).toBe('miss')
      await response.text()
    }
    await eventually(async () => expect(via(await withSeed('9007199254740993'))).toBe('hit'))
  })

  test('the cookies of this site are not sent to the model, and the model cannot set any', async () => {
    const model = upstream.fetch
    proxy = make({
      fetch: async (request) => {
        const response = await model(request)
        response.headers.append('set-cookie', 'model=1')
        return response
      },
    })
    const cookie = { cookie: 'session=secret' }

    const answered = await ask('/api/chat', CHAT, cookie)
    const passed = await proxy.request('/api/version', { headers: cookie })

    expect(upstream.questions.map(({ headers }) => headers.get('cookie'))).toEqual([null])
    expect([answered, passed].map(({ headers }) => headers.get('set-cookie'))).toEqual([null, null])
  })

  test('a matcher that does not answer does not delay a question for long', async () => {
    const never = () => new Promise<never>(() => undefined)
    const matcher = { match: never, remember: never, stats: () => ({}) } as unknown as Matcher
    const platform = new ManualPlatform()
    const cache = new LLMResponseCache({
      cache: new RedisCacheManager({ redis: embeddedTransport({ platform }), platform }),
      platform,
      matcher,
    })
    proxy = make({ cache, platform, matching: true, digests: false })

    const asked = ask('/api/chat', { ...CHAT, options: { temperature: 0 } })
    await turns()
    expect(upstream.questions).toHaveLength(0)
    await platform.advance(3_000)

    expect(via(await asked)).toBe('miss')
  })

  test('can be set to wait for a model for an hour, and no longer', async () => {
    const waiting = (total: Duration) =>
      new LLMResponseCache({
        cache: new RedisCacheManager({ redis: embeddedTransport() }),
        timeouts: { first: '5h', total },
      })
    proxy = make({ cache: waiting('1h') })

    expect((await ask('/api/chat', CHAT)).status).toBe(200)
    expect((await ask('/api/embed', { model: 'embed', input: 'a' })).status).toBe(200)
    expect(() => waiting('61m')).toThrow(InvalidOptionError)
  })

  test('refuses a cache that is not an LLMResponseCache', () => {
    const cache = new RedisCacheManager({ redis: embeddedTransport() })

    expect(() => llmProxy({ cache: cache as never, ollama: 'http://ollama.test' })).toThrow(
      expect.objectContaining({ name: InvalidOptionError.name, option: 'cache' }),
    )
  })

  test.each([
    ['/api/chat', (content: string) => `{"message":{"content":"${content}"},"done":false}\n`],
    [
      '/v1/chat/completions',
      (content: string) => `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`,
    ],
  ])(
    'an answer at %s that is too long to be stored is not kept in memory',
    async (path, partOf) => {
      const piece = new TextEncoder().encode(partOf('x'.repeat(100_000)))
      let sent = 0
      let inUse = 0
      const body = new ReadableStream({
        pull(controller) {
          sent += 1
          if (sent === 10) inUse = liveHeapBytes()
          if (sent < 200) controller.enqueue(piece)
          else controller.close()
        },
      })
      const headers = { 'content-type': 'text/event-stream' }
      const cache = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: embeddedTransport() }),
        maxAnswerChars: 1_000,
      })
      proxy = make({ cache, digests: false, fetch: async () => new Response(body, { headers }) })
      const response = await ask(path, { ...CHAT, stream: true })

      const reader = response.body?.getReader()
      for (let step = await reader?.read(); !step?.done && sent < 199; step = await reader?.read());

      // Twenty megabytes have arrived since then.
      expect(liveHeapBytes() - inUse).toBeLessThan(4_000_000)
      await reader?.cancel()
    },
  )

  test('beyond the bound on kept parts, a model is read only as fast as its slowest client reads', async () => {
    const piece = new TextEncoder().encode(
      `{"message":{"content":"${'x'.repeat(10_000)}"},"done":false}\n`,
    )
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent += 1
        if (sent < 200) controller.enqueue(piece)
        else controller.close()
      },
    })
    const headers = { 'content-type': 'application/x-ndjson' }
    const cache = new LLMResponseCache({
      cache: new RedisCacheManager({ redis: embeddedTransport() }),
      maxAnswerChars: 100_000,
    })
    proxy = make({ cache, digests: false, fetch: async () => new Response(body, { headers }) })

    const response = await ask('/api/chat', { ...CHAT, stream: true })
    await turns(2_000)
    expect(sent).toBeLessThan(20)

    expect((await response.text()).length).toBeGreaterThan(199 * 10_000)
  })
})
