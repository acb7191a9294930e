import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../../src/cache/manager.ts'
import { RemoteError, RemoteTimeoutError } from '../../../../src/errors.ts'
import { createSemanticMatcher } from '../../../../src/llm/semantic/create-matcher.ts'
import type { Matcher } from '../../../../src/llm/semantic/matcher.ts'
import { upstashVectorStore } from '../../../../src/llm/semantic/upstash-vector-store.ts'
import type { VectorStore } from '../../../../src/llm/semantic/vector-store.ts'
import {
  type VectorizeIndex,
  vectorizeStore,
} from '../../../../src/llm/semantic/vectorize-store.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import {
  type JsonAnswer,
  type JsonAsked,
  type JsonServer,
  startJsonServer,
} from '../../../support/json-server.ts'

interface Kept {
  readonly id: string
  readonly vector: readonly number[]
  readonly metadata: Record<string, string>
}

function cosineOf(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
}

function nearest(kept: readonly Kept[], vector: readonly number[], topK: number) {
  return kept
    .map((one) => ({ ...one, cosine: cosineOf(one.vector, vector) }))
    .toSorted((a, b) => b.cosine - a.cosine)
    .slice(0, topK)
}

/** A fake of Upstash Vector, as its documentation describes these four calls. */
class VectorService {
  readonly namespaces = new Map<string, Map<string, Kept>>()

  answer({ method, path, headers, body }: JsonAsked): JsonAnswer {
    const [, operation = '', namespace = ''] = path.split('/')
    if (headers.authorization !== 'Bearer token')
      return { status: 401, json: { error: 'Unauthorized' } }
    const kept = this.namespaces.get(namespace) ?? new Map<string, Kept>()
    this.namespaces.set(namespace, kept)
    switch (`${method} ${operation}`) {
      case 'POST upsert':
        kept.set((body as Kept).id, body as Kept)
        return { json: { result: 'Success' } }
      case 'POST query': {
        const { vector, topK, includeMetadata } = body as {
          vector: number[]
          topK: number
          includeMetadata: boolean
        }
        const result = nearest([...kept.values()], vector, topK).map(
          ({ id, cosine, metadata }) => ({
            id,
            score: (1 + cosine) / 2,
            ...(includeMetadata && { metadata }),
          }),
        )
        return { json: { result } }
      }
      case 'DELETE delete': {
        const deleted = (body as { ids: string[] }).ids.filter((id) => kept.delete(id)).length
        return { json: { result: { deleted } } }
      }
      case 'DELETE reset':
        kept.clear()
        return { json: { result: 'Success' } }
      default:
        return { status: 404, json: { error: 'Not found', status: 404 } }
    }
  }
}

/** A fake of a Vectorize binding with its limits, which makes every write visible at once. */
class Index implements VectorizeIndex {
  readonly kept = new Map<string, Kept & { namespace: string }>()

  query(...[vector, options]: Parameters<VectorizeIndex['query']>) {
    if (options.topK > 20) return Promise.reject(new Error('topK is too large with metadata'))
    const own = [...this.kept.values()].filter(({ namespace }) => namespace === options.namespace)
    const matches = nearest(own, vector, options.topK).map(({ id, cosine, metadata }) => ({
      id,
      score: cosine,
      metadata,
    }))
    return Promise.resolve({ count: matches.length, matches })
  }

  upsert(vectors: Parameters<VectorizeIndex['upsert']>[0]) {
    for (const { id, values, namespace, metadata } of vectors) {
      if (id.length > 64 || namespace.length > 64) return Promise.reject(new Error('too long'))
      this.kept.set(id, { id, vector: values, namespace, metadata })
    }
    return Promise.resolve({ mutationId: 'm' })
  }

  deleteByIds(ids: string[]) {
    if (ids.length > 1_000) return Promise.reject(new Error('too many'))
    for (const id of ids) this.kept.delete(id)
    return Promise.resolve({ mutationId: 'm' })
  }
}

let server: JsonServer
let service: VectorService
let index: Index

beforeEach(async () => {
  service = new VectorService()
  index = new Index()
  server = await startJsonServer((asked) => service.answer(asked))
})
afterEach(() => server.close())

const STORES: readonly (readonly [string, () => VectorStore])[] = [
  [
    'Upstash Vector',
    () => upstashVectorStore({ url: server.url, token: 'token', deadline: '10s' }),
  ],
  ['Vectorize', () => vectorizeStore({ index })],
]

describe.each(STORES)('a matcher on %s', (_name, makeStore) => {
  let matcher: Matcher
  let engine: EmbeddedRedis

  beforeEach(() => {
    engine = new EmbeddedRedis()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ engine }) })
    matcher = createSemanticMatcher({ cache, store: makeStore() })
  })
  const ask = (scope = 's') => matcher.match({ scope, prompt: 'how can I reset my password' })
  const remember = (entryId = 'e1') =>
    matcher.remember({ scope: 's', prompt: 'How do I reset my password?', entryId })

  test('finds by cosine, within a scope, and forgets', async () => {
    await remember()

    expect(await ask()).toMatchObject({
      kind: 'hit',
      entryId: 'e1',
      similarity: expect.closeTo(0.99, 1),
    })
    expect(await ask('t')).toEqual({ kind: 'miss', reason: 'empty' })
    await matcher.forget('s', ['e1', ...Array.from({ length: 1_500 }, (_, i) => `x${i}`)])
    expect(await ask()).toEqual({ kind: 'miss', reason: 'empty' })
  })

  test('replaces the vector of an entry that is remembered again', async () => {
    await remember()
    await remember()

    expect(service.namespaces.values().next().value?.size ?? index.kept.size).toBe(1)
  })

  test('ignores vectors that it did not write', async () => {
    await remember()
    for (const kept of [
      ...index.kept.values(),
      ...[...service.namespaces.values()].flatMap((n) => [...n.values()]),
    ]) {
      kept.metadata['note'] = 'somebody else'
    }

    expect(await ask()).toEqual({ kind: 'miss', reason: 'empty' })
  })

  test('keeps judgements in Redis, bounded, and drops them with the entry', async () => {
    const cache = new RedisCacheManager({ redis: embeddedTransport({ engine }) })
    matcher = createSemanticMatcher({
      cache,
      store: makeStore(),
      policy: { kind: 'verified' },
      maxVectors: 2,
    })
    for (const entryId of ['e1', 'e2', 'e3']) {
      await matcher.learn({ scope: 's', candidate: { entryId, similarity: 1 }, same: true })
    }
    const [key = ''] = engine.execute(['KEYS', '*:j:*']).result as string[]

    expect(engine.execute(['HKEYS', key])).toEqual({ result: ['e1', 'e2'] })
    await matcher.forget('s', ['e1'])
    expect(engine.execute(['HKEYS', key])).toEqual({ result: ['e2'] })
  })

  test('seals prompts if the cache encrypts', async () => {
    const secret = Buffer.alloc(32, 7).toString('base64')
    const cache = new RedisCacheManager({
      redis: embeddedTransport({ engine }),
      hashKeys: { secret },
      encryption: { keys: [{ id: 'k1', secret }] },
    })
    matcher = createSemanticMatcher({ cache, store: makeStore() })
    await remember()

    const kept = JSON.stringify([[...index.kept], server.asked])
    expect(kept).not.toContain('password')
    expect(await ask()).toMatchObject({ kind: 'hit' })
  })
})

describe('upstashVectorStore', () => {
  test('clears a scope, and no other', async () => {
    const store = upstashVectorStore({ url: server.url, token: 'token' })
    for (const scope of ['a', 'b']) {
      await store.add(scope, { entryId: 'e', code: Int8Array.of(1, 2), note: 'n' })
    }
    await store.clear('a')

    expect(await store.search('a', Int8Array.of(1, 2), 3)).toEqual([])
    expect(await store.search('b', Int8Array.of(1, 2), 3)).toEqual([
      { entryId: 'e', similarity: expect.closeTo(1, 6), note: 'n' },
    ])
  })

  test.each<[string, JsonAnswer, object]>([
    [
      'a refusal',
      { status: 401, json: { error: 'token' } },
      { reason: 'HTTP 401', applied: 'no', retryable: false },
    ],
    [
      'an outage',
      { status: 503, json: {} },
      { reason: 'HTTP 503', applied: 'unknown', retryable: true },
    ],
    ['no answer', 'never', { reason: 'timeout', applied: 'unknown' }],
    ['another answer', { json: { ok: true } }, { reason: 'not an answer of this service' }],
    ['no list', { json: { result: 'Success' } }, { reason: 'not a list of matches' }],
  ])('fails with a typed error on %s', async (_what, given, expected) => {
    const broken = await startJsonServer(() => given)
    const store = upstashVectorStore({
      url: broken.url,
      token: 'token',
      deadline: given === 'never' ? '50ms' : '10s',
    })

    const failed = store.search('s', Int8Array.of(1, 2), 1)

    await expect(failed).rejects.toThrow(RemoteError)
    await expect(failed).rejects.toMatchObject({ operation: 'vector query', ...expected })
    await broken.close()
  })

  test.each([
    ['url', { url: 'nowhere' }],
    ['token', { token: '' }],
    ['deadline', { deadline: 0 }],
  ])('rejects a bad %s', (option, options) => {
    expect(() => upstashVectorStore({ url: server.url, token: 't', ...options })).toThrow(
      expect.objectContaining({ option }),
    )
  })
})

describe('vectorizeStore', () => {
  test('fails at its deadline, with a typed error that contains no data', async () => {
    const never = () => new Promise<never>(() => undefined)
    const slow = vectorizeStore({
      index: { query: never, upsert: never, deleteByIds: never },
      deadline: '20ms',
    })
    await expect(slow.search('s', Int8Array.of(1), 1)).rejects.toThrow(RemoteTimeoutError)

    const refuse = () => Promise.reject(new Error('a secret'))
    const broken = vectorizeStore({ index: { query: refuse, upsert: refuse, deleteByIds: refuse } })
    const failed = broken.add('s', { entryId: 'e', code: Int8Array.of(1), note: 'n' })
    await expect(failed).rejects.toThrow(RemoteError)
    await expect(failed).rejects.not.toThrow(/secret/)
  })

  test('says that it cannot clear a scope', async () => {
    await expect(vectorizeStore({ index }).clear('s')).rejects.toMatchObject({
      reason: 'unsupported',
      applied: 'no',
    })
  })
})
