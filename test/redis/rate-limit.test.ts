import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LOGIN_POLICIES, RateLimiter } from '../../src/ratelimit/index.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { useRedisBehindRest } from '../support/redis-behind-rest.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const POLICY = { name: 'api', by: 'address', limit: 20, window: '1h' } as const
const FACTS = { address: '192.0.2.1', account: 'ada@shop.example' }
/** Long enough that a slow machine does not look like an outage. */
const PATIENT = { timeout: '5s' } as const

describeWithRedis('A rate limiter on a redis-server', () => {
  const redis = useRedisBehindRest()
  const open: Transport[] = []

  beforeEach(async () => {
    await redis.behind.request({ body: ['FLUSHALL'] })
    await redis.behind.request({ body: ['SCRIPT', 'FLUSH'] })
  })
  afterEach(async () => {
    for (const transport of open.splice(0)) await transport.close()
  })

  const connect = {
    tcp: () => tcpTransport({ url: redis.server.url }),
    rest: () => restTransport({ url: redis.endpoint.url, token: redis.endpoint.token }),
  }

  describe.each(Object.entries(connect))('over %s', (_name, make) => {
    function limiter(policies: ConstructorParameters<typeof RateLimiter>[0]['policies']) {
      const transport = make()
      open.push(transport)
      return new RateLimiter({ redis: transport, policies, ...PATIENT })
    }

    test.each(['sliding-window', 'fixed-window', 'token-bucket'] as const)(
      'with a %s: four limiters together admit exactly the limit',
      async (algorithm) => {
        const isolates = Array.from({ length: 4 }, () => limiter([{ ...POLICY, algorithm }]))
        const decisions = await Promise.all(
          Array.from({ length: 120 }, (_, i) => isolates[i % 4]?.limit(FACTS)),
        )

        expect(decisions.filter((decision) => decision?.allowed)).toHaveLength(POLICY.limit)
        expect(isolates.map(({ counts }) => counts.local)).toEqual([0, 0, 0, 0])
      },
    )

    test('units given back by one limiter can be used by another', async () => {
      const [here, there] = [limiter(LOGIN_POLICIES), limiter(LOGIN_POLICIES)]
      for (let i = 0; i < 8; i++) {
        const attempt = await here.limit(FACTS)
        if (!attempt.allowed) return expect.unreachable('nothing has failed')
        await attempt.succeeded()
      }

      expect((await there.limit(FACTS)).allowed).toBe(true)
    })

    test('scripts that Redis has lost are sent again, and no decision is made locally', async () => {
      const limits = limiter(LOGIN_POLICIES)
      await limits.limit(FACTS)
      await redis.behind.request({ body: ['SCRIPT', 'FLUSH'] })

      expect(await limits.limit(FACTS)).toMatchObject({ allowed: true, source: 'redis' })
    })

    test('a decision takes one request once Redis knows the script', async () => {
      const transport = make()
      open.push(transport)
      const sent: unknown[] = []
      const request: typeof transport.request = (one) => {
        sent.push(one.path)
        return transport.request(one)
      }
      const limits = new RateLimiter({ redis: { request }, policies: LOGIN_POLICIES, ...PATIENT })
      await limits.limit(FACTS)
      sent.splice(0)
      await limits.limit(FACTS)

      expect(sent).toEqual([['pipeline']])
    })

    test('stored keys expire, and contain no readable account or address', async () => {
      await limiter(LOGIN_POLICIES).limit(FACTS)
      const { result: keys } = await redis.behind.request<string[]>({ body: ['KEYS', '*'] })
      const lives = await Promise.all(
        (keys ?? []).map((key) => redis.behind.request<number>({ body: ['PTTL', key] })),
      )

      expect(keys).toHaveLength(3)
      expect(keys?.join()).not.toMatch(/ada@|shop\.example|192\.0/)
      for (const { result = 0 } of lives) expect(result).toBeGreaterThan(0)
    })
  })
})
