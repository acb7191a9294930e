import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'
import { holdLoader } from './bench.ts'

const TAGS = ['t']

// I1: any request may be applied a second time, at any later moment.
describe('A request that arrives once more, late,', () => {
  let engine: EmbeddedRedis
  let redis: FaultyRequester
  let cache: RedisCacheManager

  beforeEach(() => {
    engine = new EmbeddedRedis()
    redis = faultyRequester(embeddedTransport({ engine }))
    cache = new RedisCacheManager({ redis })
  })

  /** Applies the n-th request so far again, as a retry that was overtaken would. */
  async function repeat(nth: number): Promise<void> {
    const { path = [], body } = redis.requests[nth - 1] ?? {}
    await embeddedTransport({ engine }).request({ path, body })
  }

  /** Look and acquire of a load, which are requests 1 and 2. */
  async function beginLoad(): Promise<(value: string) => Promise<string>> {
    const held = holdLoader()
    const read = cache.getOrSet('k', held.load, { tags: TAGS })
    await held.called
    return (value) => {
      held.release(value)
      return read
    }
  }

  test('does not give a load the right to store back that a delete took', async () => {
    const finish = await beginLoad()
    await cache.delete('k')
    await repeat(2)

    await finish('old')

    expect(await cache.get('k')).toBeUndefined()
  })

  test('does not bring back the markers that an invalidation dropped', async () => {
    const finish = await beginLoad()
    await cache.invalidateTags(TAGS)
    await repeat(2)

    await finish('old')

    expect(await cache.get('k', { tags: TAGS })).toBeUndefined()
  })

  test('does not bring back an entry: commit after delete', async () => {
    const finish = await beginLoad()
    await finish('old')
    await cache.delete('k')
    await repeat(3)

    expect(await cache.get('k')).toBeUndefined()
  })

  test('does not bring back the value of an older set, by neither half', async () => {
    await cache.set('k', 'first', { tags: TAGS })
    await cache.set('k', 'second', { tags: TAGS })
    await repeat(2)
    expect(await cache.get('k')).toBe('second')

    await repeat(1)
    await repeat(2)

    expect(await cache.get('k')).not.toBe('first')
  })

  test('does not undo an invalidation with an older soft one', async () => {
    await cache.set('k', 'old', { tags: TAGS })
    await cache.invalidateTags(TAGS, { mode: 'soft' })
    await cache.invalidateTags(TAGS)
    await repeat(3)

    expect(await cache.get('k', { tags: TAGS })).toBeUndefined()
  })

  test('does not make fresh again what a newer soft invalidation made stale', async () => {
    await cache.invalidateTags(TAGS, { mode: 'soft' })
    await cache.set('k', 'old', { tags: TAGS })
    await repeat(1)
    const afterFirst = await cache.get('k')
    await cache.invalidateTags(TAGS, { mode: 'soft' })
    await repeat(1)

    expect(afterFirst).toBeUndefined()
    expect(await cache.get('k')).toBeUndefined()
  })

  test('costs a miss at most: delete and invalidation after the new value', async () => {
    await cache.delete('k')
    await cache.invalidateTags(TAGS)
    for (const nth of [1, 2]) {
      await cache.set('k', 'new', { tags: TAGS })
      await repeat(nth)
      expect([undefined, 'new']).toContain(await cache.get('k'))
    }
  })
})
