/**
 * Contract of repeated requests: any request may be applied a second time, at any later moment (I1).
 *
 * @module
 */

import type { RedisCacheManager } from '../../cache/manager.ts'
import type { RedisRequest } from '../../redis/requester.ts'
import { wrapTransport } from '../wrap.ts'
import { type Bench, onBench } from './bench.ts'
import { check, checkSame } from './check.ts'
import type { Clause } from './contract-case.ts'

const TAGS = ['t']

/** A load in progress, with the requests sent before its loader was called. */
async function beginLoad(
  bench: Bench,
  cache: RedisCacheManager,
): Promise<{
  readonly requests: readonly RedisRequest[]
  finish(value: string): Promise<unknown>
}> {
  const held = bench.hold()
  const { requests, value } = await bench.record(async () => {
    const read = bench.begin(cache.getOrSet('k', held.load, { tags: TAGS }))
    await held.called
    return { read }
  })
  return {
    requests,
    finish: (loaded) => {
      held.release(loaded)
      return value.read
    },
  }
}

const late = (what: string, check: (bench: Bench, cache: RedisCacheManager) => Promise<void>) =>
  onBench(`a request that is applied again later ${what}`, (bench) => check(bench, bench.cache()))

/** The clauses. */
export const COPIES: readonly Clause[] = [
  late('does not give back a lease that a delete ended', async (bench, cache) => {
    const load = await beginLoad(bench, cache)
    await cache.delete('k')
    await bench.repeat(load.requests)
    await load.finish('old')
    checkSame(await cache.get('k'), undefined, 'what was loaded before a delete is not served')
  }),
  late('does not restore the markers that an invalidation dropped', async (bench, cache) => {
    const load = await beginLoad(bench, cache)
    await cache.invalidateTags(TAGS)
    await bench.repeat(load.requests)
    await load.finish('old')
    const found = await cache.get('k', { tags: TAGS })
    checkSame(found, undefined, 'what was loaded before an invalidation is not served')
  }),
  late('does not restore a deleted entry: commit after delete', async (bench, cache) => {
    const load = await beginLoad(bench, cache)
    const { requests } = await bench.record(() => load.finish('old'))
    await cache.delete('k')
    await bench.repeat(requests)
    checkSame(await cache.get('k'), undefined, 'a deleted entry is not served')
  }),
  late('does not restore the value of an older set: half of it, or all', async (bench, cache) => {
    const { requests } = await bench.record(() => cache.set('k', 'first', { tags: TAGS }))
    await cache.set('k', 'second', { tags: TAGS })
    await bench.repeat(requests.slice(1))
    checkSame(await cache.get('k'), 'second', 'the newer value stays')
    await bench.repeat(requests)
    check((await cache.get('k')) !== 'first', 'the older value does not come back')
  }),
  late('does not undo a hard invalidation: an older soft one', async (bench, cache) => {
    await cache.set('k', 'old', { tags: TAGS })
    const soft = await bench.record(() => cache.invalidateTags(TAGS, { mode: 'soft' }))
    await cache.invalidateTags(TAGS)
    await bench.repeat(soft.requests)
    const found = await cache.get('k', { tags: TAGS })
    checkSame(found, undefined, 'a soft invalidation does not undo a hard one')
  }),
  late('does not make an entry fresh again: a soft invalidation', async (bench, cache) => {
    const soft = await bench.record(() => cache.invalidateTags(TAGS, { mode: 'soft' }))
    await cache.set('k', 'old', { tags: TAGS })
    await bench.repeat(soft.requests)
    checkSame(await cache.get('k'), undefined, 'a late soft invalidation causes a miss')
    await cache.invalidateTags(TAGS, { mode: 'soft' })
    await bench.repeat(soft.requests)
    checkSame(await cache.get('k'), undefined, 'a late soft invalidation never causes a hit')
  }),
  late('causes at most a miss: delete and invalidation after a newer set', async (bench, cache) => {
    const calls = [() => cache.delete('k'), () => cache.invalidateTags(TAGS)]
    for (const call of calls) {
      const { requests } = await bench.record(call)
      await cache.set('k', 'new', { tags: TAGS })
      await bench.repeat(requests)
      const value = await cache.get('k')
      check(value === undefined || value === 'new', 'the new value is served, or none')
    }
  }),
  late('and after many other calls restores no old value', async (bench, cache) => {
    const { requests } = await bench.record(async () => {
      await cache.getOrSet('k', () => 'loaded', { tags: TAGS })
      await cache.set('k', 'set', { tags: TAGS })
      await cache.invalidateTags(TAGS, { mode: 'soft' })
      await cache.getOrSet('k', () => 'loaded again', { tags: TAGS })
      await cache.invalidateTags(TAGS)
      await (await cache.begin('k', { tags: TAGS })).commit('computed')
      await cache.clear()
      await cache.set('k', 'last', { tags: TAGS })
      await cache.delete('k')
    })
    for (const request of requests) {
      await bench.repeat([request])
      checkSame(await cache.get('k', { tags: TAGS }), undefined, 'a deleted value is not served')
    }
    const again = await cache.getOrSet('k', () => 'new', { tags: TAGS })
    checkSame(again, 'new', 'the key can be loaded again')
  }),
  onBench('a request that is applied twice in a row has the effect of one', async (bench) => {
    const { transport } = bench
    const twice = wrapTransport(
      transport,
      async (request) => {
        await transport.request({ ...request })
        return transport.request(request)
      },
      {},
    )
    const cache = bench.cache({ redis: twice })
    checkSame(
      await cache.getOrSet('a', () => 1, { tags: TAGS }),
      1,
      'a read returns the loaded value',
    )
    checkSame(await cache.get('a'), 1, 'a loaded value is stored')
    checkSame(
      await cache.set('a', 2, { tags: TAGS }),
      'stored',
      'a set is not superseded by itself',
    )
    checkSame(await cache.get('a'), 2, 'a value that was set is served')
    await cache.invalidateTags(TAGS)
    checkSame(await cache.get('a'), undefined, 'an invalidation invalidates')
    checkSame(
      await cache.getOrSet('a', () => 3, { tags: TAGS }),
      3,
      'an invalidated key is loaded again',
    )
    checkSame(await bench.cache().get('a'), 3, 'another cache gets the stored value')
  }),
]
