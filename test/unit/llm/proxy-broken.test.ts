import type { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { type LLMProxyOptions, llmProxy } from '../../../src/llm/proxy/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { eventually } from '../../support/eventually.ts'
import { type Behaviour, type LLMUpstream, llmUpstream } from '../../support/llm-upstream.ts'

const CHAT = { model: 'llama3.2', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
const ROUTES: readonly (readonly [string, object])[] = [
  ['/api/generate', { model: 'llama3.2', prompt: 'Why is the sky blue?' }],
  ['/api/chat', CHAT],
  ['/v1/chat/completions', CHAT],
]

function lost(): never {
  throw new TypeError('terminated')
}

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

  const questions = (): number => upstream.questions.length
  const ask = (path: string, body: object) =>
    proxy.request(path, { method: 'POST', body: JSON.stringify(body) })

  test.each([
    ['{"city":"Bern"}', true],
    ['', true],
    ['{"city":', false],
  ])('a call with the arguments %j is stored: %j', async (args, isStored) => {
    const choice = (delta: object, finish_reason: string | null = null): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`
    const called = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }
    const said = [
      choice({ role: 'assistant', content: null, tool_calls: [called] }),
      choice({ tool_calls: [{ index: 0, function: { arguments: args } }] }),
      choice({}, 'tool_calls'),
      'data: [DONE]\n\n',
    ]
    const headers = { 'content-type': 'text/event-stream' }
    let asked = 0
    const fetch = async () => {
      asked += 1
      return new Response(said.join(''), { headers })
    }
    proxy = make({ fetch, digests: false })

    await (await ask('/v1/chat/completions', { ...CHAT, stream: true })).text()
    await eventually(async () => {
      const again = await ask('/v1/chat/completions', { ...CHAT, stream: true })
      await again.text()
      expect(again.headers.get('x-nearcache')).toBe(isStored ? 'hit' : 'miss')
    })

    expect(asked > 1).toBe(!isStored)
  })

  test.each([null, ''])(
    'a call keeps its name if the server sends %j for it with later pieces of the arguments',
    async (none) => {
      const pieces = [
        { role: 'assistant', id: 'a', name: 'weather', args: '' },
        { role: none, id: none, name: none, args: '{"city":' },
        { role: none, id: none, name: none, args: '"Bern"}' },
      ].map(({ role, id, name, args }) => {
        const call = { index: 0, id, type: 'function', function: { name, arguments: args } }
        return { index: 0, delta: { role, content: none, tool_calls: [call] }, finish_reason: null }
      })
      const said = [...pieces, { index: 0, delta: {}, finish_reason: 'tool_calls' }]
        .map((choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`)
        .join('')
      const headers = { 'content-type': 'text/event-stream' }
      proxy = make({ fetch: async () => new Response(said, { headers }), digests: false })

      const response = await ask('/v1/chat/completions', CHAT)

      const called = { id: 'a', function: { name: 'weather', arguments: '{"city":"Bern"}' } }
      expect(await response.json()).toMatchObject({
        choices: [{ message: { role: 'assistant', tool_calls: [called] } }],
      })
    },
  )

  test.each([
    ['the response of a pull breaks off', () => new Response(new ReadableStream({ pull: lost }))],
    ['a pull has no response', lost],
  ])('answers are not served if %s, as the model may have been replaced', async (_how, pull) => {
    const fetch = async (request: Request) =>
      request.url.endsWith('/api/pull') ? pull() : upstream.fetch(request)
    proxy = make({ fetch })
    const via = async (): Promise<string | null> => {
      const response = await ask('/api/chat', CHAT)
      await response.text()
      return response.headers.get('x-nearcache')
    }
    await eventually(async () => expect(await via()).toBe('hit'))
    upstream.digest = 'sha-2'
    const pulled = await ask('/api/pull', { model: 'llama3.2' })
    await pulled.text().catch(() => undefined)

    expect(await via()).toBe('miss')
  })

  test.each([true, false])(
    'a model that ends its streams without a reason is passed on as it is, as a stream: %j',
    async (stream) => {
      const chunk = { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] }
      const said = `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`
      const headers = { 'content-type': 'text/event-stream' }
      proxy = make({ fetch: async () => new Response(said, { headers }), digests: false })

      const response = await ask('/v1/chat/completions', { ...CHAT, stream })
      const text = await response.text()

      expect(response.status).toBe(200)
      if (stream) expect(text).toBe(said)
      else expect(JSON.parse(text)).toMatchObject({ choices: [{ message: { content: 'Hi' } }] })
    },
  )

  test('an event of several lines of data is passed on as one', async () => {
    const chunk = { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] }
    const lines = JSON.stringify(chunk, null, 1).split('\n')
    const said = `${lines.map((line) => `data: ${line}\n`).join('')}\ndata: [DONE]\n\n`
    const headers = { 'content-type': 'text/event-stream' }
    proxy = make({ fetch: async () => new Response(said, { headers }), digests: false })

    const response = await ask('/v1/chat/completions', { ...CHAT, stream: true })

    expect(await response.text()).toBe(said)
  })

  test('lists in the parts of a stream are joined for a client that wants a whole answer', async () => {
    const detail = (text: string) => ({ reasoning_details: [{ type: 'reasoning.text', text }] })
    const deltas = [detail('One'), detail('two'), { content: 'Hi' }, {}]
    const events = deltas.map((delta, i) => {
      return { choices: [{ index: 0, delta, finish_reason: i === 3 ? 'stop' : null }] }
    })
    const said = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
    const headers = { 'content-type': 'text/event-stream' }
    proxy = make({ fetch: async () => new Response(said, { headers }), digests: false })

    const response = await ask('/v1/chat/completions', CHAT)
    const { reasoning_details: first } = detail('One')
    const { reasoning_details: second } = detail('two')

    const message = { content: 'Hi', reasoning_details: [...first, ...second] }
    expect(await response.json()).toMatchObject({ choices: [{ message }] })
  })

  test.each(ROUTES)(
    'an answer that a model formats over several lines becomes a stream of one line per part: %s',
    async (path, body) => {
      const fetch = async (request: Request) => {
        const whole = await request.json()
        const sent = JSON.stringify({ ...(whole as object), stream: false })
        const answer = await upstream.fetch(
          new Request(request.url, { method: 'POST', body: sent }),
        )
        return new Response(JSON.stringify(await answer.json(), null, 2), {
          headers: { 'content-type': 'application/json' },
        })
      }
      proxy = make({ fetch, digests: false })

      const streamed = await ask(path, { ...body, stream: true })

      const lines = (await streamed.text()).split('\n').filter((line) => line.includes('{'))
      const parts = lines.map((line) => JSON.parse(line.replace(/^data: /, '')))
      expect(JSON.stringify(parts)).toContain('Grüezi')
    },
  )

  describe.each(ROUTES)('%s', (path, body) => {
    test.each<[Behaviour, string]>([
      ['cut', 'The model sent no whole answer'],
      ['error', path.startsWith('/v1') ? 'overloaded' : 'out of memory'],
    ])(
      'an answer that is cut off (%j) looks whole to no client, first or joined',
      async (behaviour, told) => {
        upstream.behaviour = behaviour
        const held = Promise.withResolvers<void>()
        upstream.gate = (message) => (message === 1 ? held.promise : Promise.resolve())
        const streams = [ask(path, { ...body, stream: true }), ask(path, { ...body, stream: true })]
        await eventually(() => expect(questions()).toBe(1))
        const whole = ask(path, { ...body, stream: false })
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
        held.resolve()

        for (const response of await Promise.all(streams)) {
          const text = await response.text()
          expect(text).toContain(told)
          expect(text).not.toContain('[DONE]')
        }
        const { status, headers } = await whole
        expect(await (await whole).text()).toContain(told)
        expect([status, headers.get('content-type')]).toEqual([
          502,
          expect.stringContaining('application/json'),
        ])
        expect(questions()).toBe(1)
      },
    )

    test.each([undefined, 'text/plain; charset=utf-8', 'application/jsonl'])(
      'a requested stream is read as a stream, whatever its content type is: %s',
      async (type) => {
        const fetch = async (request: Request) => {
          const { body } = await upstream.fetch(request)
          return new Response(body, { headers: type === undefined ? {} : { 'content-type': type } })
        }
        proxy = make({ fetch, digests: false })
        const streamed = { ...body, stream: true }
        const request = { method: 'POST', body: JSON.stringify(streamed) }
        const direct = await upstream.fetch(new Request(`http://model.test${path}`, request))

        const response = await ask(path, streamed)

        expect(response.headers.get('content-type')).toMatch(/event-stream|ndjson/)
        const [text, expected] = [await response.text(), await direct.text()]
        expect(text.replace(/chatcmpl-\w+/g, 'id')).toBe(expected.replace(/chatcmpl-\w+/g, 'id'))
      },
    )

    test.each([
      ['<h1>Log in</h1>', 'text/html'],
      ['', 'application/json'],
      ['{"detail":"nothing"}', 'application/json'],
    ])('a response that is no answer (%j) is not given as a stream', async (text, type) => {
      const fetch = async () => new Response(text, { headers: { 'content-type': type } })
      proxy = make({ fetch, digests: false })

      const response = await ask(path, { ...body, stream: true })

      expect(response.status).toBe(502)
      expect(await response.text()).toContain('The model sent no whole answer')
    })
  })
})
