import { TRPCError } from '@trpc/server'
import { describe, expect, test, vi } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { TransportFault } from '../../../src/testing/chaos-transport.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type CacheMiddlewareOptions, createCacheMiddleware } from '../../../src/trpc/index.ts'
import { amount } from '../../support/deep.ts'
import { eventually } from '../../support/eventually.ts'
import { found } from '../../support/findings.ts'
import { t } from './app.ts'

const FAULTS: readonly TransportFault[] = [
  ...(['fail', 'loseReply', 'duplicate', 'lateDuplicate', 'hang', 'malformed'] as const),
  'latency',
]
/** Which requests of a call get the fault: the lookup, the acquisition, the commit, or all of them. */
const STRUCK: Readonly<Record<string, (nth: number) => boolean>> = {
  'the first request': (nth) => nth === 1,
  'all but the first request': (nth) => nth > 1,
  'the third and later requests': (nth) => nth > 2,
  'every request': () => true,
}
const ada = { user: { id: 'ada' } }

function makeCaller(cache: RedisCacheManager, options: CacheMiddlewareOptions = {}) {
  const middleware = createCacheMiddleware({ cache, ...options })
  const resolve = vi.fn(async (input: unknown): Promise<unknown> => ({ input }))
  const app = t.router({
    read: t.procedure
      .use(middleware)
      .input((input) => input)
      .query(({ input }) => resolve(input)),
    write: t.procedure.use(middleware.invalidates(['t'])).mutation(() => resolve('written')),
  })
  return { caller: t.createCallerFactory(app)(ada), middleware, resolve }
}

function chaotic(fault: TransportFault, isStruck: (nth: number) => boolean, seed: number) {
  let nth = 0
  const when = (): boolean => isStruck(++nth)
  const redis = chaosTransport(embeddedTransport(), {
    faults: { [fault]: { when } },
    latencyMs: [0, 5],
    seed,
  })
  return new RedisCacheManager({ redis, deadline: '30ms', retries: 0 })
}

describe('a query whose cache fails', () => {
  test.each(FAULTS.flatMap((fault) => Object.keys(STRUCK).map((which) => [fault, which] as const)))(
    'by %s of %s is answered by one run of its resolver',
    async (fault, which) => {
      for (let seed = 1; seed <= amount(2, 30); seed++) {
        const cache = chaotic(fault, STRUCK[which] as () => boolean, seed)
        const { caller, resolve } = makeCaller(cache)

        expect(await caller.read({ id: seed })).toEqual({ input: { id: seed } })
        expect(resolve).toHaveBeenCalledTimes(1)
        await cache.close()
      }
    },
  )

  test('by any mixture of faults is answered by at most one run, with the right answer', async ({
    task,
  }) => {
    const runs = amount(300, 10_000)
    const redis = chaosTransport(embeddedTransport(), {
      faults: { fail: 0.1, loseReply: 0.1, duplicate: 0.1, hang: 0.02, malformed: 0.1 },
    })
    const cache = new RedisCacheManager({ redis, deadline: '20ms', retries: 0 })
    const { caller, resolve } = makeCaller(cache)
    let wrong = 0
    let tooMany = 0

    for (let i = 0; i < runs; i++) {
      const before = resolve.mock.calls.length
      const input = { id: i % 7 }
      const answer = await caller.read(input)
      if (JSON.stringify(answer) !== JSON.stringify({ input })) wrong++
      if (resolve.mock.calls.length > before + 1) tooMany++
    }

    found(task, 'trpc queries under faults', { run: runs, wrong, 'with two runs': tooMany })
    expect([wrong, tooMany]).toEqual([0, 0])
    expect(redis.chaos.injected.length).toBeGreaterThan(runs / 10)
    await cache.close()
  })

  test('by a function in its options is answered by one run, and the reason is reported', async () => {
    const fail = (): never => {
      throw new Error('a mistake')
    }
    const told: unknown[] = []
    const options: readonly CacheMiddlewareOptions[] = [
      { shouldCache: fail },
      { keyGenerator: fail },
      { user: fail },
      { varyBy: fail },
      { tags: fail },
      { tags: () => 'none' as never },
      { tags: () => [''] },
      { dataTags: fail },
      { dataTags: () => [''] },
      { keyGenerator: () => 7 as never },
      { transformer: { serialize: fail, deserialize: fail } },
    ]

    for (const option of options) {
      const cache = new RedisCacheManager({ redis: embeddedTransport(), deadline: '10s' })
      const onCacheBypass = (reason: string): number => told.push(reason)
      const { caller, resolve } = makeCaller(cache, { ...option, onCacheBypass })
      expect(await caller.read(1)).toEqual({ input: 1 })
      expect(resolve).toHaveBeenCalledTimes(1)
    }

    const failed = 'failed-option'
    const expected = [failed, failed, failed, failed, failed, failed, 'no-key']
    expect(told).toEqual([...expected, failed, 'no-key', 'no-key', 'unstorable'])
  })

  test.each<readonly [string, () => void]>([
    [
      'throws',
      () => {
        throw new Error('a mistake')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('a mistake'))],
  ])('by a callback that %s is answered, and the fault is counted', async (_how, fail) => {
    const cache = new RedisCacheManager({ redis: embeddedTransport(), deadline: '10s' })
    const { caller, resolve, middleware } = makeCaller(cache, {
      onCacheHit: fail,
      onCacheMiss: fail,
    })

    expect([await caller.read(1), await caller.read(1)]).toEqual([{ input: 1 }, { input: 1 }])
    expect(resolve).toHaveBeenCalledTimes(1)
    expect(middleware.stats()).toMatchObject({ hits: 1, misses: 1, callbackErrors: 2 })
  })

  test('by an entry that cannot be deserialized is answered by one run', async () => {
    const cache = new RedisCacheManager({ redis: embeddedTransport(), deadline: '10s' })
    const deserialize = (): never => {
      throw new Error('a mistake')
    }
    const transformer = { serialize: (data: unknown) => data, deserialize }
    const { caller, resolve } = makeCaller(cache, { transformer })

    expect([await caller.read(1), await caller.read(1)]).toEqual([{ input: 1 }, { input: 1 }])
    expect(resolve).toHaveBeenCalledTimes(2)
  })

  test('by a resolver that exceeds the loader timeout is answered when the resolver is done', async () => {
    const platform = new ManualPlatform()
    const cache = new RedisCacheManager({ redis: embeddedTransport({ platform }), platform })
    const { caller, resolve } = makeCaller(cache)
    const held = Promise.withResolvers<string>()
    resolve.mockReturnValueOnce(held.promise)
    const answer = caller.read(1)
    await eventually(() => expect(resolve).toHaveBeenCalled())
    await platform.advance(60_000)

    held.resolve('late')

    expect(await answer).toBe('late')
    expect(resolve).toHaveBeenCalledTimes(1)
  })

  test('by the failure of another call that it waited for runs its own resolver', async () => {
    const cache = new RedisCacheManager({ redis: embeddedTransport(), deadline: '10s' })
    const { caller, resolve } = makeCaller(cache)
    const held = Promise.withResolvers<never>()
    resolve.mockReturnValueOnce(held.promise)
    const first = caller.read(1)
    await eventually(() => expect(resolve).toHaveBeenCalled())
    const second = caller.read(1)
    await new Promise(setImmediate)

    held.reject(new TRPCError({ code: 'FORBIDDEN' }))

    await expect(first).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(await second).toEqual({ input: 1 })
    expect(resolve).toHaveBeenCalledTimes(2)
  })
})

describe('a mutation whose invalidation fails', () => {
  test.each(['fail', 'hang', 'malformed', 'loseReply'] as const)(
    'by %s fails with the error of the cache, although the mutation was made once',
    async (fault) => {
      const cache = chaotic(fault, () => true, 1)
      const { caller, resolve, middleware } = makeCaller(cache)

      await expect(caller.write()).rejects.toMatchObject({
        code: 'INTERNAL_SERVER_ERROR',
        cause: { isNearcacheError: true },
      })
      expect(resolve).toHaveBeenCalledTimes(1)
      expect(middleware.stats().invalidationErrors).toBe(1)
      await cache.close()
    },
  )

  test('succeeds if onInvalidationError returns, and fails with its error if it throws', async () => {
    const told: unknown[] = []
    const keep = makeCaller(
      chaotic('fail', () => true, 1),
      {
        onInvalidationError: (error, tags) => void told.push([error, tags]),
      },
    )
    const fail = makeCaller(
      chaotic('fail', () => true, 1),
      {
        onInvalidationError: () => {
          throw new TRPCError({ code: 'CONFLICT' })
        },
      },
    )

    expect(await keep.caller.write()).toEqual({ input: 'written' })
    expect(told).toEqual([[expect.objectContaining({ code: 'ERR_REMOTE' }), ['t']]])
    await expect(fail.caller.write()).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})
