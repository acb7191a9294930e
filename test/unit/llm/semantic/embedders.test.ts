import { afterEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../../src/cache/manager.ts'
import { EmbeddingError, InvalidValueError } from '../../../../src/errors.ts'
import { cachedEmbedder } from '../../../../src/llm/semantic/cached-embedder.ts'
import type { Embedder } from '../../../../src/llm/semantic/embedder.ts'
import { lexicalEmbedder } from '../../../../src/llm/semantic/lexical-embedder.ts'
import { ollamaEmbedder } from '../../../../src/llm/semantic/ollama-embedder.ts'
import { openaiEmbedder } from '../../../../src/llm/semantic/openai-embedder.ts'
import { cosine, quantize } from '../../../../src/llm/semantic/quantize.ts'
import { workersAIEmbedder } from '../../../../src/llm/semantic/workers-ai-embedder.ts'
import { embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import {
  type JsonAnswer,
  type JsonAsked,
  type JsonServer,
  startJsonServer,
} from '../../../support/json-server.ts'

const DIMENSIONS = 8
const vectorOf = (text: string): number[] =>
  Array.from({ length: DIMENSIONS }, (_, i) => text.length + i / 4)
const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => 'x'.repeat(i + 1))
const inputOf = ({ body }: JsonAsked): string[] => (body as { input: string[] }).input

function base64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64')
}

let server: JsonServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

type Make = (options: { baseUrl: string; deadline?: '50ms'; fetch?: typeof fetch }) => Embedder
const SERVICES: readonly (readonly [string, Make, (asked: JsonAsked) => unknown])[] = [
  [
    'ollama',
    (options) => ollamaEmbedder({ model: 'm', dimensions: DIMENSIONS, ...options }),
    (asked) => ({ embeddings: inputOf(asked).map(vectorOf) }),
  ],
  [
    'openai',
    (options) =>
      openaiEmbedder({ model: 'm', dimensions: DIMENSIONS, apiKey: 'sk-secret', ...options }),
    (asked) => ({
      data: inputOf(asked)
        .map((text, index) => ({ index, embedding: base64(vectorOf(text)) }))
        .toReversed(),
    }),
  ],
]

describe.each(SERVICES)('the %s embedder', (service, make, answer) => {
  /** Only tests that wait for the deadline set a short one: a busy machine is slow to answer. */
  const start = async (
    given: (asked: JsonAsked) => JsonAnswer,
    isAwaited = false,
  ): Promise<Embedder> => {
    server = await startJsonServer(given)
    return make({ baseUrl: server.url, ...(isAwaited && { deadline: '50ms' }) })
  }

  test('answers with one vector per text, in order, over as many requests as needed', async () => {
    server = await startJsonServer((asked) => ({ json: answer(asked) }))
    const asked = texts(150)

    const vectors = await make({ baseUrl: `${server.url}/` }).embed(asked)

    expect(vectors.map((vector) => Array.from(vector))).toEqual(asked.map(vectorOf))
    expect(server.asked.flatMap(inputOf)).toEqual(asked)
    expect(server.asked.length).toBe(service === 'ollama' ? 5 : 2)
  })

  test.each<[string, JsonAnswer, boolean]>([
    ['HTTP 503', { status: 503, json: {} }, true],
    ['HTTP 401', { status: 401, json: { error: 'sk-secret is not valid' } }, false],
    ['HTTP 429', { status: 429, text: '' }, true],
    ['not JSON', { text: '<html>secret</html>' }, false],
    ['timeout', 'never', true],
    ['not a vector for each text', { json: {} }, false],
    ['not a vector for each text', { json: null }, false],
    ['not a vector for each text', { json: { embeddings: [], data: [] } }, false],
  ])(
    'rejects with %s, and says whether asking again could help',
    async (reason, given, retryable) => {
      const embedder = await start(() => given, given === 'never')

      const failed = embedder.embed(['a secret'])

      await expect(failed).rejects.toThrow(EmbeddingError)
      await expect(failed).rejects.toMatchObject({ service, reason, retryable })
      await expect(failed).rejects.not.toThrow(/secret/)
    },
  )

  test('refuses an answer of more than 64 MiB before it is read', async () => {
    const huge = (): Promise<Response> =>
      Promise.resolve(
        new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(4_194_304)) })),
      )
    const embedder = make({ baseUrl: 'http://localhost', fetch: huge })

    await expect(embedder.embed(['a'])).rejects.toMatchObject({
      reason: 'an answer that is too long',
      retryable: false,
    })
  })

  test('rejects with the reason network when no server listens', async () => {
    const embedder = await start(() => 'never')
    await server?.close()

    await expect(embedder.embed(['a'])).rejects.toMatchObject({
      reason: 'network',
      retryable: true,
    })
  })

  test('rejects with the reason of an abort, as the same object', async () => {
    const embedder = await start(() => 'never')
    const reason = new Error('enough')
    const controller = new AbortController()

    const asked = embedder.embed(['a'], controller.signal)
    controller.abort(reason)

    await expect(asked).rejects.toBe(reason)
    await expect(embedder.embed(['a'], AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('refuses vectors of another length', async () => {
    const embedder = await start(() => ({
      json: { embeddings: [[1, 2]], data: [{ index: 0, embedding: [1, 2] }] },
    }))

    await expect(embedder.embed(['a'])).rejects.toMatchObject({
      reason: expect.stringMatching(/8 numbers/),
    })
  })
})

test('the ollama embedder asks /api/embed without truncation', async () => {
  server = await startJsonServer((asked) => ({
    json: { embeddings: inputOf(asked).map(vectorOf) },
  }))
  const headers = { authorization: 'Bearer t' }
  await ollamaEmbedder({
    model: 'a/b:c',
    dimensions: DIMENSIONS,
    baseUrl: server.url,
    headers,
  }).embed(['x'])

  expect(server.asked).toMatchObject([
    {
      method: 'POST',
      path: '/api/embed',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: { model: 'a/b:c', input: ['x'], truncate: false, dimensions: DIMENSIONS },
    },
  ])
})

describe('the openai embedder', () => {
  const make = (options = {}): Embedder =>
    openaiEmbedder({
      model: 'm',
      dimensions: DIMENSIONS,
      apiKey: 'k',
      baseUrl: server?.url ?? '',
      ...options,
    })

  test('asks for base64, also reads numbers, and sends dimensions only with the option', async () => {
    server = await startJsonServer(() => ({
      json: { data: [{ index: 0, embedding: vectorOf('x') }] },
    }))

    expect(await make().embed(['x'])).toEqual([vectorOf('x')])
    await make({ shorten: true }).embed(['x'])

    expect(
      server.asked.map(({ path, body, headers }) => [path, body, headers.authorization]),
    ).toEqual([
      ['/embeddings', { model: 'm', input: ['x'], encoding_format: 'base64' }, 'Bearer k'],
      [
        '/embeddings',
        { model: 'm', input: ['x'], encoding_format: 'base64', dimensions: 8 },
        'Bearer k',
      ],
    ])
  })

  test.each([
    [
      'a place twice',
      [
        { index: 0, embedding: vectorOf('x') },
        { index: 0, embedding: vectorOf('y') },
      ],
    ],
    [
      'a place beyond the end',
      [
        { index: 5, embedding: vectorOf('x') },
        { index: 1, embedding: vectorOf('y') },
      ],
    ],
    [
      'text that is no base64',
      [
        { index: 0, embedding: '***' },
        { index: 1, embedding: vectorOf('y') },
      ],
    ],
    ['null', [null, null]],
  ])('refuses an answer with %s', async (_what, data) => {
    server = await startJsonServer(() => ({ json: { data } }))

    await expect(make().embed(['x', 'y'])).rejects.toThrow(EmbeddingError)
  })
})

describe('the Workers AI embedder', () => {
  const make = (run: (model: string, inputs: { text: string[] }) => Promise<unknown>): Embedder =>
    workersAIEmbedder({
      ai: { run },
      model: '@cf/baai/bge-m3',
      dimensions: DIMENSIONS,
      deadline: '50ms',
    })

  test('calls the binding with 100 texts at a time', async () => {
    const calls: [string, number][] = []
    const embedder = make((model, { text }) => {
      calls.push([model, text.length])
      return Promise.resolve({ shape: [text.length, DIMENSIONS], data: text.map(vectorOf) })
    })

    expect(await embedder.embed(texts(120))).toEqual(texts(120).map(vectorOf))
    expect(calls).toEqual([
      ['@cf/baai/bge-m3', 100],
      ['@cf/baai/bge-m3', 20],
    ])
    expect(embedder.model).toBe('_cf_baai_bge-m3')
  })

  test('rejects at its deadline, and repeats nothing of the errors of the binding', async () => {
    await expect(make(() => new Promise(() => undefined)).embed(['a'])).rejects.toMatchObject({
      reason: 'timeout',
    })
    const refused = make(() => Promise.reject(new Error('bad text: a secret'))).embed(['a secret'])
    await expect(refused).rejects.toMatchObject({ service: 'workers-ai', reason: 'refused' })
    await expect(refused).rejects.not.toThrow(/secret/)
  })
})

describe('every embedder that calls a service', () => {
  test.each([
    ['model', { model: '' }],
    ['model', { model: 'm'.repeat(65) }],
    ['dimensions', { dimensions: 7 }],
    ['dimensions', { dimensions: 4_097 }],
    ['deadline', { deadline: 0 }],
  ])('rejects a bad %s', (option, options) => {
    expect(() => ollamaEmbedder({ model: 'm', dimensions: 8, ...options })).toThrow(
      expect.objectContaining({ option }),
    )
    expect(() => openaiEmbedder({ model: 'm', dimensions: 8, apiKey: 'k', ...options })).toThrow(
      expect.objectContaining({ option }),
    )
  })

  test('names its vectors by the revision too', () => {
    const { model } = ollamaEmbedder({ model: 'm', dimensions: 8, revision: 'sha256:0a1b' })

    expect(model).toBe('m-sha256_0a1b')
    expect(() => openaiEmbedder({ model: 'm', dimensions: 8, apiKey: '' })).toThrow(
      expect.objectContaining({ option: 'apiKey' }),
    )
  })
})

describe('cachedEmbedder', () => {
  test('asks only for the texts that are not stored, and returns the same vectors again', async () => {
    const asked: string[][] = []
    const inner: Embedder = {
      model: 'm',
      dimensions: DIMENSIONS,
      embed: (some) => {
        asked.push([...some])
        return Promise.resolve(some.map((text) => vectorOf(text).map((value) => value / 3)))
      },
    }
    const cache = new RedisCacheManager({ redis: embeddedTransport() })
    const embedder = cachedEmbedder(inner, cache)

    await embedder.embed(['a', ' a'])
    const vectors = await embedder.embed(['bb', 'a', 'ccc', 'a'])

    expect(asked).toEqual([
      ['a', ' a'],
      ['bb', 'ccc'],
    ])
    expect(vectors.map((vector) => Array.from(vector))).toEqual(
      ['bb', 'a', 'ccc', 'a'].map((text) =>
        Array.from(Float32Array.from(vectorOf(text), (value) => value / 3)),
      ),
    )
  })

  test.each<[string, (text: string) => readonly number[] | undefined]>([
    ['of zeros', () => new Array(DIMENSIONS).fill(0)],
    ['that is not finite', () => new Array(DIMENSIONS).fill(Number.NaN)],
    ['of another length', () => [1, 2]],
    ['that is missing', () => undefined],
  ])('does not keep a vector %s, which no search could use', async (_, broken) => {
    let answer = broken
    const embed = async (some: readonly string[]) =>
      some.map(answer).filter((vector) => vector !== undefined)
    const cache = new RedisCacheManager({ redis: embeddedTransport() })
    const embedder = cachedEmbedder({ model: 'm', dimensions: DIMENSIONS, embed }, cache)
    await expect(embedder.embed(['a'])).rejects.toThrow(InvalidValueError)

    answer = vectorOf

    expect((await embedder.embed(['a'])).map((v) => Array.from(v))).toEqual([vectorOf('a')])
  })

  test('puts no text into keys, in Redis or in events, even if keys are not hashed', async () => {
    const redis = embeddedTransport()
    const cache = new RedisCacheManager({ redis })
    const told: unknown[] = []
    cache.subscribe((event) => told.push(event))
    const embed = (some: readonly string[]) => Promise.resolve(some.map(vectorOf))
    const embedder = cachedEmbedder({ model: 'm', dimensions: DIMENSIONS, embed }, cache)

    await embedder.embed(['my secret question'])
    await embedder.embed(['my secret question'])

    const { result } = await redis.request({ path: [], body: ['KEYS', '*embedding*'] })
    expect(result).not.toEqual([])
    expect(told).not.toEqual([])
    expect(JSON.stringify([result, told])).not.toContain('secret')
  })

  test('passes on errors of the model, and asks the model while Redis is down', async () => {
    const error = new EmbeddingError('ollama', 'timeout', true)
    let fails = true
    const inner: Embedder = {
      model: 'm',
      dimensions: DIMENSIONS,
      embed: (some) => (fails ? Promise.reject(error) : Promise.resolve(some.map(vectorOf))),
    }
    const cache = new RedisCacheManager({
      redis: { request: () => Promise.reject(new Error('away')) },
    })

    await expect(cachedEmbedder(inner, cache).embed(['a'])).rejects.toBe(error)
    fails = false
    expect((await cachedEmbedder(inner, cache).embed(['a'])).map((v) => Array.from(v))).toEqual([
      vectorOf('a'),
    ])
  })
})

describe('the built-in embedder', () => {
  const similarity = async (a: string, b: string): Promise<number> => {
    const embedder = lexicalEmbedder()
    const [x, y] = (await embedder.embed([a, b])).map((vector) =>
      quantize(vector, embedder.dimensions),
    )
    return x && y ? cosine(x, y) : Number.NaN
  }

  test('gives near-duplicates close vectors, and other words for the same distant ones', async () => {
    expect(
      await similarity('How do I reset my password?', 'how can I reset my password'),
    ).toBeGreaterThan(0.85)
    expect(await similarity('How do I reset my password?', 'I forgot my login')).toBeLessThan(0.5)
  })

  test('makes the same vectors on every machine', async () => {
    const [vector = []] = await lexicalEmbedder().embed(['What is the capital of France?'])

    // The first signs of the vector. If they change without a new model name, stored vectors are useless.
    const signs = Array.from(vector.slice(0, 32), (value) => (value > 0 ? '+' : '-')).join('')
    expect([lexicalEmbedder().model, signs]).toMatchInlineSnapshot(`
      [
        "lexical-1",
        "-+-++-+--+----+-++++-+-+--++-+--",
      ]
    `)
  })
})
