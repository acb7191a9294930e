import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidValueError } from '../../../src/errors.ts'
import { type EmbeddingInput, LLMResponseCache } from '../../../src/llm/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'

const vectorOf = (input: EmbeddingInput): Float32Array =>
  Float32Array.from([JSON.stringify(input).length / 7, 1 / 3, -1e-30])

describe('getOrEmbed', () => {
  const embed = vi.fn(async (inputs: readonly EmbeddingInput[], _signal: AbortSignal) => ({
    vectors: inputs.map(vectorOf),
    promptTokens: inputs.length * 10,
  }))
  const request = { model: 'embed' }
  let llm: LLMResponseCache

  beforeEach(() => {
    embed.mockClear()
    llm = new LLMResponseCache({ cache: new RedisCacheManager({ redis: embeddedTransport() }) })
  })

  test('asks only for missing texts, and answers in the order of the texts, with their tokens', async () => {
    const first = await llm.getOrEmbed(request, ['a', 'bb'], embed)
    const second = await llm.getOrEmbed(request, ['bb', 'ccc', 'a', 'bb'], embed)

    expect(first).toMatchObject({ found: 0, promptTokens: 20 })
    expect(second.vectors).toEqual(['bb', 'ccc', 'a', 'bb'].map(vectorOf))
    expect(second).toMatchObject({ found: 2 })
    expect(embed.mock.calls.map(([texts]) => texts)).toEqual([['a', 'bb'], ['ccc']])
  })

  test('a model that was replaced under its name is asked for all texts, so that vectors are comparable', async () => {
    let dimensions = 3
    const resized = vi.fn(async (inputs: readonly EmbeddingInput[]) => ({
      vectors: inputs.map(() => new Float32Array(dimensions).fill(0.5)),
    }))
    await llm.getOrEmbed(request, ['a', 'b'], resized)
    dimensions = 5

    const { vectors, found } = await llm.getOrEmbed(request, ['a', 'c'], resized)
    const again = await llm.getOrEmbed(request, ['c', 'a'], resized)

    expect(vectors.map(({ length }) => length)).toEqual([5, 5])
    expect(found).toBe(0)
    expect(again.found).toBe(2)
    expect(resized.mock.calls.map(([texts]) => texts)).toEqual([['a', 'b'], ['c'], ['a', 'c']])
  })

  test('vectors of different lengths are refused, and none of them is stored', async () => {
    const uneven = vi.fn(async (inputs: readonly EmbeddingInput[]) => ({
      vectors: inputs.map((_, i) => new Float32Array(i + 1)),
    }))

    for (let time = 0; time < 2; time++) {
      await expect(llm.getOrEmbed(request, ['a', 'b'], uneven)).rejects.toThrow(InvalidValueError)
    }
    expect(uneven).toHaveBeenCalledTimes(2)
  })

  test('does not normalise texts: other white space, case or tokens are another text', async () => {
    const inputs: EmbeddingInput[] = ['a', 'a ', ' a', 'A', [1, 2], [1, 3], '[1,2]']
    await llm.getOrEmbed(request, inputs, embed)

    expect(embed.mock.calls[0]?.[0]).toEqual(inputs)
  })

  test.each([{ model: 'other' }, { tenant: 'acme' }, { context: { dimensions: 256 } }])(
    'another %o makes another embedding',
    async (change) => {
      await llm.getOrEmbed(request, ['a'], embed)
      await llm.getOrEmbed({ ...request, ...change }, ['a'], embed)

      expect(embed).toHaveBeenCalledTimes(2)
    },
  )

  test('concurrent calls for one text embed it once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => llm.getOrEmbed(request, ['a'], embed)))

    expect(embed).toHaveBeenCalledOnce()
  })

  test('no-store and no-cache embed anew', async () => {
    for (const cacheControl of ['', 'no-store', 'no-cache', '']) {
      await llm.getOrEmbed({ ...request, cacheControl }, ['a'], embed)
    }

    expect(embed).toHaveBeenCalledTimes(3)
  })

  test('no-cache while Redis is down embeds, and does not report the vectors as stored', async () => {
    const redis = { request: () => Promise.reject(new Error('down')) }
    llm = new LLMResponseCache({ cache: new RedisCacheManager({ redis, retries: 0 }) })

    const { vectors } = await llm.getOrEmbed({ ...request, cacheControl: 'no-cache' }, ['a'], embed)

    expect(vectors).toEqual([vectorOf('a')])
    expect(llm.getCacheStats()).toMatchObject({ misses: 1, unstored: { 'gave-up': 1 } })
  })

  test('with no-store, a call that is aborted rejects, and the model is told', async () => {
    const client = new AbortController()
    const asked = Promise.withResolvers<AbortSignal>()
    const call = llm.getOrEmbed(
      { ...request, cacheControl: 'no-store', signal: client.signal },
      ['a'],
      (_texts, signal) => {
        asked.resolve(signal)
        return new Promise(() => undefined)
      },
    )
    const signal = await asked.promise

    client.abort('gone')

    await expect(call).rejects.toBe('gone')
    expect(signal.aborted).toBe(true)
  })

  test('an answer with too few vectors is refused, and nothing is stored', async () => {
    const few = async () => ({ vectors: [] })

    await expect(llm.getOrEmbed(request, ['a'], few)).rejects.toThrow(InvalidValueError)
    await llm.getOrEmbed(request, ['a'], embed)
    expect(embed).toHaveBeenCalledOnce()
  })

  test('an error of the model reaches the caller as the same object', async () => {
    const failure = new Error('down')

    await expect(llm.getOrEmbed(request, ['a'], () => Promise.reject(failure))).rejects.toBe(
      failure,
    )
  })

  test('after an invalidation of the model, its embeddings are made anew', async () => {
    await llm.getOrEmbed(request, ['a'], embed)
    await llm.invalidateModel('embed')
    await llm.getOrEmbed(request, ['a'], embed)

    expect(embed).toHaveBeenCalledTimes(2)
  })
})
