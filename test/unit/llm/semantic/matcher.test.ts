import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../../src/cache/manager.ts'
import { InvalidOptionError } from '../../../../src/errors.ts'
import { createSemanticMatcher } from '../../../../src/llm/semantic/create-matcher.ts'
import type { Embedder } from '../../../../src/llm/semantic/embedder.ts'
import type { Matcher, MatchRequest } from '../../../../src/llm/semantic/matcher.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'

const ASKED = 'How do I reset my password?'
const SIMILAR = 'How can I reset my password'

/** Puts every text at an angle: as many degrees as there are spaces at its end. */
const angles: Embedder = {
  model: 'angles',
  dimensions: 8,
  isLocal: true,
  embed: (texts) =>
    Promise.resolve(
      texts.map((text) => {
        const angle = ((text.length - text.trimEnd().length) * Math.PI) / 180
        return [Math.cos(angle), Math.sin(angle), 0, 0, 0, 0, 0, 0]
      }),
    ),
}

const at = (degrees: number, text: string): string => text + ' '.repeat(degrees)

describe('createSemanticMatcher', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let cache: RedisCacheManager
  let matcher: Matcher

  const make = (options = {}): RedisCacheManager =>
    new RedisCacheManager({ redis: embeddedTransport({ engine }), platform, ...options })

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    cache = make()
    matcher = createSemanticMatcher({ cache })
  })

  const ask = (request: Partial<MatchRequest> = {}) =>
    matcher.match({ scope: 's', prompt: SIMILAR, ...request })

  test('finds a prompt in nearly the same words by default, and says how similar it is', async () => {
    await matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e1' })

    expect(await ask()).toEqual({
      kind: 'hit',
      entryId: 'e1',
      similarity: expect.closeTo(1, 1),
      confidence: undefined,
    })
  })

  test('finds no prompt of another scope', async () => {
    await matcher.remember({ scope: 't', prompt: ASKED, entryId: 'e1' })

    expect(await ask()).toEqual({ kind: 'miss', reason: 'empty' })
  })

  test('vetoes a prompt with another meaning, and names what differs', async () => {
    matcher = createSemanticMatcher({ cache, policy: { kind: 'static', minSimilarity: 0.5 } })
    await matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e1' })

    expect(await ask({ prompt: 'How can I not reset my password' })).toMatchObject({
      kind: 'veto',
      reason: 'negation',
      candidate: { entryId: 'e1' },
    })
  })

  test('skips a neighbour with a veto, and takes the next one without', async () => {
    matcher = createSemanticMatcher({ cache, embedder: angles, policy: STATIC })
    await matcher.remember({ scope: 's', prompt: at(0, 'price of 3 apples'), entryId: 'three' })
    await matcher.remember({ scope: 's', prompt: at(5, 'price of 2 apples'), entryId: 'two' })

    const match = await ask({ prompt: at(0, 'the price for 2 apples') })

    expect(match.kind === 'hit' ? match.entryId : match).toBe('two')
  })

  test('lets a caller raise the minimum similarity of the policy, and not lower it', async () => {
    matcher = createSemanticMatcher({ cache, embedder: angles, policy: STATIC })
    await matcher.remember({ scope: 's', prompt: at(40, 'an old saying'), entryId: 'e1' })
    await matcher.remember({ scope: 's', prompt: at(20, 'an old saying'), entryId: 'e2' })

    expect(await ask({ prompt: at(20, 'an old saying'), minSimilarity: 0.999 })).toMatchObject({
      kind: 'hit',
    })
    expect(await ask({ prompt: at(0, 'an old saying'), minSimilarity: 0.999 })).toMatchObject({
      kind: 'miss',
      reason: 'below',
      candidate: { entryId: 'e2' },
    })
    expect(await ask({ prompt: at(80, 'an old saying'), minSimilarity: 0 })).toMatchObject({
      reason: 'below',
    })
  })

  test.each([
    ['nothing to read', '?!'],
    ['too much', 'word '.repeat(401)],
    ['a lone surrogate', 'word \ud800'],
  ])('neither matches nor remembers a prompt with %s', async (_what, prompt) => {
    await matcher.remember({ scope: 's', prompt, entryId: 'e1' })

    expect(await ask({ prompt })).toEqual({ kind: 'miss', reason: 'unsuitable' })
    expect(engine.execute(['DBSIZE'])).toEqual({ result: 0 })
  })

  test('forgets entries and scopes', async () => {
    for (const scope of ['s', 't']) {
      await matcher.remember({ scope, prompt: ASKED, entryId: 'e1' })
    }

    await matcher.forget('s', ['e1', 'unknown'])
    await matcher.forgetScope('t')

    expect(await ask()).toEqual({ kind: 'miss', reason: 'empty' })
    expect(await ask({ scope: 't' })).toEqual({ kind: 'miss', reason: 'empty' })
  })

  test('is a miss while Redis is down, and reports the failure', async () => {
    await matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e1' })
    await cache.close()

    const match = await createSemanticMatcher({ cache }).match({ scope: 's', prompt: ASKED })

    expect(match).toMatchObject({ kind: 'miss', reason: 'failed', error: expect.any(Error) })
    await expect(matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e' })).rejects.toThrow()
  })

  test('rejects with the reason of an abort, as the same object', async () => {
    const reason = new Error('enough')

    await expect(ask({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test('treats prompts that Redis has evicted as misses', async () => {
    for (let i = 0; i < 20; i++) {
      await matcher.remember({ scope: 's', prompt: `What is topic${i}x?`, entryId: `e${i}` })
    }
    const keys = (engine.execute(['KEYS', '*']).result as string[]).toSorted()
    for (const key of keys) {
      engine.execute(['DEL', key])
      const fresh = createSemanticMatcher({ cache: make() })

      expect(['miss', 'hit']).toContain(
        (await fresh.match({ scope: 's', prompt: 'what is topic3x' })).kind,
      )
    }
    expect(
      await createSemanticMatcher({ cache: make() }).match({
        scope: 's',
        prompt: 'what is topic3x',
      }),
    ).toEqual({
      kind: 'miss',
      reason: 'empty',
    })
  })

  test('keeps the newest prompts of a scope, and drops the oldest in every isolate', async () => {
    const bounded = createSemanticMatcher({ cache, maxVectors: 3, lag: 0 })
    const other = createSemanticMatcher({ cache: make(), maxVectors: 3, lag: 0 })
    for (let i = 0; i < 5; i++) {
      await bounded.remember({ scope: 's', prompt: `What is topic${i}x?`, entryId: `e${i}` })
      await other.match({ scope: 's', prompt: 'what is topic0x' })
    }

    const kinds = await Promise.all(
      [0, 1, 2, 3, 4].map(
        async (i) => (await other.match({ scope: 's', prompt: `what is topic${i}x` })).kind,
      ),
    )

    expect(kinds.map((kind) => kind === 'hit')).toEqual([false, false, true, true, true])
  })

  test('encrypts prompts and vectors if the cache encrypts, and refuses those that are not sealed', async () => {
    const secret = Buffer.alloc(32, 7).toString('base64')
    const options = {
      hashKeys: { secret },
      encryption: { keys: [{ id: 'k1', secret }] },
    }
    const sealed = createSemanticMatcher({ cache: make(options), lag: 0 })
    await sealed.remember({ scope: 's', prompt: ASKED, entryId: 'e1' })

    const stored = JSON.stringify(
      (engine.execute(['KEYS', '*']).result as string[]).map((key) => [
        key,
        engine.execute(['TYPE', key]).result === 'hash'
          ? engine.execute(['HGETALL', key]).result
          : '',
      ]),
    )
    expect(stored).not.toMatch(/password|reset/)
    expect(await sealed.match({ scope: 's', prompt: SIMILAR })).toMatchObject({ kind: 'hit' })

    const [vectors = ''] = (engine.execute(['KEYS', '*:v:*']).result as string[]) ?? []
    const [, text] = engine.execute(['HGETALL', vectors]).result as string[]
    engine.execute(['HSET', vectors, 'e1', String(text).slice(0, -8)])
    const fresh = createSemanticMatcher({ cache: make(options) })
    expect(await fresh.match({ scope: 's', prompt: SIMILAR })).toMatchObject({ kind: 'miss' })
  })

  test('does not mix the vectors of two models', async () => {
    const other = { ...angles, model: 'angles-2' }
    await createSemanticMatcher({ cache, embedder: angles, policy: STATIC }).remember({
      scope: 's',
      prompt: ASKED,
      entryId: 'e1',
    })

    const match = await createSemanticMatcher({ cache, embedder: other, policy: STATIC }).match({
      scope: 's',
      prompt: ASKED,
    })

    expect(match).toEqual({ kind: 'miss', reason: 'empty' })
  })

  test.each([
    ['scope', { scope: '' }],
    ['minSimilarity', { minSimilarity: 1.1 }],
    ['minSimilarity', { minSimilarity: Number.NaN }],
  ])('rejects a bad %s', async (option, request) => {
    await expect(ask(request)).rejects.toThrow(expect.objectContaining({ option }))
  })

  test.each([
    ['cache', { cache: { namespace: () => undefined } }],
    ['maxVectors', { maxVectors: 50_001 }],
    ['maxBytes', { maxBytes: 0 }],
    ['maxPromptChars', { maxPromptChars: 0.5 }],
    ['ttl', { ttl: 0 }],
    ['lag', { lag: -1 }],
    ['judge', { judge: 'no' }],
    ['embedder', { embedder: {} }],
    ['embedder.model', { embedder: { ...angles, model: 'a/b' } }],
    ['embedder.dimensions', { embedder: { ...angles, dimensions: 5_000 } }],
    ['policy.kind', { policy: { kind: 'other' } }],
    ['policy.minSimilarity', { policy: { kind: 'static', minSimilarity: 0 } }],
    ['policy.maxErrorRate', { policy: { kind: 'verified', maxErrorRate: 0.6 } }],
    ['policy.minConfidence', { policy: { kind: 'verified', minConfidence: 1 } }],
    ['policy', { policy: 0.85 }],
    ['policy.confidence', { policy: { kind: 'verified', confidence: 0.9 } }],
    ['policy.maxErrorRate', { policy: { kind: 'static', minSimilarity: 0.5, maxErrorRate: 0.1 } }],
    ['options.threshold', { threshold: 0.5 }],
    ['options.(unprintable)', { 'sk-secret': 0.5 }],
  ])('rejects a bad option %s', (option, options) => {
    expect(() => createSemanticMatcher({ cache, ...(options as object) })).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })

  test('rejects an entry id that is not a short text', async () => {
    await expect(matcher.remember({ scope: 's', prompt: ASKED, entryId: 'a b' })).rejects.toThrow(
      expect.objectContaining({ option: 'entryId' }),
    )
  })

  test('rejects when the vector to remember is malformed', async () => {
    const broken: Embedder = { ...angles, embed: () => Promise.resolve([[1, 2]]) }
    matcher = createSemanticMatcher({ cache, embedder: broken })

    await expect(matcher.remember({ scope: 's', prompt: ASKED, entryId: 'e' })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE' }),
    )
    expect(await ask()).toMatchObject({ kind: 'miss', reason: 'failed' })
  })
})

const STATIC = { kind: 'static', minSimilarity: 0.9 } as const
