import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError, LoaderTimeoutError } from '../../../src/errors.ts'
import { type LLMRequestOptions, LLMResponseCache } from '../../../src/llm/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const MODEL = 'llama3.2:3b'

describe('LLMResponseCache', () => {
  let platform: ManualPlatform
  let cache: RedisCacheManager
  let llm: LLMResponseCache

  beforeEach(() => {
    platform = new ManualPlatform()
    const redis = embeddedTransport({ platform })
    cache = new RedisCacheManager({ redis, platform, jitter: 0 })
    llm = new LLMResponseCache({ cache, platform })
  })

  async function answered(
    prompt: string,
    options?: LLMRequestOptions,
  ): Promise<string | undefined> {
    return (await llm.getCachedLLMResponse(prompt, MODEL, options))?.response
  }

  test('finds what was stored, with how long it took and when', async () => {
    const usage = { promptTokens: 12, completionTokens: 34 }
    await llm.cacheLLMResponse('Why is the sky blue?', 'Rayleigh.', MODEL, {
      processingTime: 900,
      usage,
    })

    expect(await llm.getCachedLLMResponse('Why is the sky blue?', MODEL)).toEqual({
      prompt: 'Why is the sky blue?',
      response: 'Rayleigh.',
      model: MODEL,
      timestamp: platform.now(),
      processingTime: 900,
      usage,
      tier: 'exact',
      similarity: undefined,
    })
  })

  test('stores prompts of any length (defect 5)', async () => {
    for (const prompt of ['a', 'x'.repeat(2_049), 'y'.repeat(200_000)]) {
      await llm.cacheLLMResponse(prompt, `to ${prompt.length}`, MODEL)

      expect(await answered(prompt)).toBe(`to ${prompt.length}`)
    }
  })

  test('gives dates, maps and the like back as they were (defect 4)', async () => {
    const response = {
      due: new Date('2026-03-01T09:00:00Z'),
      byTeam: new Map([['a', new Set([1n])]]),
      none: undefined,
    }
    await llm.cacheLLMResponse('When is it due?', response, MODEL)

    const cached = await llm.getCachedLLMResponse<typeof response>('When is it due?', MODEL)

    expect(cached?.response).toEqual(response)
    expect(cached?.response.due.getTime()).toBe(Date.parse('2026-03-01T09:00:00Z'))
  })

  test.each([
    ['outer white space', '  Why is the sky blue?\n', 'exact'],
    ['line ends', 'Why is\r\nthe sky blue?', 'none'],
    ['initial capitals', 'why is the Sky blue?', 'normalised'],
    ['spaces', 'Why  is the sky blue', 'normalised'],
    ['another word', 'Why is the sea blue?', 'none'],
    ['capitals inside', 'Why is the SKY blue?', 'none'],
  ])('for another prompt by %s, finds the answer in the tier %2$s', async (_what, prompt, tier) => {
    await llm.cacheLLMResponse('Why is the sky blue?', 'Rayleigh.', MODEL)

    expect((await llm.getCachedLLMResponse(prompt, MODEL))?.tier ?? 'none').toBe(tier)
  })

  test('code keeps its case and its spaces, in fences and within lines', async () => {
    await llm.cacheLLMResponse('Explain:\n```\nIf  x\n```\nPlease', 'a', MODEL)
    await llm.cacheLLMResponse('What does `Map` do?', 'b', MODEL)

    expect(await answered('explain:\n```\nIf  x\n```\nplease.')).toBe('a')
    expect(await answered('Explain:\n```\nif x\n```\nPlease')).toBeUndefined()
    expect(await answered('what does `Map` do')).toBe('b')
    expect(await answered('What does `map` do?')).toBeUndefined()
  })

  test('without normalised matching, only the prompt itself is found', async () => {
    const strict = new LLMResponseCache({ cache, platform, normalisedMatching: false })
    await strict.cacheLLMResponse('Why?', 'Because.', MODEL)

    expect(await strict.getCachedLLMResponse('why', MODEL)).toBeUndefined()
    expect(await strict.getCachedLLMResponse('Why?', MODEL)).toBeDefined()
  })

  test.each(['', '   ', null, undefined])(
    'an empty answer (%j) is not stored',
    async (response) => {
      expect(await llm.cacheLLMResponse('Why?', response, MODEL)).toEqual({
        stored: false,
        reason: 'empty',
      })
      expect(await answered('Why?')).toBeUndefined()
    },
  )

  test.each([
    ['Why is the sky blue?', 86_400_000],
    ['What is the latest version of Node?', 300_000],
    ['Wie ist das Wetter heute?', 300_000],
  ])('the answer to %j lives for %d ms', async (prompt, ms) => {
    await llm.cacheLLMResponse(prompt, 'Answer.', MODEL)

    await platform.advance(ms - 1)
    expect(await answered(prompt)).toBe('Answer.')
    await platform.advance(1)
    expect(await answered(prompt)).toBeUndefined()
  })

  test('a hit does not prolong the life of an answer', async () => {
    await llm.cacheLLMResponse('Why?', 'Because.', MODEL, { ttl: '10s' })
    await platform.advance(6_000)
    expect(await answered('Why?')).toBe('Because.')

    await platform.advance(6_000)

    expect(await answered('Why?')).toBeUndefined()
  })

  test('a class whose lifetime is 0 is neither stored nor found', async () => {
    const none = new LLMResponseCache({ cache, platform, ttl: { timeDependent: 0 } })

    const result = await none.cacheLLMResponse('What is new today?', 'Much.', MODEL)
    const calls = vi.fn(() => 'Much.')
    const request = { prompt: 'What is new today?', model: MODEL }
    await none.getOrGenerate(request, calls)
    await none.getOrGenerate(request, calls)

    expect(result).toEqual({ stored: false, reason: 'unwanted' })
    expect(calls).toHaveBeenCalledTimes(2)
  })

  test.each<[string, LLMRequestOptions, (llm: LLMResponseCache) => Promise<void>]>([
    ['model', {}, (llm) => llm.invalidateModel(MODEL)],
    ['prompt version', { promptVersion: '7' }, (llm) => llm.invalidatePromptVersion('7')],
    ['tenant', { tenant: 'acme' }, (llm) => llm.invalidateTenant('acme')],
    ['document', { documents: ['d1', 'd2'] }, (llm) => llm.invalidateDocument('d2')],
    ['tag', { tags: ['faq'] }, (llm) => llm.invalidateTags(['faq'])],
    [
      'long name',
      { documents: ['ü'.repeat(300)] },
      (llm) => llm.invalidateDocument('ü'.repeat(300)),
    ],
    ['everything', {}, (llm) => llm.clearCache()],
  ])(
    'after an invalidation by %s the answer is not served, in any tier',
    async (_by, options, invalidate) => {
      await llm.cacheLLMResponse('Why is it?', 'Because.', MODEL, options)
      expect(await answered('why is it', options)).toBe('Because.')

      await invalidate(llm)

      expect(await answered('Why is it?', options)).toBeUndefined()
      expect(await answered('why is it', options)).toBeUndefined()
    },
  )

  test('an invalidation by one document leaves the answers from others alone', async () => {
    await llm.cacheLLMResponse('Why?', 'a', MODEL, { documents: ['one'] })
    await llm.invalidateDocument('two')

    expect(await answered('Why?', { documents: ['one'] })).toBe('a')
  })

  test.each<[string, LLMRequestOptions]>([
    ['semanticSimilarityThreshold', { semanticSimilarityThreshold: 2 }],
    ['ttl', { ttl: -1 }],
    ['contentClass', { contentClass: 'none' as never }],
    ['tenant', { tenant: 7 as never }],
  ])('refuses a bad %s', async (option, options) => {
    const asked = llm.getCachedLLMResponse('Why?', MODEL, options)

    await expect(asked).rejects.toThrow(expect.objectContaining({ option }))
  })

  test.each([
    [{ cahce: undefined }],
    [{ cache: {} }],
    [{ matcher: {} }],
    [{ ttl: { generale: 1 } }],
    [{ patience: 'soon' }],
    [{ maxAnswerBytes: 0 }],
    [{ normalisedMatching: 1 }],
    [{ prices: { m: { prompt: -1, completion: 0 } } }],
    [{ timeouts: { total: 0 } }],
  ])('refuses the options %o', (options) => {
    expect(() => new LLMResponseCache(options as never)).toThrow(InvalidOptionError)
  })

  describe('getOrGenerate', () => {
    const request = { prompt: 'Why?', model: MODEL }

    test('generates once for a hundred calls at a time, and once for all that follow', async () => {
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const calls = Array.from({ length: 100 }, () => llm.getOrGenerate(request, generate))
      await vi.waitFor(() => expect(generate).toHaveBeenCalled())
      end.resolve('Because.')

      const answers = await Promise.all(calls)
      await platform.settle()
      const later = await llm.getOrGenerate(request, generate)

      expect(generate).toHaveBeenCalledOnce()
      expect(new Set(answers.map(({ response }) => response))).toEqual(new Set(['Because.']))
      expect(answers.filter(({ via }) => via === 'miss')).toHaveLength(1)
      expect(later).toMatchObject({ response: 'Because.', via: 'exact' })
      expect(llm.getCacheStats()).toMatchObject({ misses: 1, coalesced: 99, generated: 1 })
    })

    test('generates once for calls in two processes', async () => {
      const other = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: cache.redis, platform }),
        platform,
      })
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const first = llm.getOrGenerate(request, generate)
      await vi.waitFor(() => expect(generate).toHaveBeenCalled())
      const second = other.getOrGenerate(request, generate)
      await platform.advance(100)
      end.resolve('Because.')
      await first
      await platform.advance(2_000)

      expect(await second).toMatchObject({ response: 'Because.', via: 'exact' })
      expect(generate).toHaveBeenCalledOnce()
    })

    test('who has waited long enough for another process generates, and does not store', async () => {
      const other = new LLMResponseCache({
        cache: new RedisCacheManager({ redis: cache.redis, platform }),
        platform,
        patience: '3s',
      })
      const held = llm.getOrGenerate(request, () => new Promise<string>(() => undefined))
      held.catch(() => undefined)
      await platform.advance(10)
      const impatient = other.getOrGenerate(request, () => 'alone')
      await platform.advance(3_000)

      expect(await impatient).toMatchObject({ response: 'alone', via: 'miss' })
      expect(other.getCacheStats().unstored).toEqual({ 'gave-up': 1 })
      expect(await answered('Why?')).toBeUndefined()
    })

    test('passes an error on as the same object to all who wait, and stores nothing', async () => {
      const failure = new Error('model is down')
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const calls = [1, 2, 3].map(() => llm.getOrGenerate(request, generate))
      await vi.waitFor(() => expect(generate).toHaveBeenCalled())
      end.reject(failure)

      for (const call of calls) await expect(call).rejects.toBe(failure)
      expect(generate).toHaveBeenCalledOnce()
      expect(await llm.getOrGenerate(request, () => 'Because.')).toMatchObject({ via: 'miss' })
    })

    test('a call that gives up does not end the generation for the others', async () => {
      const controller = new AbortController()
      const end = Promise.withResolvers<string>()
      let told: AbortSignal | undefined
      const generate = vi.fn(({ signal }: { signal: AbortSignal }) => {
        told = signal
        return end.promise
      })
      const leader = llm.getOrGenerate({ ...request, signal: controller.signal }, generate)
      await vi.waitFor(() => expect(generate).toHaveBeenCalled())
      const follower = llm.getOrGenerate(request, generate)
      await platform.advance(10)
      controller.abort('enough')
      await expect(leader).rejects.toBe('enough')
      expect(told?.aborted).toBe(false)
      end.resolve('Because.')

      expect(await follower).toMatchObject({ response: 'Because.', via: 'joined' })
      expect(generate).toHaveBeenCalledOnce()
    })

    test('when all have given up the model is told, and nothing is stored', async () => {
      const controller = new AbortController()
      let told: AbortSignal | undefined
      const call = llm.getOrGenerate({ ...request, signal: controller.signal }, ({ signal }) => {
        told = signal
        return new Promise<string>(() => undefined)
      })
      await vi.waitFor(() => expect(told).toBeDefined())
      controller.abort('enough')

      await expect(call).rejects.toBe('enough')
      await vi.waitFor(() => expect(told?.aborted).toBe(true))
      expect(llm.getCacheStats().abandoned).toBe(1)
    })

    test('a model that does not begin in time fails its callers', async () => {
      const strict = new LLMResponseCache({ cache, platform, timeouts: { first: '1s' } })
      const call = strict.getOrGenerate(request, () => new Promise<string>(() => undefined))
      const failed = expect(call).rejects.toThrow(LoaderTimeoutError)
      await platform.advance(1_000)

      await failed
    })

    test('what was being generated during an invalidation is answered, and not served later', async () => {
      const end = Promise.withResolvers<string>()
      const generate = vi.fn(() => end.promise)
      const before = llm.getOrGenerate(request, generate)
      await vi.waitFor(() => expect(generate).toHaveBeenCalled())
      await llm.invalidateModel(MODEL)
      const after = llm.getOrGenerate(request, () => 'new')
      end.resolve('old')
      expect(await before).toMatchObject({ response: 'old' })
      await platform.advance(5_000)

      expect(await after).toMatchObject({ response: 'new', via: 'miss' })
    })

    test('no-cache generates anew and replaces what is stored', async () => {
      await llm.cacheLLMResponse('Why?', 'old', MODEL)

      const anew = await llm.getOrGenerate({ ...request, cacheControl: 'no-cache' }, () => 'new')
      await platform.settle()

      expect(anew).toMatchObject({ response: 'new', via: 'miss' })
      expect(await answered('Why?')).toBe('new')
    })

    test('no-store neither reads nor writes', async () => {
      await llm.cacheLLMResponse('Why?', 'old', MODEL)

      const anew = await llm.getOrGenerate({ ...request, cacheControl: 'no-store' }, () => 'new')
      await platform.settle()

      expect(anew).toMatchObject({ response: 'new', via: 'bypass' })
      expect(await answered('Why?')).toBe('old')
    })

    test('max-age takes an older answer for none', async () => {
      await llm.cacheLLMResponse('Why?', 'old', MODEL)
      await platform.advance(61_000)
      const limited = { ...request, cacheControl: 'max-age=60' }

      expect(
        await llm.getOrGenerate({ ...request, cacheControl: 'max-age=61' }, () => 'no'),
      ).toMatchObject({ response: 'old' })
      expect(await llm.getOrGenerate(limited, () => 'new')).toMatchObject({ response: 'new' })
    })

    test('with Redis away it generates, and joins within a process', async () => {
      const redis = { request: () => Promise.reject(new TypeError('fetch failed')) }
      const away = new LLMResponseCache({
        cache: new RedisCacheManager({ redis, platform, retries: 0 }),
        platform,
      })
      const generate = vi.fn(() => 'Because.')

      const answers = await Promise.all([1, 2].map(() => away.getOrGenerate(request, generate)))

      expect(answers.map(({ response }) => response)).toEqual(['Because.', 'Because.'])
      expect(generate).toHaveBeenCalledOnce()
    })
  })

  describe('getOrStream', () => {
    const request = { prompt: 'Count.', model: MODEL }

    async function collect(parts: AsyncIterable<string>): Promise<string[]> {
      const all: string[] = []
      for await (const part of parts) all.push(part)
      return all
    }

    test('gives who joins the parts there have been, and then the others as they come', async () => {
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      async function* generate() {
        yield 'one'
        await gates[0]?.promise
        yield 'two'
        await gates[1]?.promise
        yield 'three'
      }
      const leader = await llm.getOrStream(request, generate)
      expect(await leader.parts.next()).toEqual({ done: false, value: 'one' })
      const follower = await llm.getOrStream<string>(request, () => expect.unreachable())
      expect(await follower.parts.next()).toEqual({ done: false, value: 'one' })
      gates[0]?.resolve()
      expect(await follower.parts.next()).toEqual({ done: false, value: 'two' })
      await leader.parts.return?.()
      gates[1]?.resolve()

      expect(await collect(follower.parts)).toEqual(['three'])
      await platform.settle()
      const replay = await llm.getOrStream<string>(request, () => expect.unreachable())
      expect([follower.via, replay.via]).toEqual(['joined', 'exact'])
      expect(await collect(replay.parts)).toEqual(['one', 'two', 'three'])
    })

    test('a stream that fails on its way fails for all readers, and is not stored', async () => {
      const failure = new Error('cut')
      async function* generate() {
        yield 'one'
        throw failure
      }
      const { parts } = await llm.getOrStream(request, generate)

      await expect(collect(parts)).rejects.toBe(failure)
      await platform.settle()
      expect(await answered('Count.')).toBeUndefined()
    })

    test('what is longer than may be kept is passed on whole, and not stored', async () => {
      const small = new LLMResponseCache({ cache, platform, maxAnswerBytes: 1_000 })
      const sent = Array.from({ length: 2_000 }, (_, i) => `part ${i}`)
      async function* generate() {
        yield* sent
      }

      const { parts } = await small.getOrStream(request, generate)

      expect(await collect(parts)).toEqual(sent)
      await platform.settle()
      expect(small.getCacheStats().unstored).toEqual({ 'too-large': 1 })
    })
  })

  test('counts tokens, money and time saved, by tier', async () => {
    const priced = new LLMResponseCache({
      cache,
      platform,
      prices: { 'llama3.2': { prompt: 1, completion: 10 } },
    })
    const usage = { promptTokens: 1_000, completionTokens: 500 }
    await priced.cacheLLMResponse('Why is it?', 'Because.', MODEL, { usage, processingTime: 750 })

    await priced.getCachedLLMResponse('Why is it?', MODEL)
    await priced.getCachedLLMResponse('why is it', MODEL)
    await priced.getCachedLLMResponse('Why not?', MODEL)

    expect(priced.getCacheStats()).toMatchObject({
      hits: { exact: 1, normalised: 1, semantic: 0 },
      absent: 1,
      hitRate: 2 / 3,
      saved: { promptTokens: 2_000, completionTokens: 1_000, money: 0.012, timeMs: 1_500 },
    })
  })

  test('with encryption on, neither prompt, answer, model nor tenant is readable in Redis', async () => {
    const redis = embeddedTransport({ platform })
    const secret = 'ab'.repeat(32)
    const sealed = new LLMResponseCache({
      platform,
      cache: new RedisCacheManager({
        redis,
        platform,
        hashKeys: { secret },
        encryption: { keys: [{ id: 'k1', secret: 'cd'.repeat(32) }] },
      }),
    })
    const options = { tenant: 'acme', documents: ['contract-7'] }
    await sealed.cacheLLMResponse('Is Ada fired?', 'Ada stays.', MODEL, options)
    await sealed.cacheEmailAnalysis('mail-9', 'pattern_triage', 'Ada wrote', MODEL)
    expect(await sealed.getCachedLLMResponse('Is Ada fired?', MODEL, options)).toBeDefined()

    const { result } = await redis.request<string[]>({ path: [], body: ['KEYS', '*'] })
    const values = await Promise.all(
      (result ?? []).map((key) => redis.request({ path: [], body: ['GET', key] })),
    )

    expect(JSON.stringify([result, values])).not.toMatch(/ada|llama|acme|contract|mail-9|triage/i)
    expect(result?.length).toBeGreaterThan(2)
  })
})
