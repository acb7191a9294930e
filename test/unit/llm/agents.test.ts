import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, jsonSchema, tool, wrapLanguageModel } from 'ai'
import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { cacheMiddleware } from '../../../src/llm/ai/index.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { llmProxy } from '../../../src/llm/proxy/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { eventually } from '../../support/eventually.ts'
import { llmUpstream } from '../../support/llm-upstream.ts'

const MODEL = 'http://model.test'

/** A model that first calls a tool, and answers when it has the result. */
function agentModel() {
  const upstream = llmUpstream()
  const fetch = async (request: Request): Promise<Response> => {
    upstream.behaviour = (await request.clone().text()).includes('sunny') ? 'whole' : 'tools'
    return upstream.fetch(request)
  }
  const cache = new LLMResponseCache({
    cache: new RedisCacheManager({ redis: embeddedTransport() }),
  })
  const proxy = llmProxy({ cache, ollama: MODEL, fetch })
  const stored = (count: number) =>
    eventually(() => expect(cache.getCacheStats().generated).toBe(count))
  return { upstream, fetch, cache, proxy, stored }
}

test.each(['proxy', 'middleware'])(
  'an agent that runs again gets each of its answers from the cache (%s)',
  async (place) => {
    const { upstream, fetch, cache, proxy, stored } = agentModel()
    const provider = createOpenAICompatible({
      name: 'nearcache',
      baseURL: `${MODEL}/v1`,
      fetch: async (input, init) => {
        const request = new Request(input, init)
        return place === 'proxy' ? proxy.fetch(request) : fetch(request)
      },
    })
    const plain = provider('llama3.2')
    const model =
      place === 'proxy'
        ? plain
        : wrapLanguageModel({ model: plain, middleware: cacheMiddleware({ cache }) })
    const inputSchema = jsonSchema<object>({ type: 'object', properties: {} })
    const weather = tool({ inputSchema, execute: async () => 'sunny' })
    const run = () =>
      generateText({ model, prompt: 'Weather?', tools: { weather }, stopWhen: isStepCount(3) })

    const first = await run()
    await stored(2)
    const second = await run()

    expect(first.steps).toHaveLength(2)
    expect(second.text).toBe(first.text)
    expect(upstream.questions).toHaveLength(2)
  },
)

const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })
const result = (id: string, content: string) => ({ role: 'tool', tool_call_id: id, content })

test.each(['/api/chat', '/v1/chat/completions'])(
  'of the ids of tool calls, only which result belongs to which call is part of the question (%s)',
  async (path) => {
    const { upstream, proxy, stored } = agentModel()
    const ask = (calls: readonly [string, string], results: readonly [string, string]) => {
      const messages = [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', content: '', tool_calls: calls.map(call) },
        result(results[0], 'sunny'),
        result(results[1], 'rainy'),
      ]
      const body = JSON.stringify({ model: 'llama3.2', messages, stream: false })
      return proxy.request(path, { method: 'POST', body })
    }

    await (await ask(['a', 'b'], ['a', 'b'])).text()
    await stored(1)
    await (await ask(['c', 'd'], ['c', 'd'])).text()
    expect(upstream.questions).toHaveLength(1)

    await (await ask(['a', 'b'], ['b', 'a'])).text()
    expect(upstream.questions).toHaveLength(2)
  },
)

test('a call of a custom tool is whole for a client without streaming, and its message as the model sends it', async () => {
  const deltas = [
    { role: 'assistant', content: null, refusal: null },
    { tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: '' } }] },
    { tool_calls: [{ index: 0, custom: { input: 'select ' } }] },
    { tool_calls: [{ index: 0, custom: { input: '1' } }] },
    {},
  ]
  const events = deltas.map((delta, at) => {
    const finish_reason = at === deltas.length - 1 ? 'tool_calls' : null
    return `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  })
  const { cache, stored } = agentModel()
  const headers = { 'content-type': 'text/event-stream' }
  const fetch = async () => new Response(`${events.join('')}data: [DONE]\n\n`, { headers })
  const proxy = llmProxy({ cache, ollama: MODEL, fetch })
  const ask = (stream: boolean) => {
    const messages = [{ role: 'user', content: 'How many?' }]
    const body = JSON.stringify({ model: 'gpt-5', messages, stream })
    return proxy.request('/v1/chat/completions', { method: 'POST', body })
  }
  await (await ask(true)).text()
  await stored(1)

  const { choices } = (await (await ask(false)).json()) as {
    readonly choices: readonly { readonly message: unknown }[]
  }

  const custom = { name: 'sql', input: 'select 1' }
  const tool_calls = [{ id: expect.any(String), type: 'custom', custom }]
  expect(choices[0]?.message).toEqual({
    role: 'assistant',
    content: null,
    refusal: null,
    tool_calls,
  })
})
