import { RedisCacheManager } from 'nearcache'
import {
  createSemanticMatcher,
  type VectorizeIndex,
  vectorizeStore,
  type WorkersAI,
  workersAIEmbedder,
} from 'nearcache/llm'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { describe, expect, expectTypeOf, test } from 'vitest'

const ASKED = 'How do I reset my password?'

describe('semantic matching in workerd', () => {
  const make = () => new RedisCacheManager({ redis: embeddedTransport() })

  test('reads, embeds and finds near-duplicate wording, and vetoes what differs', async () => {
    const matcher = createSemanticMatcher({ cache: make() })
    await matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e1' })

    const ask = (prompt: string) => matcher.match({ scope: 's', prompt })

    expect(await ask('how can I reset my password')).toMatchObject({ kind: 'hit', entryId: 'e1' })
    expect(await ask('How do I not reset my password?')).not.toMatchObject({ kind: 'hit' })
    expect(await ask('Wie setze ich mein Passwort zurück?')).not.toMatchObject({ kind: 'hit' })
  })

  test('takes the bindings of Workers AI and Vectorize, by their shapes', async () => {
    const ai = {
      run: (_model: string, { text }: { text: string[] }) =>
        Promise.resolve({ data: text.map((one) => [one.length, 1, 1, 1, 1, 1, 1, 1]) }),
    }
    const kept: { id: string; metadata: Record<string, string> }[] = []
    const index = {
      query: () => Promise.resolve({ matches: kept.map((one) => ({ ...one, score: 0.99 })) }),
      upsert: (vectors: typeof kept) => Promise.resolve(kept.push(...vectors)),
      deleteByIds: () => Promise.resolve({}),
    }
    const matcher = createSemanticMatcher({
      cache: make(),
      embedder: workersAIEmbedder({ ai, model: '@cf/baai/bge-small-en-v1.5', dimensions: 8 }),
      store: vectorizeStore({ index }),
      policy: { kind: 'static', minSimilarity: 0.9 },
    })
    await matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e1' })

    expect(
      await matcher.match({ scope: 's', prompt: 'I forgot my old login and need another' }),
    ).toMatchObject({
      kind: 'hit',
      entryId: 'e1',
      similarity: 0.99,
    })
  })

  test('takes the bindings of Cloudflare by their own types', () => {
    expectTypeOf<Ai>().toExtend<WorkersAI>()
    expectTypeOf<Vectorize>().toExtend<VectorizeIndex>()
  })
})
