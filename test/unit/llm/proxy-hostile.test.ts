import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { foldText, normaliseText } from '../../../src/llm/canonical.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { llmProxy } from '../../../src/llm/proxy/index.ts'
import { fullName } from '../../../src/llm/proxy/ollama.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'

/** So long that an algorithm with quadratic time would not finish. */
const LONG = 2_000_000

describe('a request of a hostile client to the proxy', () => {
  const sent: string[] = []
  const fetch = async (request: Request): Promise<Response> => {
    sent.push(request.url)
    return Response.json({})
  }
  const cache = new LLMResponseCache({
    cache: new RedisCacheManager({ redis: embeddedTransport() }),
  })
  const upstreams = { ollama: 'http://10.0.0.1', openai: 'http://10.0.0.1' }
  const app = new Hono().route('/llm', llmProxy({ cache, fetch, ...upstreams }))

  test.each([
    '/llm/v%31/models',
    '/llm/%761/models',
    '/%6clm/api/tags',
    '/l%6Cm/api/tags',
    '/llm/api/..%2f..%2fadmin',
    '/llm/v1/..%2Fadmin',
    '/llm/v1/%2e%2e%2fadmin',
    '/llm/v1/x%5c..%5cadmin',
    '/llm/v1/models/..%5Cadmin',
  ])('goes to no other host and no other path: %s', async (path) => {
    sent.length = 0

    expect((await app.request(path)).status).toBe(404)
    expect(sent).toEqual([])
  })

  test.each([
    ['/llm/v1/models/org%2Fmodel', 'http://10.0.0.1/models/org%2Fmodel'],
    ['/llm/v1/models/a..b%2Fc', 'http://10.0.0.1/models/a..b%2Fc'],
    ['/llm/api/tags?x=..%2f', 'http://10.0.0.1/api/tags?x=..%2f'],
    ['/llm/v1//other.example/x', 'http://10.0.0.1//other.example/x'],
  ])('is sent on unchanged otherwise: %s', async (path, url) => {
    sent.length = 0
    await app.request(path)

    expect(sent).toEqual([url])
  })

  test.each(['/llm/v1/embeddings', '/llm/api/embed'])(
    'a request to embed too many texts is passed through unchanged, as one request: %s',
    async (path) => {
      sent.length = 0
      const input = Array.from({ length: 100_000 }, (_, i) => `text ${i}`)
      const body = JSON.stringify({ model: 'm', input })
      const answer = await app.request(path, { method: 'POST', body })

      expect(answer.headers.get('x-nearcache')).toBe('bypass')
      expect(sent).toHaveLength(1)
    },
  )

  test('a body without a length and without an end is refused once it is too long', async () => {
    const bounded = llmProxy({ cache, fetch, ollama: 'http://10.0.0.1', maxRequestBytes: 100_000 })
    let pieces = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces++
        if (pieces > 1_000) controller.close()
        else controller.enqueue(new Uint8Array(10_000))
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
    const answer = await bounded.request('/api/chat', init)

    expect(answer.status).toBe(413)
    expect(pieces).toBeLessThan(20)
  })

  test.each([
    ['/llm/api/chat', { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }],
    ['/llm/v1/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }],
    ['/llm/v1/embeddings', { model: 'm', input: 'Hi' }],
    ['/llm/v1/completions', { model: 'm', prompt: 'Hi' }],
  ])(
    'a redirect is not followed, as it would send a key to another host: %s',
    async (path, body) => {
      const location = 'http://other.test/'
      const redirects: string[] = []
      const redirecting = async ({ redirect }: Request): Promise<Response> => {
        redirects.push(redirect)
        return new Response(null, { status: 307, headers: { location } })
      }
      const proxy = llmProxy({ cache, fetch: redirecting, ...upstreams })
      const init = { method: 'POST', body: JSON.stringify(body) }
      const answer = await new Hono().route('/llm', proxy).request(path, init)

      expect([answer.status, answer.headers.get('location')]).toEqual([307, location])
      expect(new Set(redirects)).toEqual(new Set(['manual']))
    },
  )

  test.each([
    ['/llm/api/chat', { messages: [{ role: 'user', content: 'Hi' }] }],
    ['/llm/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
    ['/llm/v1/embeddings', { input: 'Hi' }],
  ])('a body that is nested too deeply gets 400: %s', async (path, members) => {
    sent.length = 0
    const whole = JSON.stringify({ model: 'm', stream: true, ...members })
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const body = whole.replace(/}$/, `,"extra":${deep}}`)
    const answer = await app.request(path, { method: 'POST', body })

    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('nested too deeply')
    expect(sent.filter((url) => !url.endsWith('/api/tags'))).toEqual([])
  })

  test('a model name of many colons takes linear time', () => {
    expect(fullName(`${':'.repeat(LONG)}/`)).toHaveLength(LONG + 8)
  })

  test.each([
    ['question marks', `${'?'.repeat(LONG)}a`],
    ['a fence', '`'.repeat(LONG)],
    ['lines of another kind', '~~~\u2028'.repeat(LONG / 4)],
  ])('a prompt of %s is folded in linear time', (_what, prompt) => {
    expect(foldText(prompt).length).toBeGreaterThan(LONG / 2)
  })

  test('a prompt of marks on one letter is composed in linear time', () => {
    const prompt = `a${'\u0315\u0316'.repeat(LONG / 2)}`

    expect(normaliseText(prompt).length).toBeGreaterThan(LONG / 2)
  })
})
