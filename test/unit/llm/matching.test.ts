import { beforeEach, describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { LLMResponseCache } from '../../../src/llm/index.ts'
import { llmProxy } from '../../../src/llm/proxy/index.ts'
import { createSemanticMatcher } from '../../../src/llm/semantic/create-matcher.ts'
import type { Embedder } from '../../../src/llm/semantic/embedder.ts'
import type {
  Match,
  Matcher,
  MatchRequest,
  RememberRequest,
} from '../../../src/llm/semantic/matcher.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'
import { faultyRequester } from '../../support/faulty-requester.ts'
import { llmUpstream } from '../../support/llm-upstream.ts'
import { turns } from '../../support/turns.ts'

const MODEL = 'llama3.2:3b'
const ASKED = 'How do I reset the password of my account?'
const SIMILAR = 'How do I reset the password of my account please?'

describe('matching by similarity', () => {
  let cache: RedisCacheManager
  let llm: LLMResponseCache

  beforeEach(() => {
    cache = new RedisCacheManager({ redis: embeddedTransport() })
    const matcher = createSemanticMatcher({
      cache,
      policy: { kind: 'static', minSimilarity: 0.7 },
      lag: 0,
    })
    llm = new LLMResponseCache({ cache, matcher })
  })

  test('finds the answer to a similar prompt only if the request asks for that', async () => {
    const asking = { enableSemanticMatching: true }
    await llm.cacheLLMResponse(ASKED, 'By mail.', MODEL, asking)

    const found = await llm.getCachedLLMResponse(SIMILAR, MODEL, asking)

    expect(found).toMatchObject({
      response: 'By mail.',
      tier: 'semantic',
      similarity: expect.any(Number),
    })
    expect(await llm.getCachedLLMResponse(SIMILAR, MODEL)).toBeUndefined()
    expect(llm.getCacheStats()).toMatchObject({ hits: { semantic: 1 }, matching: { hits: 1 } })
  })

  test('an answer that was stored without the option is found by similarity too, unless the option was false', async () => {
    const asking = { enableSemanticMatching: true }
    await llm.cacheLLMResponse(ASKED, 'By mail.', MODEL)
    const apart = { enableSemanticMatching: false, tenant: 'apart' }
    await llm.cacheLLMResponse(ASKED, 'By mail.', MODEL, apart)

    const found = await llm.getCachedLLMResponse(SIMILAR, MODEL, asking)
    const kept = await llm.getCachedLLMResponse(SIMILAR, MODEL, { ...apart, ...asking })

    expect(found).toMatchObject({ response: 'By mail.', tier: 'semantic' })
    expect(kept).toBeUndefined()
  })

  test('a caller may demand more similarity', async () => {
    const asking = { enableSemanticMatching: true }
    await llm.cacheLLMResponse(ASKED, 'By mail.', MODEL, asking)

    const strict = { ...asking, semanticSimilarityThreshold: 0.999 }

    expect(await llm.getCachedLLMResponse(SIMILAR, MODEL, strict)).toBeUndefined()
  })

  test('never finds what another tenant asked, or what was asked with another parameter', async () => {
    const asking = { enableSemanticMatching: true }
    await llm.cacheLLMResponse(ASKED, 'By mail.', MODEL, {
      ...asking,
      tenant: 'a',
      parameters: { seed: 1 },
    })
    for (const options of [
      { tenant: 'b', parameters: { seed: 1 } },
      { tenant: 'a', parameters: { seed: 2 } },
    ]) {
      expect(
        await llm.getCachedLLMResponse(SIMILAR, MODEL, { ...asking, ...options }),
      ).toBeUndefined()
    }
  })

  test('an invalidated answer is not found by similarity either', async () => {
    const asking = { enableSemanticMatching: true, documents: ['d'] }
    await llm.cacheLLMResponse(ASKED, 'By mail.', MODEL, asking)
    await llm.invalidateDocument('d')

    expect(await llm.getCachedLLMResponse(SIMILAR, MODEL, asking)).toBeUndefined()
  })

  test('an answer that is too old for one request is still found by others', async () => {
    const platform = new ManualPlatform()
    const aged = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    const matcher = createSemanticMatcher({ cache: aged, lag: 0 })
    const matching = new LLMResponseCache({ cache: aged, matcher, platform })
    const asking = { enableSemanticMatching: true }
    await matching.cacheLLMResponse(ASKED, 'By mail.', MODEL, asking)
    await platform.advance(60_000)
    const asWell = { ...asking, cacheControl: 'max-age=10' }

    expect(await matching.getCachedLLMResponse(SIMILAR, MODEL, asWell)).toBeUndefined()
    await turns()
    expect(await matching.getCachedLLMResponse(SIMILAR, MODEL, asking)).toMatchObject({
      response: 'By mail.',
      tier: 'semantic',
    })
  })

  test('an answer that cannot be read now is not forgotten', async () => {
    const redis = faultyRequester(embeddedTransport())
    const flaky = new RedisCacheManager({ redis, retries: 0 })
    const inner = createSemanticMatcher({ cache: flaky, lag: 0 })
    const match = async (asked: MatchRequest): Promise<Match> => {
      const found = await inner.match(asked)
      redis.fate = () => ({ kind: 'fail', error: new Error('away') })
      return found
    }
    const forget = vi.fn(async () => undefined)
    const matcher: Matcher = { ...bound(inner), match, forget }
    const matching = new LLMResponseCache({ cache: flaky, matcher })
    const asking = { enableSemanticMatching: true }
    await matching.cacheLLMResponse(ASKED, 'By mail.', MODEL, asking)

    expect(await matching.getCachedLLMResponse(SIMILAR, MODEL, asking)).toBeUndefined()

    expect(matching.getCacheStats()).toMatchObject({ matching: { hits: 1 } })
    expect(forget).not.toHaveBeenCalled()
  })

  test('prompts that differ in something that matters are vetoed, and counted by reason', async () => {
    const asking = { enableSemanticMatching: true }
    await llm.cacheLLMResponse('How do I turn on the alarm of my house?', 'Press 1.', MODEL, asking)

    const opposite = await llm.getCachedLLMResponse(
      'How do I turn off the alarm of my house?',
      MODEL,
      asking,
    )

    expect(opposite).toBeUndefined()
    expect(Object.keys(llm.getCacheStats().matching?.vetoes ?? {})).toHaveLength(1)
  })

  test('an explored miss is judged by the fresh answer, in the background', async () => {
    const explore: Match = {
      kind: 'explore',
      reason: 'unproven',
      candidate: { entryId: 'x'.repeat(43), similarity: 0.9 },
      confidence: 0.2,
    }
    const inner = createSemanticMatcher({ cache })
    const review = vi.fn(async () => undefined)
    const remember = vi.fn(async () => undefined)
    const matcher: Matcher = { ...bound(inner), match: async () => explore, review, remember }
    const exploring = new LLMResponseCache({ cache, matcher })
    const request = { prompt: ASKED, model: MODEL, enableSemanticMatching: true }

    const answer = await exploring.getOrGenerate(request, () => 'By mail.')

    expect(answer).toMatchObject({ response: 'By mail.', via: 'miss' })
    await eventually(() => expect(review).toHaveBeenCalledOnce())
    expect(review).toHaveBeenCalledWith(
      expect.objectContaining({
        prompt: ASKED,
        candidate: explore.candidate,
        stored: undefined,
        fresh: 'By mail.',
      }),
    )
    expect(remember).not.toHaveBeenCalled()
  })

  test('a candidate whose answer is too old for the request is judged, and not forgotten', async () => {
    const platform = new ManualPlatform()
    const aged = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    const inner = createSemanticMatcher({ cache: aged })
    let entryId = ''
    const remember = async (told: RememberRequest) => {
      entryId = told.entryId
    }
    const match = async (): Promise<Match> => ({
      kind: 'explore',
      reason: 'unproven',
      candidate: { entryId, similarity: 0.9 },
      confidence: 0.2,
    })
    const review = vi.fn(async () => undefined)
    const matcher: Matcher = { ...bound(inner), match, remember, review }
    const exploring = new LLMResponseCache({ cache: aged, matcher, platform })
    const asking = { enableSemanticMatching: true }
    await exploring.cacheLLMResponse(ASKED, 'By mail.', MODEL, asking)
    await platform.advance(60_000)

    const request = { ...asking, prompt: SIMILAR, model: MODEL, cacheControl: 'max-age=10' }
    await exploring.getOrGenerate(request, () => 'By post.')

    await eventually(() => expect(review).toHaveBeenCalledOnce())
    expect(review).toHaveBeenCalledWith(expect.objectContaining({ stored: 'By mail.' }))
  })

  test('an embedder that fails makes a miss', async () => {
    const embedder: Embedder = {
      model: 'broken',
      dimensions: 8,
      sees: 'meaning',
      isLocal: false,
      embed: () => Promise.reject(new Error('down')),
    }
    const failing = new LLMResponseCache({
      cache,
      matcher: createSemanticMatcher({ cache, embedder }),
    })
    const request = { prompt: ASKED, model: MODEL, enableSemanticMatching: true }

    expect(await failing.getOrGenerate(request, () => 'By mail.')).toMatchObject({ via: 'miss' })
  })

  test('the proxy matches at low temperatures that the request names, for one text without tools', async () => {
    const upstream = llmUpstream()
    const proxy = llmProxy({
      cache: llm,
      ollama: 'http://model.test',
      fetch: upstream.fetch,
      matching: true,
    })
    const ask = async (content: string, options: object, more: object = {}) => {
      const body = { model: 'm', messages: [{ role: 'user', content }], options, ...more }
      const response = await proxy.request('/api/chat', {
        method: 'POST',
        body: JSON.stringify(body),
      })
      await response.text()
      await turns()
      return response.headers
    }
    const cases = [
      [{ temperature: 0 }, {}, 'semantic'],
      [{ temperature: 0.3 }, {}, 'semantic'],
      [{ temperature: 0.5 }, {}, 'miss'],
      [{}, {}, 'miss'],
      [{ temperature: 0 }, { tools: [{ type: 'function' }] }, 'miss'],
    ] as const
    for (const [options, more, via] of cases) {
      await ask(ASKED, options, more)
      const headers = await ask(SIMILAR, options, more)
      expect([options, more, headers.get('x-nearcache')]).toEqual([options, more, via])
      if (via === 'semantic')
        expect(Number(headers.get('x-nearcache-similarity'))).toBeGreaterThan(0.7)
    }
  })
})

/** The methods of a matcher, apart from it. */
function bound(matcher: Matcher): Matcher {
  return {
    match: (request) => matcher.match(request),
    remember: (request) => matcher.remember(request),
    learn: (request) => matcher.learn(request),
    review: (request) => matcher.review(request),
    forget: (scope, ids) => matcher.forget(scope, ids),
    forgetScope: (scope) => matcher.forgetScope(scope),
    stats: () => matcher.stats(),
  }
}
