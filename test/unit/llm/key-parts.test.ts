import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { type LLMRequestOptions, LLMResponseCache } from '../../../src/llm/index.ts'
import type { Body } from '../../../src/llm/proxy/dialect.ts'
import { llmProxy } from '../../../src/llm/proxy/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { llmUpstream } from '../../support/llm-upstream.ts'
import { turns as takeTurns } from '../../support/turns.ts'

/** A question for each surface, with changes that change the answer and changes that do not. */
const SURFACES: Readonly<
  Record<
    string,
    { readonly body: Body; readonly matters: readonly Body[]; readonly aside: readonly Body[] }
  >
> = {
  '/api/generate': {
    body: { model: 'm:1', prompt: 'Why is the sky blue?', options: { seed: 1 } },
    matters: [
      { model: 'm:2' },
      { prompt: 'Why is the sea blue?' },
      { suffix: 'end' },
      { system: 'Be brief' },
      { template: '{{ .Prompt }}' },
      { raw: true },
      { context: [1, 2] },
      { images: ['aGk='] },
      { format: 'json' },
      { format: { type: 'object' } },
      { think: true },
      { think: 'high' },
      { truncate: false },
      { shift: false },
      { logprobs: true },
      { logprobs: true, top_logprobs: 3 },
      ...optionsThatMatter(),
    ],
    aside: [
      { stream: true },
      { stream: false },
      { keep_alive: '5m' },
      { keep_alive: -1 },
      { prompt: '  Why is the sky blue?\r\n' },
      { prompt: 'why is the sky blue' },
      { system: null },
      ...optionsAside(),
    ],
  },
  '/api/chat': {
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be kind' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: 'Why is the sky blue?' },
      ],
      options: { seed: 1 },
    },
    matters: [
      { model: 'm:2' },
      { messages: [{ role: 'user', content: 'Why is the sky blue?' }] },
      { messages: turns('Be cruel', 'Hi', 'Hello') },
      { messages: turns('Be kind', 'Hey', 'Hello') },
      { messages: turns('Be kind', 'Hi', 'Hello!') },
      { messages: [...turns('Be kind', 'Hi', 'Hello'), { role: 'assistant', content: '' }] },
      { messages: turns('Be kind', 'Hi', 'Hello', { images: ['aGk='] }) },
      { format: 'json' },
      { think: true },
      { tools: [{ type: 'function', function: { name: 'a' } }] },
      { tools: [{ type: 'function', function: { name: 'b' } }] },
      { logprobs: true },
      ...optionsThatMatter(),
    ],
    aside: [
      { model: 'm:latest' },
      { stream: true },
      { stream: false },
      { keep_alive: '5m' },
      { format: null },
      { messages: turns('Be kind', 'Hi', 'Hello').map(reversed) },
      {
        messages: turns('Be kind', 'Hi', 'Hello').map((turn) => ({
          ...turn,
          role: String(turn['role']).toUpperCase(),
        })),
      },
      ...optionsAside(),
    ],
  },
  '/v1/chat/completions': {
    body: { model: 'gpt', messages: turns('Be kind', 'Hi', 'Hello'), seed: 1 },
    matters: [
      { model: 'gpt-2' },
      { messages: turns('Be cruel', 'Hi', 'Hello') },
      { messages: turns('Be kind', 'Hi', 'Bye') },
      { messages: turns('Be kind', 'Hi', 'Hello', { name: 'Ada' }) },
      { temperature: 0 },
      { temperature: 1 },
      { top_p: 0.5 },
      { n: 2 },
      { stop: ['x'] },
      { stop: ['\r\n'] },
      { stop: ['\n'] },
      { max_tokens: 9 },
      { max_completion_tokens: 9 },
      { presence_penalty: 1 },
      { frequency_penalty: 1 },
      { logit_bias: { '50256': -100 } },
      { logprobs: true },
      { top_logprobs: 2 },
      { seed: 2 },
      { user: 'ada' },
      { response_format: { type: 'json_object' } },
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } } },
      { tools: [{ type: 'function', function: { name: 'a' } }] },
      { tools: [], tool_choice: 'none' },
      { tool_choice: 'required' },
      { parallel_tool_calls: false },
      { reasoning_effort: 'low' },
      { verbosity: 'low' },
      { modalities: ['text'] },
      { web_search_options: {} },
      { some_new_parameter: 1 },
    ],
    aside: [
      { stream: true },
      { stream: true, stream_options: { include_usage: true } },
      { service_tier: 'flex' },
      { prompt_cache_key: 'a' },
      { temperature: null },
      { messages: turns('Be kind', 'Hi', 'Hello').map(reversed) },
    ],
  },
}

function turns(
  system: string,
  first: string,
  answer: string,
  more: object = {},
): Record<string, unknown>[] {
  return [
    { role: 'system', content: system },
    { role: 'user', content: first },
    { role: 'assistant', content: answer },
    { role: 'user', content: 'Why is the sky blue?', ...more },
  ]
}

function reversed(turn: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(turn).toReversed())
}

function optionsThatMatter(): Body[] {
  const options = {
    seed: 2,
    temperature: 0,
    top_k: 1,
    top_p: 0.1,
    min_p: 0.1,
    typical_p: 0.1,
    repeat_last_n: 1,
    repeat_penalty: 2,
    presence_penalty: 1,
    frequency_penalty: 1,
    stop: ['x'],
    num_predict: 9,
    num_ctx: 512,
    num_keep: 4,
  }
  return Object.entries(options).map(([name, value]) => ({ options: { seed: 1, [name]: value } }))
}

function optionsAside(): Body[] {
  const names = ['num_gpu', 'num_thread', 'num_batch', 'main_gpu', 'use_mmap']
  return names.map((name) => ({ options: { [name]: 1, seed: 1 } }))
}

describe('the identity of a question', () => {
  test.each(Object.entries(SURFACES))(
    'for %s, a change that matters causes a miss, and any other change a hit',
    async (path, { body, matters, aside }) => {
      const upstream = llmUpstream({ tokens: ['{}'] })
      const cache = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: embeddedTransport() }),
      })
      const proxy = llmProxy({ cache, ollama: 'http://model.test', fetch: upstream.fetch })
      const ask = async (change: Body): Promise<string | null> => {
        const sent = JSON.stringify({ ...body, ...change })
        const response = await proxy.request(path, { method: 'POST', body: sent })
        expect(response.status).toBe(200)
        await response.text()
        await takeTurns()
        return response.headers.get('x-nearcache')
      }
      expect(await ask({})).toBe('miss')

      const missed = []
      for (const change of matters) missed.push([change, await ask(change)])
      const hits = []
      for (const change of aside) hits.push([change, await ask(change)])

      expect(missed.filter(([, via]) => via !== 'miss')).toEqual([])
      expect(hits.filter(([, via]) => via !== 'hit' && via !== 'normalised')).toEqual([])
    },
  )

  test.each([
    ['/v1/chat/completions', { model: 'm', messages: turns('Be kind', 'Hi', 'Hello') }],
    ['/v1/embeddings', { model: 'embed', input: 'Hi' }],
  ])('the query is sent to the model, and is part of the question: %s', async (path, body) => {
    const urls: string[] = []
    const fetch = (request: Request) => {
      urls.push(request.url)
      return llmUpstream().fetch(request)
    }
    const store = new RedisCacheManager({ redis: embeddedTransport() })
    const cache = new LLMResponseCache({ cache: store })
    const proxy = llmProxy({ cache, ollama: 'http://model.test', digests: false, fetch })
    const vias: (string | null)[] = []
    for (const query of ['?api-version=1', '?api-version=2', '?api-version=1', '']) {
      const request = { method: 'POST', body: JSON.stringify(body) }
      const response = await proxy.request(`${path}${query}`, request)
      await response.text()
      await takeTurns()
      vias.push(response.headers.get('x-nearcache'))
    }

    expect(vias).toEqual(['miss', 'miss', 'hit', 'miss'])
    expect(urls.map((url) => new URL(url).search)).toEqual(['?api-version=1', '?api-version=2', ''])
  })

  test('two questions in the process are the same only if they differ in nothing but the order of members', async ({
    task,
  }) => {
    const cache = new LLMResponseCache({
      cache: new RedisCacheManager({ redis: embeddedTransport() }),
    })
    const words = fc.constantFrom('', 'a', 'b', 'ab', 'A', '1', ':', '"')
    const options = fc.record<LLMRequestOptions>(
      {
        tenant: words,
        system: words,
        promptVersion: words,
        modelDigest: words,
        parameters: fc.dictionary(words, fc.oneof(words, fc.integer({ min: 0, max: 2 })), {
          maxKeys: 2,
        }),
        tools: fc.array(words, { maxLength: 2 }),
        schema: fc.option(words),
        turns: fc.array(words, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    )
    const question = fc.record({ prompt: words, model: fc.constantFrom('m', 'n'), options })
    let pairs = 0
    const keyOf = ({
      prompt,
      model,
      options: given,
    }: {
      prompt: string
      model: string
      options: LLMRequestOptions
    }) => {
      const { tenant = '', system = '', promptVersion = null, modelDigest = null, ...rest } = given
      const { parameters = {}, tools = [], schema = null, turns: before = [] } = rest
      const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))
      return JSON.stringify([
        prompt,
        model,
        tenant,
        system,
        promptVersion,
        modelDigest,
        sorted,
        tools,
        schema,
        before,
      ])
    }
    const store = async (one: Parameters<typeof keyOf>[0], response: string) =>
      cache.cacheLLMResponse(one.prompt, response, one.model, one.options)

    await fc.assert(
      fc.asyncProperty(question, question, async (one, other) => {
        await cache.clearCache()
        await store(one, 'one')
        const hit = await cache.getCachedLLMResponse(other.prompt, other.model, other.options)
        pairs++
        const isExact = hit?.tier === 'exact'
        expect(isExact).toBe(keyOf(one) === keyOf(other))
      }),
      { numRuns: amount(300, 5_000) },
    )
    found(task, 'pairs of questions', { compared: pairs, violations: 0 })
  })
})

describe('tenants', () => {
  test('of all combinations of tenants, models and questions, none gets the answer of another (I9)', async ({
    task,
  }) => {
    const upstream = llmUpstream()
    const cache = new LLMResponseCache({
      cache: new RedisCacheManager({ redis: embeddedTransport() }),
    })
    const proxy = llmProxy({
      cache,
      ollama: 'http://model.test',
      fetch: upstream.fetch,
      digests: false,
    })
    const credentials: Record<string, string>[] = [
      {},
      ...Array.from({ length: amount(8, 30) }, (_, i) => ({ authorization: `Bearer key-${i}` })),
      { authorization: 'bearer key-0' },
      { 'x-api-key': 'Bearer key-0' },
      { 'api-key': 'Bearer key-0' },
      { authorization: 'Bearer key-0', 'x-api-key': 'Bearer key-1' },
    ]
    const paths = ['/api/chat', '/v1/chat/completions', '/api/embed']
    let asked = 0
    let leaks = 0
    for (const [tenant, headers] of credentials.entries()) {
      for (const path of paths) {
        for (const prompt of ['What do I owe?', 'what do I owe', 'Who am I?']) {
          // The model answers each tenant with the tenant's number: any other number is a leak.
          upstream.tokens = [`tenant ${tenant}.`]
          const body = { model: 'm', input: prompt, messages: [{ role: 'user', content: prompt }] }
          const request = { method: 'POST', body: JSON.stringify(body), headers }
          const texts = [await proxy.request(path, request), await proxy.request(path, request)]
          for (const response of texts) {
            const text = await response.text()
            asked++
            if (path === '/api/embed') continue
            if (!text.includes(`tenant ${tenant}.`)) leaks++
          }
        }
      }
    }
    // The texts of each tenant are embedded once.
    const embedded = upstream.questions.filter(({ path }) => path === '/api/embed')

    found(task, 'tenants', { tenants: credentials.length, questions: asked, leaks })
    expect(leaks).toBe(0)
    expect(embedded).toHaveLength(credentials.length * 3)
  })
})
