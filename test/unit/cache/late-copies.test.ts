import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ACQUIRE, TAKE } from '../../../src/redis/scripts/protocol.ts'
import type { Script } from '../../../src/redis/scripts/script.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { intercept } from '../../contract/cache/bench.ts'

const HARD_MS = 10_000

describe('A late copy of a request for a lease, which arrives after the load or set is over', () => {
  let platform: ManualPlatform
  let redis: Transport
  let cache: RedisCacheManager
  let sent: RedisRequest[]

  beforeEach(async () => {
    platform = new ManualPlatform()
    redis = embeddedTransport({ platform })
    sent = []
    const watched = intercept(redis, (request) => {
      sent.push({ path: request.path ?? [], body: request.body })
      return redis.request(request)
    })
    cache = new RedisCacheManager({ redis: watched, platform, loaderTimeout: { hard: HARD_MS } })
    // From here on Redis knows the scripts.
    await cache.getOrSet('other', () => 'loaded')
    await cache.set('other', 'set')
    sent = []
  })

  async function arriveAgain({ sha1 }: Script): Promise<void> {
    const copies = sent.filter(({ body }) => JSON.stringify(body).includes(sha1))
    expect(copies).toHaveLength(1)
    for (const copy of copies) await redis.request(copy)
  }

  const leases = async (): Promise<unknown> =>
    (await redis.request({ body: ['KEYS', '*:l:*'] })).result

  test('is refused if the entry that its load has stored is there', async () => {
    await cache.getOrSet('k', () => 'loaded')

    await arriveAgain(ACQUIRE)

    expect(await leases()).toEqual([])
    expect(await cache.get('k')).toBe('loaded')
  })

  test.each<readonly [string, Script, number, () => Promise<unknown>]>([
    [
      'a load, after a delete',
      ACQUIRE,
      6_000,
      async () => {
        await cache.getOrSet('k', () => 'old')
        await cache.delete('k')
      },
    ],
    ['a set', TAKE, HARD_MS + 2_000, () => cache.set('k', 'old')],
  ])(
    'makes readers wait until the lease ends, and then load and store: of %s',
    async (_what, script, leaseMs, act) => {
      await act()
      await arriveAgain(script)
      let answer: unknown
      const read = cache
        .getOrSet('k', () => 'new')
        .then((value) => {
          answer = value
        })

      await platform.advance(leaseMs - 1)
      expect(answer).toBeUndefined()
      // A waiter looks at least every quarter of a second.
      await platform.advance(300)
      await read

      expect(answer).toBe('new')
      expect(await cache.get('k')).toBe('new')
    },
  )
})
