import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { RedisCacheManager } from '../../../src/cache/manager.ts'
import { RemoteTimeoutError } from '../../../src/errors.ts'
import type { Command } from '../../../src/redis/requester.ts'
import { MARK } from '../../../src/redis/scripts/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { singleSlotTransport } from '../../support/single-slot-transport.ts'
import { intercept, refusing, useBench } from './bench.ts'
import { describeManager } from './manager-contract.ts'

const running = async () => {
  const transport = singleSlotTransport()
  return { transport, stop: () => transport.close() }
}

describeManager('a cluster', running)

describe('On a cluster on which the node of a tag is full', () => {
  const bench = useBench(running)
  const onFullNode = (): RedisCacheManager =>
    bench.cache({
      redis: refusing(
        bench.transport,
        (command) =>
          command.includes(MARK.sha1) && command.some((arg) => /:t:t$/.test(String(arg))),
      ),
    })

  /** The lease is given back in the background. */
  const expectNoLease = (): Promise<void> =>
    eventually(async () =>
      expect((await bench.keys()).filter((key) => key.includes(':l:'))).toEqual([]),
    )

  test('a load returns its value, and leaves no lease that others would wait for', async () => {
    const cache = onFullNode()

    expect(await cache.getOrSet('k', () => 'loaded', { tags: ['t'] })).toBe('loaded')

    await expectNoLease()
  })

  test('a set rejects, and leaves no lease that others would wait for', async () => {
    const cache = onFullNode()

    await expect(cache.set('k', 'v', { tags: ['t'] })).rejects.toMatchObject({ reason: 'OOM' })

    await expectNoLease()
  })
})

describe('On a cluster on which a node is down', () => {
  const bench = useBench(running)
  /** The node that is down has every key whose name matches. */
  const without = (lost: RegExp): RedisCacheManager => {
    const isLost = (command: Command): boolean =>
      command.slice(1).some((arg) => lost.test(`${arg}`))
    const answer = { error: 'NOMASTERLINK A node of the cluster does not answer' }
    return bench.cache({ redis: refusing(bench.transport, isLost, answer) })
  }
  const stored = ['a', 'b', 'c']
  const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, `${key} loaded`]))
  const reasons = (cache: RedisCacheManager): Map<string | undefined, unknown> => {
    const found = new Map<string | undefined, unknown>()
    cache.subscribe(({ key, outcome }) => {
      found.set(key, outcome.kind === 'miss' || outcome.kind === 'loaded' ? outcome.reason : 'hit')
    })
    return found
  }

  beforeEach(async () => {
    for (const key of stored) await bench.cache().set(key, 'stored', { tags: [`of-${key}`] })
  })

  test('getMany serves the keys of the other nodes, and reports which it could not read', async () => {
    const cache = without(/\{b\}/)
    const seen = reasons(cache)

    expect([...(await cache.getMany(['a', 'b', 'c', 'd']))]).toEqual([
      ['a', 'stored'],
      ['c', 'stored'],
    ])
    expect([...seen]).toEqual([
      ['a', 'hit'],
      ['b', 'unavailable'],
      ['c', 'hit'],
      ['d', 'absent'],
    ])
  })

  test('getOrSetMany loads the keys that it cannot read, and does not store them', async () => {
    const cache = without(/\{b\}/)
    const loader = vi.fn(load)

    expect([...(await cache.getOrSetMany(stored, loader))]).toEqual([
      ['a', 'stored'],
      ['b', 'b loaded'],
      ['c', 'stored'],
    ])
    expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['b']])
    expect(await bench.cache().get('b')).toBe('stored')
  })

  test('an entry is not served while the node of one of its markers is down', async () => {
    const cache = without(/:t:of-b$/)

    expect([...(await cache.getMany(stored))]).toEqual([
      ['a', 'stored'],
      ['c', 'stored'],
    ])
    expect(await cache.getOrSet('b', () => 'loaded', { tags: ['of-b'] })).toBe('loaded')
    expect(await bench.cache().get('b')).toBe('stored')
  })

  test.each([
    ['the tag', /:t:of-b$/],
    ['the epoch of its namespace', /:t:\*\*$/],
  ])('an invalidation rejects while the node of %s is down', async (_what, lost) => {
    await expect(without(lost).invalidateTags(['of-b'])).rejects.toMatchObject({
      reason: 'NOMASTERLINK',
      applied: 'unknown',
      retryable: true,
    })
  })

  test('if no node answers in time, no key is looked at twice', async () => {
    const request = vi.fn(() => Promise.reject(new RemoteTimeoutError('pipeline', 500)))
    const cache = bench.cache({ redis: intercept(bench.transport, request) })

    expect(await cache.getMany(stored)).toEqual(new Map())
    expect(request).toHaveBeenCalledOnce()
  })
})
