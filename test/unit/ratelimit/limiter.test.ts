import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { InvalidKeyError, InvalidOptionError } from '../../../src/errors.ts'
import { LOGIN_POLICIES, RateLimiter, type RateLimitPolicy } from '../../../src/ratelimit/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { parseList } from '../../support/structured-fields.ts'
import { type LimitsUnderTest, limitsUnderTest } from './limits.ts'

const THREE_A_MINUTE = { name: 'api', by: 'address', limit: 3, window: '1m' } as const
const ADDRESS = { address: '192.0.2.1' }
const SECRET = '11'.repeat(32)

let world: LimitsUnderTest

beforeEach(() => {
  world = limitsUnderTest()
})
afterEach(() => {
  vi.useRealTimers()
})

async function spend(limiter: RateLimiter, times: number, facts: object): Promise<boolean[]> {
  const answers: boolean[] = []
  for (let i = 0; i < times; i++) answers.push((await limiter.limit(facts)).allowed)
  return answers
}

describe('RateLimiter', () => {
  test.each(['sliding-window', 'fixed-window', 'token-bucket'] as const)(
    'with a %s admits requests up to the limit, refuses more, and admits again later',
    async (algorithm) => {
      const limiter = world.limiter({ policies: [{ ...THREE_A_MINUTE, algorithm }] })

      expect(await spend(limiter, 5, ADDRESS)).toEqual([true, true, true, false, false])
      expect(await spend(limiter, 1, { address: '192.0.2.2' })).toEqual([true])
      await world.pass(120_000)
      expect(await spend(limiter, 1, ADDRESS)).toEqual([true])
    },
  )

  test('all IPv6 addresses of a /64 share one count, and an IPv4-mapped address counts as IPv4', async () => {
    const limiter = world.limiter({ policies: [THREE_A_MINUTE] })
    const rotate = (i: number) => limiter.limit({ address: `2001:db8:1:2:${i.toString(16)}::9` })
    const rotated = await Promise.all(Array.from({ length: 50 }, (_, i) => rotate(i)))

    expect(rotated.filter(({ allowed }) => allowed)).toHaveLength(3)
    await spend(limiter, 3, ADDRESS)
    expect(await spend(limiter, 1, { address: '::ffff:c000:201' })).toEqual([false])
    expect(await spend(limiter, 1, { address: '2001:db8:1:3::9' })).toEqual([true])
  })

  test('requests without a valid address share one count', async () => {
    const limiter = world.limiter({ policies: [THREE_A_MINUTE] })
    await spend(limiter, 1, { address: 'nonsense' })
    await spend(limiter, 1, {})

    expect(await spend(limiter, 2, { address: '999.0.0.1' })).toEqual([true, false])
  })

  test.each([
    ['case', 'Ada@Shop.Example'],
    ['space', ' ada@shop.example '],
    ['form', 'ａda@shop.example'],
  ])('an account name that differs only in %s is the same account', async (_, account) => {
    const limiter = world.limiter({
      policies: [{ name: 'a', by: 'account', limit: 1, window: '1m' }],
    })
    await limiter.limit({ account: 'ada@shop.example' })

    expect(await spend(limiter, 1, { account })).toEqual([false])
  })

  test('`by: client` counts by account if there is one, otherwise by address', async () => {
    const limiter = world.limiter({
      policies: [{ name: 'c', by: 'client', limit: 1, window: '1m' }],
    })

    expect(await spend(limiter, 2, { address: '192.0.2.1', account: 'a' })).toEqual([true, false])
    expect(await spend(limiter, 1, { address: '192.0.2.1', account: 'b' })).toEqual([true])
    expect(await spend(limiter, 2, ADDRESS)).toEqual([true, false])
    // An account whose name equals an address does not share its count.
    expect(await spend(limiter, 1, { account: '192.0.2.2' })).toEqual([true])
    expect(await spend(limiter, 1, { address: '192.0.2.2' })).toEqual([true])
  })

  test('of 200 concurrent login attempts, as many are admitted as the limit allows', async () => {
    const limiter = world.limiter({ policies: LOGIN_POLICIES })
    const guesses = await Promise.all(
      Array.from({ length: 200 }, () => limiter.limit({ ...ADDRESS, account: 'ada' })),
    )

    expect(guesses.filter(({ allowed }) => allowed)).toHaveLength(5)
  })

  test('an attacker at one address uses only 20 of the 50 hourly attempts of an account', async () => {
    const limiter = world.limiter({ policies: LOGIN_POLICIES })
    const hammer = async () => {
      let spent = 0
      for (let s = 0; s < 3_600; s += 10) {
        spent += (await spend(limiter, 1, { ...ADDRESS, account: 'ada' })).filter(Boolean).length
        await world.pass(10_000)
      }
      return spent
    }
    await hammer()

    expect(await hammer()).toBe(20)
  })

  test('checks all policies in one request', async () => {
    const limiter = world.limiter({ policies: LOGIN_POLICIES })
    await limiter.limit({ ...ADDRESS, account: 'ada' }) // loads the script into Redis
    const before = world.redis.requests.length

    await limiter.limit({ ...ADDRESS, account: 'ada' })

    expect(world.redis.requests.slice(before).map(({ path }) => path)).toEqual([['pipeline']])
  })

  test('a request that one policy refuses is not counted by any policy', async () => {
    const limiter = world.limiter({
      policies: [
        { name: 'pair', by: 'pair', limit: 1, window: '1h' },
        { name: 'account', by: 'account', limit: 3, window: '1h' },
      ],
    })
    for (let i = 0; i < 20; i++) {
      await limiter.limit({ ...ADDRESS, account: 'ada' })
      await world.pass(1_500) // longer than refusals are remembered
      await world.platform.settle()
    }

    // The attacker has used one of the account's three attempts; its owner has the other two.
    expect(await spend(limiter, 1, { address: '198.51.100.1', account: 'ada' })).toEqual([true])
    expect(await spend(limiter, 1, { address: '198.51.100.2', account: 'ada' })).toEqual([true])
  })

  test('a success gives the unit back only to policies that count failures', async () => {
    const limiter = world.limiter({
      policies: [
        { name: 'failures', by: 'account', limit: 2, window: '1h', counts: 'failures' },
        { name: 'requests', by: 'address', limit: 10, window: '1h' },
      ],
    })
    for (let i = 0; i < 9; i++) {
      const attempt = await limiter.limit({ ...ADDRESS, account: 'ada' })
      if (!attempt.allowed) return expect.unreachable('the account has no failures')
      await attempt.succeeded()
    }

    expect(await spend(limiter, 2, { ...ADDRESS, account: 'ada' })).toEqual([true, false])
  })

  test('a success that is reported twice gives one unit back', async () => {
    const policies = [{ ...THREE_A_MINUTE, counts: 'failures' }] as const
    const limiter = world.limiter({ policies })
    const attempt = await limiter.limit(ADDRESS)
    if (!attempt.allowed) return expect.unreachable('it is the first')

    await Promise.all([attempt.succeeded(), attempt.succeeded()])
    await attempt.succeeded()

    expect(await spend(limiter, 4, ADDRESS)).toEqual([true, true, true, false])
  })

  test.each(['sliding-window', 'fixed-window'] as const)(
    'with a %s, a success after the window has ended does not enlarge the next one',
    async (algorithm) => {
      const policies = [{ ...THREE_A_MINUTE, algorithm, counts: 'failures' }] as const
      const limiter = world.limiter({ policies })
      await world.pass(59_000)
      const attempt = await limiter.limit(ADDRESS)
      if (!attempt.allowed) return expect.unreachable('it is the first')
      await world.pass(59_000) // so that nothing of the last window counts any more

      await attempt.succeeded()

      expect(await spend(limiter, 4, ADDRESS)).toEqual([true, true, true, false])
    },
  )

  test('requests that a fixed window refuses do not stay counted when others succeed', async () => {
    const policies = [{ ...THREE_A_MINUTE, algorithm: 'fixed-window', counts: 'failures' }] as const
    const limiter = world.limiter({ policies })
    const attempts = await Promise.all(Array.from({ length: 8 }, () => limiter.limit(ADDRESS)))
    await world.platform.settle()
    for (const attempt of attempts) if (attempt.allowed) await attempt.succeeded()
    await world.pass(1_000) // as long as refusals are remembered

    expect(await spend(limiter, 4, ADDRESS)).toEqual([true, true, true, false])
  })

  test('a refusal is repeated for 1 s without a request to Redis, and not longer', async () => {
    const limiter = world.limiter({ policies: [THREE_A_MINUTE] })
    await spend(limiter, 4, ADDRESS)
    const before = world.redis.requests.length

    expect(await spend(limiter, 100, ADDRESS)).not.toContain(true)
    expect(world.redis.requests).toHaveLength(before)
    expect(limiter.counts).toEqual({ redis: 4, remembered: 100, local: 0, refused: 101 })
    await world.pass(1_000)
    await limiter.limit(ADDRESS)
    expect(world.redis.requests).toHaveLength(before + 1)
  })

  test('neither address nor account is readable in Redis', async () => {
    const engine = new EmbeddedRedis()
    const asked: string[] = []
    const limiter = new RateLimiter({
      redis: {
        request: async (request) => {
          asked.push(JSON.stringify(request.body))
          return embeddedTransport({ engine }).request(request)
        },
      },
      policies: LOGIN_POLICIES,
      secret: SECRET,
    })
    await limiter.limit({ address: '2001:db8:7::7', account: 'ada@shop.example' })

    expect(engine.execute(['DBSIZE']).result).toBe(3)
    expect(asked.join()).not.toMatch(/ada@|shop\.example|2001:db8|:db8:/)
  })

  test('Redis keys depend on the secret, and have a hash tag', async () => {
    const names = async (secret?: string): Promise<unknown[]> => {
      const engine = new EmbeddedRedis()
      const redis = embeddedTransport({ engine })
      const policies = [THREE_A_MINUTE]
      await new RateLimiter({ redis, policies, ...(secret && { secret }) }).limit(ADDRESS)
      return engine.execute(['KEYS', '*']).result as unknown[]
    }
    const [plain] = await names()
    const [keyed] = await names(SECRET)

    expect(plain).toMatch(/^nc:rl:api:\{[\w-]{22}\}:\d+$/)
    expect(keyed).not.toBe(plain)
  })
})

describe('response headers', () => {
  test('conform to RFC 9651 and state the remaining units', async () => {
    const limiter = world.limiter({
      policies: [THREE_A_MINUTE, { name: 'day', by: 'address', limit: 100, window: '24h' }],
    })
    await world.pass(10_000)

    const { headers } = await limiter.limit(ADDRESS)

    expect(parseList(headers['ratelimit-policy'] ?? '')).toEqual([
      { value: 'api', parameters: { q: 3, w: 60 } },
      { value: 'day', parameters: { q: 100, w: 86_400 } },
    ])
    expect(parseList(headers['ratelimit'] ?? '')).toEqual([
      { value: 'api', parameters: { r: 2, t: 50 } },
      { value: 'day', parameters: { r: 99, t: 86_390 } },
    ])
    expect(headers).not.toHaveProperty('retry-after')
  })

  test('a refusal names the violated policy and asks the client to wait until the window ends', async () => {
    const limiter = world.limiter({ policies: [THREE_A_MINUTE] })
    await spend(limiter, 3, ADDRESS)
    await world.pass(20_000)

    const refused = await limiter.limit(ADDRESS)

    expect(refused).toMatchObject({
      allowed: false,
      source: 'redis',
      status: 429,
      retryAfter: 40,
      headers: { ratelimit: '"api";r=0;t=40', 'retry-after': '40' },
      problem: {
        status: 429,
        type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
        extensions: { 'violated-policies': ['api'] },
      },
    })
  })

  test('do not reveal the limits of an account', async () => {
    const limiter = world.limiter({
      policies: [{ name: 'a', by: 'account', limit: 1, window: '1m' }],
    })
    const allowed = await limiter.limit({ account: 'ada' })
    const refused = await limiter.limit({ account: 'ada' })

    expect(allowed.headers).toEqual({})
    expect(refused.headers).toEqual({ 'retry-after': '60' })
    expect(refused).not.toHaveProperty('problem.extensions')
  })
})

describe('bad input', () => {
  test('an account that is absent or too long is refused before any I/O', async () => {
    const limiter = world.limiter({ policies: LOGIN_POLICIES })

    await expect(limiter.limit(ADDRESS)).rejects.toThrow(InvalidKeyError)
    await expect(limiter.limit({ ...ADDRESS, account: 'x'.repeat(1_025) })).rejects.toThrow(
      InvalidKeyError,
    )
    for (const account of [null, 7, ['ada'], {}] as unknown as string[]) {
      await expect(limiter.limit({ ...ADDRESS, account })).rejects.toThrow(InvalidKeyError)
    }
    expect(world.redis.requests).toEqual([])
  })

  test.each<[string, object]>([
    ['redis', { redis: {} }],
    ['policies', { policies: [] }],
    ['policies', { policies: [THREE_A_MINUTE, THREE_A_MINUTE] }],
    ['policies', { policies: Array.from({ length: 9 }, (_, i) => named(`p${i}`)) }],
    ['policies[0].name', { policies: [named('a b')] }],
    ['policies[0].by', { policies: [{ ...THREE_A_MINUTE, by: 'moon' }] }],
    ['policies[0].limit', { policies: [{ ...THREE_A_MINUTE, limit: 0 }] }],
    ['policies[0].limit', { policies: [{ ...THREE_A_MINUTE, limit: 1.5 }] }],
    ['policies[0].window', { policies: [{ ...THREE_A_MINUTE, window: '10ms' }] }],
    ['policies[0].algorithm', { policies: [{ ...THREE_A_MINUTE, algorithm: 'guess' }] }],
    ['policies[0].counts', { policies: [{ ...THREE_A_MINUTE, counts: 'sheep' }] }],
    ['policies[0].disclose', { policies: [{ ...THREE_A_MINUTE, disclose: 'yes' }] }],
    ['secret', { secret: 'a passphrase' }],
    ['prefix', { prefix: 'a{b}' }],
    ['timeout', { timeout: 0 }],
    ['timeout', { timeout: '1m' }],
    ['fallbackShare', { fallbackShare: 1.1 }],
    ['fallbackShare', { fallbackShare: Number.NaN }],
  ])('the constructor rejects a bad %s', (option, options) => {
    const make = (): unknown =>
      new RateLimiter({ redis: world.redis, policies: [THREE_A_MINUTE], ...options })

    expect(make).toThrow(expect.objectContaining({ option, name: InvalidOptionError.name }))
  })
})

function named(name: string): RateLimitPolicy {
  return { ...THREE_A_MINUTE, name }
}
