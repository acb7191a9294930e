import { describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { createSemanticMatcher } from '../../../src/llm/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { deferredMatcher } from '../../../src/startup/deferred-matcher.ts'

const ASKED = { scope: 's', prompt: 'Why is the sky blue?' }
const make = () =>
  createSemanticMatcher({
    cache: new RedisCacheManager({ redis: embeddedTransport() }),
    policy: { kind: 'static', minSimilarity: 0.5 },
    lag: 0,
  })

describe('a matcher that is loaded when it is first used', () => {
  test('behaves like the matcher that it loads, and loads it once', async () => {
    const load = vi.fn(async () => make())
    const matcher = deferredMatcher(load)
    const unused = matcher.stats()
    expect(load).not.toHaveBeenCalled()

    expect(await matcher.match(ASKED)).toEqual({ kind: 'miss', reason: 'empty' })
    await matcher.remember({ ...ASKED, entryId: 'e' })
    expect(await matcher.match(ASKED)).toMatchObject({ kind: 'hit', entryId: 'e' })
    const candidate = { entryId: 'e', similarity: 1 }
    await matcher.learn({ scope: 's', candidate, same: true })
    await matcher.review({ ...ASKED, entryId: 'f', candidate, stored: 'x', fresh: 'x' })
    await matcher.forget('s', ['e'])
    await matcher.forgetScope('s')

    expect(await matcher.match(ASKED)).toEqual({ kind: 'miss', reason: 'empty' })
    expect(matcher.stats()).toMatchObject({ matches: 3, hits: 1, remembered: 1 })
    expect(unused).toEqual(make().stats())
    expect(load).toHaveBeenCalledTimes(1)
  })

  test('that cannot be loaded returns misses with the reason, and is loaded again at the next use', async () => {
    const error = new Error('gone')
    const load = vi.fn(async () => make()).mockRejectedValueOnce(error)
    const matcher = deferredMatcher(load)

    expect(await matcher.match(ASKED)).toEqual({ kind: 'miss', reason: 'failed', error })
    expect(await matcher.match(ASKED)).toEqual({ kind: 'miss', reason: 'empty' })
  })
})
