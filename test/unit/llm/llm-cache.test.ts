import { beforeEach, describe, expect, test, vi } from 'vitest'
import { setDefaultCache } from '../../../src/cache/default-cache.ts'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { type LLMRequestOptions, LLMResponseCache, llmCache } from '../../../src/llm/index.ts'
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

  test('finds a stored answer, with the time that it took and when it was stored', async () => {
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

  test('uses the clock of the platform of its cache', async () => {
    const own = new LLMResponseCache({ cache })
    await own.cacheLLMResponse('Why?', 'So.', MODEL)

    expect((await own.getCachedLLMResponse('Why?', MODEL))?.timestamp).toBe(platform.now())
  })

  test('stores prompts of any length (defect 5)', async () => {
    for (const prompt of ['a', 'x'.repeat(2_049), 'y'.repeat(200_000)]) {
      await llm.cacheLLMResponse(prompt, `to ${prompt.length}`, MODEL)

      expect(await answered(prompt)).toBe(`to ${prompt.length}`)
    }
  })

  test('returns dates, maps and other types unchanged (defect 4)', async () => {
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

  test.each([
    ['an escape', 'Regex for \\d+', 'Regex for \\D+'],
    ['an option', 'What does git branch -d do?', 'What does git branch -D do?'],
    ['an option with a name of its own', 'What does ls -a do?', 'What does ls -A do?'],
    ['a symbol', 'How much is 5 g of lead?', 'How much is 5 G of lead?'],
    ['indentation', 'Why?\nif a:\n  b()\n  c()', 'Why?\nif a:\n  b()\nc()'],
  ])('a different %s makes a different prompt', async (_what, prompt, other) => {
    await llm.cacheLLMResponse(prompt, 'So.', MODEL)

    expect(await answered(other)).toBeUndefined()
  })

  test.each([
    ['i', 'May I?', 'may i'],
    ['a', 'A horse is a what?', 'a horse is a what'],
    ['blank lines', 'Why is\nthe sky blue?', 'Why is \n \n\nthe  sky blue'],
  ])('a prompt that differs only in %s is the same', async (_what, prompt, other) => {
    await llm.cacheLLMResponse(prompt, 'So.', MODEL)

    expect((await llm.getCachedLLMResponse(other, MODEL))?.tier).toBe('normalised')
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
    ['documents', { documents: Array.from({ length: 63 }, (_, i) => `d${i}`) }],
    ['tags', { documents: ['d'], tags: Array.from({ length: 62 }, (_, i) => `t${i}`) }],
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
    [{ maxAnswerChars: 0 }],
    [{ normalisedMatching: 1 }],
    [{ prices: { m: { prompt: -1, completion: 0 } } }],
    [{ timeouts: { total: 0 } }],
  ])('refuses the options %o', (options) => {
    expect(() => new LLMResponseCache(options as never)).toThrow(InvalidOptionError)
  })

  test('says what is missing if no function to generate answers is given', async () => {
    const asked = { prompt: 'Why?', model: MODEL }
    const nobody = undefined as never

    await expect(llm.getOrGenerate(asked, nobody)).rejects.toMatchObject({ option: 'generate' })
    await expect(llm.getOrStream(asked, nobody)).rejects.toMatchObject({ option: 'generate' })
    await expect(llm.getOrEmbed({ model: MODEL }, ['a'], nobody)).rejects.toMatchObject({
      option: 'embed',
    })
  })

  test('the default cache of answers uses the current default cache', async () => {
    setDefaultCache(cache)
    try {
      await llmCache.cacheLLMResponse('Why?', 'Because.', MODEL)
      expect(await answered('Why?')).toBe('Because.')
      setDefaultCache(new RedisCacheManager({ redis: embeddedTransport() }))
      expect(await llmCache.getCachedLLMResponse('Why?', MODEL)).toBeUndefined()
    } finally {
      setDefaultCache(undefined)
    }
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
    expect(await sealed.getCachedLLMResponse('Is Ada fired?', MODEL, options)).toMatchObject({
      response: 'Ada stays.',
    })

    const { result } = await redis.request<string[]>({ path: [], body: ['KEYS', '*'] })
    const values = await Promise.all(
      (result ?? []).map((key) => redis.request({ path: [], body: ['GET', key] })),
    )

    expect(JSON.stringify([result, values])).not.toMatch(
      /Ada (stays|wrote)|fired|llama|acme|contract|mail-9|triage/,
    )
    expect(result?.length).toBeGreaterThan(2)
  })
})
