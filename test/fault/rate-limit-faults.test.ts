import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LOGIN_POLICIES, type RateLimiterOptions } from '../../src/ratelimit/index.ts'
import type { Fate } from '../support/faulty-requester.ts'
import { found } from '../support/findings.ts'
import { type LimitsUnderTest, limitsUnderTest } from '../unit/ratelimit/limits.ts'

const SECRETIVE = 'command was: [["evalsha","ada@shop.example"]]'
const POLICY = { name: 'login', by: 'address', limit: 30, window: '1m' } as const
const FACTS = { address: '192.0.2.1' }
const TIMEOUT_MS = 250

/** Each way in which Redis can fail, with the longest wait for it. */
const FAULTS: readonly (readonly [name: string, fate: Fate, waitMs: number])[] = [
  ['refuses connections', { kind: 'fail', error: refused() }, 0],
  ['hangs', { kind: 'hang' }, TIMEOUT_MS],
  ['throws what it was sent', { kind: 'fail', error: new Error(SECRETIVE) }, 0],
  ['loses the reply', { kind: 'lose-reply', error: new Error('reset') }, 0],
  ['is out of memory', answer({ error: 'OOM command not allowed' }), 0],
  ['is loading', answer({ error: 'LOADING Redis is loading the dataset' }), 0],
  ['is read only', answer({ error: 'READONLY You cannot write' }), 0],
  ['refuses the credentials', answer({ error: 'WRONGPASS invalid' }), 0],
  ['has the name for something else', answer({ error: 'WRONGTYPE Operation against' }), 0],
  ['has no scripts', answer({ error: "ERR unknown command 'EVALSHA'" }), 0],
  ['forgets the script each time', answer({ error: 'NOSCRIPT No matching script' }), 0],
  ['answers nil', answer({ result: null }), 0],
  ['answers text', answer({ result: 'OK' }), 0],
  ['answers a list of texts', answer({ result: ['many', 'few'] }), 0],
  ['answers a short list', answer({ result: [] }), 0],
  ['answers a list of nils', answer({ result: [null, null] }), 0],
  ['answers a list of nothing but one number', answer({ result: [7] }), 0],
  ['answers what another script would', answer({ result: [1, 2, 3] }), 0],
  ['answers HTML', answer('<html>'), 0],
  ['answers nothing', answer(undefined), 0],
]

describe('While Redis', () => {
  let world: LimitsUnderTest
  let unhandled = 0
  const count = (): void => {
    unhandled++
  }

  beforeEach(() => {
    world = limitsUnderTest()
    unhandled = 0
    process.on('unhandledRejection', count)
  })
  afterEach(() => {
    process.off('unhandledRejection', count)
    vi.useRealTimers()
  })

  const limiter = (options: Partial<RateLimiterOptions> = {}) =>
    world.limiter({ policies: [POLICY], timeout: TIMEOUT_MS, ...options })

  test('is down, no client is told to wait longer than an outage may last', async () => {
    const limits = limiter({ policies: LOGIN_POLICIES })
    world.redis.fate = () => ({ kind: 'fail', error: new Error('away') })
    const logIn = () => limits.limit({ address: '192.0.2.7', account: 'ada@example.com' })
    let refused = await logIn()
    for (let i = 0; i < 20 && refused.allowed; i++) refused = await logIn()

    expect(refused).toMatchObject({ status: 503, retryAfter: 30, headers: { 'retry-after': '30' } })
    world.redis.fate = () => ({ kind: 'pass' })
    await world.platform.advance(30_000)
    expect((await logIn()).allowed).toBe(true)
  })

  test.each(FAULTS)(
    '%s, a share of the limit is allowed and the rest gets 503, in bounded time',
    async (_name, fate, waitMs) => {
      const limits = limiter()
      world.redis.fate = () => fate
      const startedAt = world.platform.now()
      const asked = Promise.all(Array.from({ length: 40 }, () => limits.limit(FACTS)))
      await world.platform.advance(waitMs)

      const decisions = await asked

      expect(world.platform.now() - startedAt).toBe(waitMs)
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(3)
      for (const decision of decisions) {
        expect(decision.source).toBe('local')
        expect(Object.keys(decision.headers)).toEqual(decision.allowed ? [] : ['retry-after'])
        if (decision.allowed) continue
        expect(decision).toMatchObject({
          status: 503,
          retryAfter: 20,
          problem: { type: expect.stringMatching(/#temporary-reduced-capacity$/) },
        })
        expect(JSON.stringify(decision)).not.toMatch(/command was|ada@|192\.0/)
      }
      expect(limits.counts).toEqual({ redis: 0, remembered: 0, local: 40, refused: 37 })
      await world.platform.settle()
      expect(unhandled).toBe(0)
    },
  )

  test.each(FAULTS)(
    '%s and the share is 0, every request is refused',
    async (_name, fate, waitMs) => {
      world.redis.fate = () => fate
      const decision = limiter({ fallbackShare: 0 }).limit(FACTS)
      await world.platform.advance(waitMs)

      expect(await decision).toMatchObject({ allowed: false, status: 503 })
    },
  )

  test.each(FAULTS)('%s and recovers, its counts apply again', async (_name, fate, waitMs) => {
    const limits = limiter()
    await limits.limit(FACTS)
    world.redis.fate = () => fate
    const during = limits.limit(FACTS)
    await world.platform.advance(waitMs)
    await during

    world.redis.fate = () => ({ kind: 'pass' })
    // A circuit that the fault has opened lets a request through after its cooldown.
    await world.pass(1_000)
    const after = await limits.limit(FACTS)

    expect(after).toMatchObject({ allowed: true, source: 'redis' })
  })

  test('hangs, only the first requests wait for it', async () => {
    const limits = limiter({ fallbackShare: 1 })
    world.redis.fate = () => ({ kind: 'hang' })
    for (let i = 0; i < 5; i++) {
      const waiting = limits.limit(FACTS)
      await world.platform.advance(TIMEOUT_MS)
      await waiting
    }

    const before = world.redis.requests.length
    await Promise.all(Array.from({ length: 20 }, () => limits.limit(FACTS)))

    expect(world.redis.requests).toHaveLength(before)
  })

  test('cannot be reached, success gives the unit back to the bucket it came from', async () => {
    const limits = limiter({ policies: [{ ...POLICY, limit: 1, counts: 'failures' }] })
    world.redis.fate = () => ({ kind: 'fail', error: new Error('away') })
    for (let i = 0; i < 5; i++) {
      const attempt = await limits.limit(FACTS)
      if (!attempt.allowed) return expect.unreachable('nothing has failed')
      await attempt.succeeded()
    }
    await limits.limit(FACTS)

    expect((await limits.limit(FACTS)).allowed).toBe(false)
  })

  test('is down, clients with ever new addresses are let through a bounded number of times', async ({
    task,
  }) => {
    const limits = limiter({ policies: [{ ...POLICY, limit: 10 }] })
    world.redis.fate = () => ({ kind: 'fail', error: new Error('away') })
    let allowed = 0
    for (let i = 0; i < 12_000; i++) {
      const address = `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`
      if ((await limits.limit({ address })).allowed) allowed++
    }

    found(task, 'rate limits with Redis away', { addresses: 12_000, 'let through': allowed })
    expect(allowed).toBe(10_000)
  })
})

function answer(reply: unknown): Fate {
  return { kind: 'answer', answer: reply }
}

function refused(): Error {
  return Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
  })
}
