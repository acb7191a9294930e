import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../../src/cache/manager.ts'
import { createSemanticMatcher } from '../../../../src/llm/semantic/create-matcher.ts'
import type { Match, Matcher } from '../../../../src/llm/semantic/matcher.ts'
import { embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import type { Requester } from '../../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'
import { turns } from '../../../support/turns.ts'

describe('a match whose reply from Redis comes late', () => {
  let platform: ManualPlatform
  let matcher: Matcher
  /** Keeps back the replies to requests that are sent while it is set. */
  let gate: PromiseWithResolvers<void> | undefined

  beforeEach(() => {
    platform = new ManualPlatform()
    gate = undefined
    const engine = embeddedTransport({ platform })
    const redis: Requester = {
      async request(asked) {
        const held = gate?.promise
        const reply = await engine.request<never>(asked)
        await held
        return reply
      },
    }
    const cache = new RedisCacheManager({ redis, platform })
    matcher = createSemanticMatcher({ cache })
  })

  const ask = (): Promise<Match> =>
    matcher.match({ scope: 's', prompt: 'How do I reset my password?' })
  const remember = (): Promise<void> =>
    matcher.remember({ scope: 's', prompt: 'how can I reset my password', entryId: 'e1' })

  /** A match that Redis has answered. The function lets the reply arrive. */
  async function late(): Promise<() => Promise<Match>> {
    const held = Promise.withResolvers<void>()
    gate = held
    const match = ask()
    await turns()
    gate = undefined
    return () => {
      held.resolve()
      return match
    }
  }

  test('does not take away what a later one has read in the meantime', async () => {
    await ask()
    await platform.advance(1_000)
    const arrive = await late()
    await remember()
    expect(await ask()).toMatchObject({ kind: 'hit' })

    expect(await arrive()).toMatchObject({ kind: 'hit' })
    expect(await ask()).toMatchObject({ kind: 'hit' })
  })

  test.each([['first'], ['second']])(
    'and was the %s of its scope does not hide a prompt that this isolate has added since',
    async (which) => {
      if (which === 'second') await ask()
      await platform.advance(1_000)
      const arrive = await late()
      await remember()
      await arrive()

      expect(await ask()).toMatchObject({ kind: 'hit' })
    },
  )

  test.each<[string, () => Promise<void>]>([
    ['a prompt', () => matcher.forget('s', ['e1'])],
    ['the scope', () => matcher.forgetScope('s')],
  ])('does not bring back %s that this isolate has forgotten since', async (_what, forget) => {
    await remember()
    const arrive = await late()
    await forget()
    await arrive()

    expect(await ask()).toEqual({ kind: 'miss', reason: 'empty' })
  })
})

test('a clock that is set back does not keep an isolate from new prompts', async () => {
  const platforms = [new ManualPlatform(), new ManualPlatform()] as const
  const redis = embeddedTransport()
  const [here, there] = platforms.map((platform) =>
    createSemanticMatcher({ cache: new RedisCacheManager({ redis, platform }) }),
  ) as [Matcher, Matcher]
  const asked = { scope: 's', prompt: 'How do I reset my password?' }
  await platforms[0].advance(3_600_000)
  await here.match(asked)
  await there.remember({ ...asked, entryId: 'e1' })

  await platforms[0].advance(-3_600_000)

  expect(await here.match(asked)).toMatchObject({ kind: 'hit' })
})
