import { getEventListeners } from 'node:events'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, jsonSchema, streamText, tool, wrapLanguageModel } from 'ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { type Listening, listen } from '../../../src/cli/server.ts'
import { cacheMiddleware } from '../../../src/llm/ai/index.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { llmProxy } from '../../../src/llm/proxy/index.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { eventually } from '../../support/eventually.ts'
import { llmUpstream } from '../../support/llm-upstream.ts'

const platform = webPlatform()
const WEATHER = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object' as const, properties: {} } },
}

describe('real clients on Node', () => {
  const upstream = llmUpstream()
  let servers: Listening[] = []
  let cache: LLMResponseCache
  let proxy = llmProxy({ ollama: 'http://unused.test' })
  let base = ''
  let modelUrl = ''

  beforeAll(async () => {
    const host = '127.0.0.1'
    const model = await listen({
      fetch: (request) => upstream.fetch(request),
      host,
      port: 0,
      platform,
    })
    const front = await listen({
      fetch: (request) => proxy.fetch(request),
      host,
      port: 0,
      platform,
    })
    servers = [model, front]
    modelUrl = `http://${host}:${model.port}`
    base = `http://${host}:${front.port}`
  })

  afterAll(() => Promise.all(servers.map((server) => server.close(0))))

  beforeEach(() => {
    cache = new LLMResponseCache({ cache: new RedisCacheManager({ redis: embeddedTransport() }) })
    proxy = llmProxy({ cache, ollama: modelUrl })
    Object.assign(upstream, { behaviour: 'whole', gate: undefined })
    upstream.questions.length = 0
  })

  const stored = (count = 1) =>
    eventually(() => expect(cache.getCacheStats().generated).toBe(count))

  /** Runs the same call twice: the second time the model must not be asked. */
  async function twice<T>(run: () => Promise<T>): Promise<[T, T]> {
    const first = await run()
    await stored()
    // Deferred writes are complete when the same question is a hit.
    const second = await run()
    expect(upstream.questions).toHaveLength(1)
    return [first, second]
  }

  async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
    const all: T[] = []
    for await (const part of parts) all.push(part)
    return all
  }

  describe('ollama', () => {
    const messages = [{ role: 'user', content: 'Hello' }]
    const client = () => new Ollama({ host: base })

    test.each(['whole', 'tools'] as const)(
      'chat streams the same parts twice (%s)',
      async (behaviour) => {
        upstream.behaviour = behaviour
        const tools = behaviour === 'tools' ? [WEATHER] : []
        const [first, second] = await twice(async () =>
          collect(
            await client().chat({ model: 'llama3.2', messages, tools, stream: true, think: true }),
          ),
        )

        const plain = (parts: object): string => JSON.stringify(parts).replace(/call_\w+/g, 'call')
        expect(plain(second)).toBe(plain(first))
        expect(first.length).toBeGreaterThan(3)
      },
    )

    test('generate and chat answer the same twice, without a stream', async () => {
      const [first, second] = await twice(() =>
        client().generate({ model: 'llama3.2', prompt: 'Hi' }),
      )

      expect(second).toEqual(first)
      expect(first.response).toContain('Grüezi')
    })

    test('embed answers the same twice, and asks only for missing texts', async () => {
      const model = 'embed'
      const [first, second] = await twice(() => client().embed({ model, input: ['a', 'b'] }))
      const third = await client().embed({ model, input: ['b', 'c', 'a'] })
      const direct = await new Ollama({ host: modelUrl }).embed({ model, input: ['b', 'c', 'a'] })

      expect(second.embeddings).toEqual(first.embeddings)
      expect(third.embeddings.map((vector) => vector.map(Math.fround))).toEqual(direct.embeddings)
      expect(upstream.questions[1]?.body['input']).toEqual(['c'])
    })

    test('the older embeddings answer the same twice, to the last digit', async () => {
      const run = () => client().embeddings({ model: 'embed', prompt: ' white space\n' })
      const [first, second] = await twice(run)

      expect(second).toEqual(first)
      expect(
        await new Ollama({ host: modelUrl }).embeddings({
          model: 'embed',
          prompt: ' white space\n',
        }),
      ).toEqual(first)
    })

    test('an error of the model reaches the client as it is', async () => {
      upstream.behaviour = { status: 404 }

      const asked = client().chat({ model: 'none', messages })

      await expect(asked).rejects.toMatchObject({ status_code: 404, error: 'model not found' })
    })

    test('an error in the middle of a stream reaches the client as an error, twice', async () => {
      upstream.behaviour = 'error'
      for (const _ of [1, 2]) {
        const parts = client().chat({ model: 'llama3.2', messages, stream: true })
        await expect(parts.then(collect)).rejects.toThrow('out of memory')
      }
      expect(upstream.questions).toHaveLength(2)
    })

    test('a client that aborts ends the generation if no other client reads', async () => {
      upstream.gate = (message) => (message < 2 ? Promise.resolve() : new Promise(() => undefined))
      const parts = await client().chat({ model: 'llama3.2', messages, stream: true })
      for await (const _ of parts) break
      parts.abort()

      await eventually(() => expect(cache.getCacheStats().abandoned).toBe(1))
    })

    test('lists models, as the model does', async () => {
      expect((await client().list()).models).toHaveLength(3)
    })
  })

  describe('openai', () => {
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const client = () => new OpenAI({ baseURL: `${base}/v1`, apiKey: 'key', maxRetries: 0 })

    test.each(['whole', 'tools'] as const)(
      'streams the same deltas twice (%s)',
      async (behaviour) => {
        upstream.behaviour = behaviour
        const [first, second] = await twice(async () =>
          collect(
            await client().chat.completions.create({
              model: 'llama3.2',
              messages,
              stream: true,
              stream_options: { include_usage: true },
              reasoning_effort: 'low',
            }),
          ),
        )

        const plain = (parts: object[]): string =>
          JSON.stringify(parts.map((part) => ({ ...part, id: '', created: 0 }))).replace(
            /call_\w+/g,
            'call',
          )
        expect(plain(second)).toBe(plain(first))
        expect(second[0]?.id).not.toBe(first[0]?.id)
        expect(second.at(-1)?.usage?.prompt_tokens).toBe(26)
      },
    )

    test('the stream helper puts the same message together twice', async () => {
      upstream.behaviour = 'tools'
      const [first, second] = await twice(() =>
        client()
          .chat.completions.stream({ model: 'llama3.2', messages, tools: [WEATHER] })
          .finalChatCompletion(),
      )

      const calls = second.choices[0]?.message.tool_calls
      expect(calls?.map((call) => call.type === 'function' && call.function.arguments)).toEqual(
        first.choices[0]?.message.tool_calls?.map(
          (call) => call.type === 'function' && call.function.arguments,
        ),
      )
      expect(calls?.[0]?.id).not.toBe(first.choices[0]?.message.tool_calls?.[0]?.id)
    })

    test('answers as a whole what arrived as a stream, and the other way round', async () => {
      const ask = { model: 'llama3.2', messages } as const
      const streamed = await collect(
        await client().chat.completions.create({ ...ask, stream: true }),
      )
      await stored()
      const whole = await client().chat.completions.create(ask)

      expect(whole.choices[0]?.message.content).toBe(
        streamed.map(({ choices }) => choices[0]?.delta.content ?? '').join(''),
      )
      expect(whole.usage?.total_tokens).toBe(31)
      expect(upstream.questions).toHaveLength(1)
    })

    test('embeddings answer the same twice, as base64 and as numbers', async () => {
      const ask = { model: 'embed', input: ['a', 'b'] }
      const [first, second] = await twice(() => client().embeddings.create(ask))
      const numbers = await client().embeddings.create({ ...ask, encoding_format: 'float' })

      expect(second).toEqual(first)
      expect(numbers.data.map(({ embedding }) => embedding.map(Math.fround))).toEqual(
        first.data.map(({ embedding }) => embedding),
      )
      expect(upstream.questions).toHaveLength(1)
    })

    test('an error of the model reaches the client as it is', async () => {
      upstream.behaviour = { status: 404 }

      await expect(
        client().chat.completions.create({ model: 'none', messages }),
      ).rejects.toMatchObject({
        status: 404,
        code: 'model_not_found',
      })
    })

    test('an error in the middle of a stream reaches the client as an error', async () => {
      upstream.behaviour = 'error'
      const parts = client().chat.completions.create({ model: 'llama3.2', messages, stream: true })

      await expect(parts.then(collect)).rejects.toThrow('overloaded')
    })
  })

  describe('the AI SDK', () => {
    const provider = (url: string) =>
      createOpenAICompatible({ name: 'nearcache', baseURL: `${url}/v1`, includeUsage: true })
    const weather = tool({
      description: 'Weather',
      inputSchema: jsonSchema<object>({ type: 'object', properties: {} }),
    })

    test('streams the same text twice through the proxy', async () => {
      const [first, second] = await twice(() =>
        collect(streamText({ model: provider(base)('llama3.2'), prompt: 'Hello' }).textStream),
      )

      expect(second).toEqual(first)
      expect(first.join('')).toContain('日本')
    })

    test('streams, with the middleware, the same parts twice, dates and reasoning included', async () => {
      const model = wrapLanguageModel({
        model: provider(modelUrl)('llama3.2'),
        middleware: cacheMiddleware({ cache }),
      })
      const run = () =>
        model.doStream({
          prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
          reasoning: 'low',
        })
      const [first, second] = await twice(async () => collect((await run()).stream))

      expect(second).toEqual(first)
      const metadata = second.find(({ type }) => type === 'response-metadata')
      expect(metadata).toMatchObject({ timestamp: expect.any(Date) })
      expect(second.some(({ type }) => type === 'reasoning-delta')).toBe(true)
    })

    test('calls tools, with the middleware, by ids that are never the same', async () => {
      upstream.behaviour = 'tools'
      const model = wrapLanguageModel({
        model: provider(modelUrl)('llama3.2'),
        middleware: cacheMiddleware({ cache }),
      })
      const [first, second] = await twice(() =>
        generateText({ model, prompt: 'Weather?', tools: { weather: weather as never } }),
      )

      const calls = [first, second].map(({ toolCalls }) => toolCalls.map(({ input }) => input))
      expect(calls[1]).toEqual(calls[0])
      expect(second.toolCalls[0]?.toolCallId).not.toBe(first.toolCalls[0]?.toolCallId)
    })

    test('generates, with the middleware, the same twice, and never a truncated answer', async () => {
      const model = wrapLanguageModel({
        model: provider(modelUrl)('llama3.2'),
        middleware: cacheMiddleware({ cache }),
      })
      const [first, second] = await twice(() => generateText({ model, prompt: 'Hello' }))
      expect(second.text).toBe(first.text)
      expect(second.usage.inputTokens).toBe(26)

      upstream.behaviour = 'length'
      for (const _ of [1, 2]) await generateText({ model, prompt: 'Count' })
      expect(upstream.questions).toHaveLength(3)
    })

    test('with the middleware, a reader that leaves ends no other answer, and the last one aborts the model', async () => {
      const held = Promise.withResolvers<void>()
      upstream.gate = (message) => (message < 2 ? Promise.resolve() : held.promise)
      const signals: (AbortSignal | null | undefined)[] = []
      const watched = createOpenAICompatible({
        name: 'nearcache',
        baseURL: `${modelUrl}/v1`,
        fetch: (input, init) => {
          signals.push(init?.signal)
          return fetch(input, init)
        },
      })
      const model = wrapLanguageModel({
        model: watched('llama3.2'),
        middleware: cacheMiddleware({ cache }),
      })
      const ask = (text: string, abortSignal?: AbortSignal) => {
        const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text }] }]
        return model.doStream({ prompt, ...(abortSignal && { abortSignal }) })
      }
      const alone = await ask('Alone')
      const leaving = new AbortController()
      const first = await ask('Hello', leaving.signal)
      const second = await ask('Hello')

      await alone.stream.cancel()
      leaving.abort()
      await expect(collect(first.stream)).rejects.toThrow(/aborted/)
      held.resolve()
      const parts = await collect(second.stream)

      expect(parts.at(-1)).toMatchObject({ type: 'finish', finishReason: { unified: 'stop' } })
      expect(signals.map((signal) => signal?.aborted)).toEqual([true, false])
    })

    test('with the middleware, structured answers and tool calls are stored only if they can be parsed', async () => {
      const model = wrapLanguageModel({
        model: provider(modelUrl)('llama3.2'),
        middleware: cacheMiddleware({ cache }),
      })
      const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] }]
      const schema = { type: 'object' as const, required: ['a'] }
      const ask = async (text: string) => {
        upstream.tokens = [text]
        const responseFormat = { type: 'json' as const, schema }
        await model.doGenerate({ prompt, responseFormat })
        await collect((await model.doStream({ prompt, responseFormat })).stream)
      }
      for (const text of ['Sorry', '{"b":1}', '{"a":1}']) await ask(text)
      expect(cache.getCacheStats()).toMatchObject({ generated: 6, unstored: { malformed: 4 } })

      const broken = cacheMiddleware({ cache })
      const call = { type: 'tool-call', toolCallId: 'a', toolName: 'f', input: '{"city":' }
      const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } }
      // Some servers end an answer that calls tools as if it were a text.
      for (const unified of ['tool-calls', 'stop']) {
        const finishReason = { unified, raw: undefined }
        const doGenerate = async () => ({ content: [call], finishReason, usage })
        const called = { provider: 'p', modelId: 'm', doGenerate }
        await broken.wrapGenerate({ doGenerate, params: { prompt }, model: called })
      }
      expect(cache.getCacheStats()).toMatchObject({ generated: 8, unstored: { malformed: 6 } })
    })

    test('with the middleware, a stream that fails leaves no listener on the signal of its call', async () => {
      const pull = () => Promise.reject(new Error('cut'))
      const doStream = async () => ({ stream: new ReadableStream<{ type: string }>({ pull }) })
      const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] }]
      const params = { prompt, abortSignal: new AbortController().signal }
      const model = { provider: 'p', modelId: 'm', doStream }

      const { stream } = await cacheMiddleware({ cache }).wrapStream({ doStream, params, model })

      await expect(collect(stream)).rejects.toThrow('cut')
      expect(getEventListeners(params.abortSignal, 'abort')).toEqual([])
    })

    test('with the middleware, an error part is passed on whatever its error holds', async () => {
      const error = Object.assign(new Error('overloaded'), { request: {} })
      Object.assign(error.request, { error })
      const finishReason = { unified: 'error', raw: undefined }
      const parts = [
        { type: 'error', error },
        { type: 'finish', finishReason },
      ]
      const start = (controller: ReadableStreamDefaultController<{ type: string }>): void => {
        for (const part of parts) controller.enqueue(part)
        controller.close()
      }
      const doStream = async () => ({ stream: new ReadableStream({ start }) })
      const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi' }] }]
      const model = { provider: 'p', modelId: 'm', doStream }

      const call = { doStream, params: { prompt }, model }
      const { stream } = await cacheMiddleware({ cache }).wrapStream(call)

      await expect(collect(stream)).resolves.toEqual(parts)
      expect(cache.getCacheStats()).toMatchObject({ unstored: { failed: 1 } })
    })

    test('with the middleware, the SDK asks a busy model again for a stream too, and gives its headers', async () => {
      let isBusy = true
      const busy = createOpenAICompatible({
        name: 'nearcache',
        baseURL: `${modelUrl}/v1`,
        fetch: async (input, init) => {
          if (!isBusy) return fetch(input, init)
          isBusy = false
          return Response.json({ error: {} }, { status: 503, headers: { 'retry-after-ms': '1' } })
        },
      })
      const middleware = cacheMiddleware({ cache })
      const model = wrapLanguageModel({ model: busy('llama3.2'), middleware })
      const errors: unknown[] = []

      const { textStream, response } = streamText({
        model,
        prompt: 'Hello',
        onError: ({ error }) => void errors.push(error),
      })

      expect((await collect(textStream)).join('')).not.toBe('')
      expect(errors).toEqual([])
      expect((await response).headers).toHaveProperty('content-type')
    })

    test('a setting that matters, with the middleware, makes another question', async () => {
      const model = wrapLanguageModel({
        model: provider(modelUrl)('llama3.2'),
        middleware: cacheMiddleware({ cache }),
      })
      const variants = [
        {},
        { temperature: 0 },
        { seed: 1 },
        { maxOutputTokens: 9 },
        { instructions: 'Be brief' },
      ]
      for (const settings of variants) await generateText({ model, prompt: 'Hello', ...settings })

      expect(upstream.questions).toHaveLength(variants.length)
    })
  })
})

test('the middleware refuses a misspelled option: two tenants would share answers', () => {
  expect(() => cacheMiddleware({ tenantId: 'acme' } as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'options.tenantId' }),
  )
})
