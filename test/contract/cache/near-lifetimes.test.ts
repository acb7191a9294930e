import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { holdLoader } from './bench.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND

describe('A near copy', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
  })

  const make = (options: Partial<CacheOptions> = {}): RedisCacheManager =>
    new RedisCacheManager({ redis: embeddedTransport({ engine }), platform, jitter: 0, ...options })

  test('can lag calls of other caches by its ttl, counted from its confirmation', async () => {
    const cache = make({ near: { ttl: '10s' } })
    const other = make()
    await other.set('k', 'old')
    expect(await cache.get('k')).toBe('old')
    await other.set('k', 'new')

    await platform.advance(10 * SECOND - 1)
    expect(await cache.get('k')).toBe('old')
    await platform.advance(1)
    expect(await cache.get('k')).toBe('new')
  })

  test('is dated before the load that made it, not after', async () => {
    const cache = make({ near: { ttl: '10s' } })
    const held = holdLoader()
    const read = cache.getOrSet('k', held.load)
    await held.called
    await platform.advance(6 * SECOND)
    held.release('old')
    await read
    await make().set('k', 'new')

    await platform.advance(4 * SECOND)

    expect(await cache.get('k')).toBe('new')
  })

  test('of a load longer than its ttl is not kept', async () => {
    const cache = make({ near: { ttl: '1s' } })
    const held = holdLoader()
    const read = cache.getOrSet('k', held.load)
    await held.called
    await platform.advance(2 * SECOND)
    held.release('v')
    await read

    expect((await cache.lookup('k')).outcome).toMatchObject({ tier: 'remote' })
  })

  test('counts with the size of its stored text, four times if that is compressed', async () => {
    const cache = make({ near: { ttl: '1m' } })
    const value = 'row '.repeat(1_000)
    const transport = embeddedTransport({ engine })
    const countOf = async (key: string, compression?: false): Promise<readonly unknown[]> => {
      const before = (await cache.getStats()).near.bytes
      await cache.getOrSet(key, () => value, compression === false ? { compression } : {})
      const { result } = await transport.request({ body: ['STRLEN', `nc:default:e:{${key}}`] })
      return [(await cache.getStats()).near.bytes - before, result]
    }

    const [plain, text] = await countOf('plain', false)
    const [small, compressed] = await countOf('small')

    expect(plain).toBe(text)
    expect(small).toBe(4 * Number(compressed))
    expect(compressed).toBeLessThan(400)
  })

  test('is not served past the ttl of its entry', async () => {
    const cache = make({ ttl: '1m', near: { ttl: '1h' } })
    await cache.getOrSet('k', () => 'old')

    await platform.advance(MINUTE)

    expect(await cache.getOrSet('k', () => 'new')).toBe('new')
  })
})
