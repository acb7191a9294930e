import { env, exports } from 'cloudflare:workers'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
import { type ConfigurationError, RedisCacheManager } from 'nearcache'
import { LLMResponseCache } from 'nearcache/llm'
import { llmProxy } from 'nearcache/llm/proxy'
import { workersPlatform } from 'nearcache/platform/workers'
import { durableTransport } from 'nearcache/redis/durable'
import { Ollama } from 'ollama/browser'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../workers/app.ts'
import { compose } from '../../workers/compose.ts'
import { readEnv } from '../../workers/env.ts'
import { eventually } from '../support/eventually.ts'
import { llmUpstream } from '../support/llm-upstream.ts'
import { call } from './mailbox.ts'

const TOKEN = 'test-llm-token-0123'
const messages = [{ role: 'user' as const, content: 'Hello' }]

/** Sends what a client sends to the Worker, without a network. */
const toWorker = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(new Request(input, init))

async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const part of parts) all.push(part)
  return all
}

/** The runtime warns about `text()` if the content type is not a known text type. */
async function textOf(response: Response): Promise<string> {
  return new TextDecoder().decode(await response.arrayBuffer())
}

/** How often a model was asked. Counted by name: other files run at the same time and ask the same server. */
async function questions(model: string): Promise<number> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  const response = await call(`/llm/v1/models/${model}`, { headers })
  return (await response.json<{ questions: number }>()).questions
}

describe('the /llm routes', () => {
  test('nobody may ask without the token', async () => {
    for (const path of ['/llm/api/chat', '/llm/v1/chat/completions', '/llm/api/pull']) {
      const { status, headers } = await call(path, { method: 'POST', body: '{}' })
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
  })

  test('the client of Ollama streams the same parts twice, for one question', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const client = new Ollama({ host: 'https://mail.example/llm', fetch: toWorker, headers })
    const ask = () => client.chat({ model: 'llama3.2:3b', messages, stream: true, think: true })
    const before = await questions('llama3.2:3b')

    const first = await collect(await ask())
    await eventually(async () => expect(await collect(await ask())).toEqual(first))

    expect(first.map(({ message }) => message.content).join('')).toContain('日本')
    expect(await questions('llama3.2:3b')).toBe(before + 1)
  })

  test('the client of OpenAI streams the same deltas twice, for one question', async () => {
    const baseURL = 'https://mail.example/llm/v1'
    const client = new OpenAI({
      baseURL,
      apiKey: TOKEN,
      fetch: toWorker,
      dangerouslyAllowBrowser: true,
    })
    const ask = async () =>
      collect(await client.chat.completions.create({ model: 'gpt', messages, stream: true }))
    const before = await questions('gpt')

    const first = await ask()
    const second = await ask()

    const deltas = (chunks: typeof first): unknown => chunks.map(({ choices }) => choices)
    expect(deltas(second)).toEqual(deltas(first))
    expect(second[0]?.id).not.toBe(first[0]?.id)
    expect(await questions('gpt')).toBe(before + 1)
  })

  test('the AI SDK streams the same text twice, for one question', async () => {
    const provider = createOpenAICompatible({
      name: 'nearcache',
      baseURL: 'https://mail.example/llm/v1',
      apiKey: TOKEN,
      fetch: toWorker,
    })
    const ask = () => collect(streamText({ model: provider('sdk'), prompt: 'Hello' }).textStream)
    const before = await questions('sdk')

    const first = await ask()
    const second = await ask()

    expect(second).toEqual(first)
    expect(await questions('sdk')).toBe(before + 1)
  })

  test('embeddings come back the same, text by text', async () => {
    const baseURL = 'https://mail.example/llm/v1'
    const client = new OpenAI({
      baseURL,
      apiKey: TOKEN,
      fetch: toWorker,
      dangerouslyAllowBrowser: true,
    })
    const ask = (input: string[]) => client.embeddings.create({ model: 'embed', input })
    const first = await ask(['a', 'b'])
    const before = await questions('embed')

    const second = await ask(['b', 'a'])

    expect(second.data.map(({ embedding }) => embedding)).toEqual(
      first.data.map(({ embedding }) => embedding).toReversed(),
    )
    expect(await questions('embed')).toBe(before)
  })

  test('twenty concurrent requests ask the model once', async () => {
    const body = JSON.stringify({
      model: 'llama3.2:3b',
      messages: [{ role: 'user', content: 'All' }],
    })
    const before = await questions('llama3.2:3b')
    const init = { method: 'POST', body, headers: { authorization: `Bearer ${TOKEN}` } }

    const responses = await Promise.all(
      Array.from({ length: 20 }, () => call('/llm/api/chat', init)),
    )
    const texts = await Promise.all(responses.map(textOf))

    expect(new Set(texts).size).toBe(1)
    expect(await questions('llama3.2:3b')).toBe(before + 1)
  })

  test('a question in nearly the same words gets the answer, and one that differs in what matters does not', async () => {
    const ask = async (content: string): Promise<string | null> => {
      const body = { model: 'match', messages: [{ role: 'user', content }], temperature: 0 }
      const headers = { authorization: `Bearer ${TOKEN}` }
      const init = { method: 'POST', body: JSON.stringify(body), headers }
      const response = await call('/llm/v1/chat/completions', init)
      await response.text()
      return response.headers.get('x-nearcache')
    }
    expect(await ask('How do I reset the password of my account 7?')).toBe('miss')

    await eventually(async () =>
      expect(await ask('How can I reset the password of my account 7?')).toBe('semantic'),
    )
    expect(await ask('How do I reset the password of my account 8?')).toBe('miss')
  })

  test('a question of OpenAI is not answered with what was asked of Ollama', async () => {
    const ask = (path: string) =>
      call(path, {
        method: 'POST',
        body: JSON.stringify({ model: 'both', messages, stream: false }),
        headers: { authorization: `Bearer ${TOKEN}` },
      })
    await textOf(await ask('/llm/api/chat'))

    const response = await ask('/llm/v1/chat/completions')

    expect(response.headers.get('x-nearcache')).toBe('miss')
    expect(await response.json()).toMatchObject({ object: 'chat.completion' })
  })
})

describe('the environment of the /llm routes', () => {
  const problemsOf = (settings: object): readonly string[] => {
    try {
      readEnv({ ...env, ...settings })
      return []
    } catch (error) {
      return (error as ConfigurationError).problems
    }
  }

  test.each([
    [{ LLM_TOKEN: '' }, ['OLLAMA_BASE_URL']],
    [{ LLM_TOKEN: '', OPENAI_API_KEY: 'sk-1' }, ['OLLAMA_BASE_URL', 'OPENAI_API_KEY']],
    [{ LLM_TOKEN: '', OLLAMA_BASE_URL: '' }, []],
    [{ LLM_TOKEN: 'short' }, ['LLM_TOKEN']],
    [{ LLM_MATCHING: 'meaning' }, ['AI']],
    [{ LLM_MATCHING: 'all' }, ['LLM_MATCHING']],
    [{ OLLAMA_BASE_URL: 'localhost' }, ['OLLAMA_BASE_URL']],
    [{ LLM_REQUESTS_PER_MINUTE: '0' }, ['LLM_REQUESTS_PER_MINUTE']],
    [{ LLM_REQUESTS_PER_MINUTE: '60' }, []],
  ])('%o has its problems told by name', (settings, names) => {
    expect(problemsOf(settings).map((problem) => problem.split(' ')[0])).toEqual(names)
  })

  test('a limit per minute holds for the tenant, and says when to retry', async () => {
    const app = createApp(compose(readEnv({ ...env, LLM_REQUESTS_PER_MINUTE: '2' })))
    const headers = { authorization: `Bearer ${TOKEN}` }
    const ask = () => app.request('/llm/v1/models', { headers })

    const responses = [await ask(), await ask(), await ask()]

    expect(responses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(Number(responses[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('without a model there are no routes', async () => {
    const none = { OLLAMA_BASE_URL: '', OPENAI_BASE_URL: '' }
    const app = createApp(compose(readEnv({ ...env, ...none })))

    expect((await app.request('/llm/v1/models')).status).toBe(404)
  })
})

describe('the proxy in workerd', () => {
  test('a client that disconnects does not affect those who have joined', async () => {
    const upstream = llmUpstream()
    const redis = durableTransport({ namespace: env.REDIS, name: 'llm-proxy' })
    const platform = workersPlatform()
    const cache = new LLMResponseCache({
      cache: new RedisCacheManager({ redis, platform }),
      platform,
    })
    const proxy = llmProxy({ cache, ollama: 'http://model.test', platform, fetch: upstream.fetch })
    const held = Promise.withResolvers<void>()
    upstream.gate = (message) => (message < 2 ? Promise.resolve() : held.promise)
    const ask = () =>
      proxy.request('/api/chat', {
        method: 'POST',
        body: JSON.stringify({ model: 'llama3.2', messages: [{ role: 'user', content: 'Leave' }] }),
      })
    const leader = await ask()
    const reader = leader.body?.getReader()
    await reader?.read()
    const follower = await ask()
    await reader?.cancel()
    held.resolve()

    expect(follower.headers.get('x-nearcache')).toBe('coalesced')
    expect(await textOf(follower)).toContain('"done":true')
    expect(upstream.questions).toHaveLength(1)
    expect(upstream.abandoned).toBe(0)
  })
})
