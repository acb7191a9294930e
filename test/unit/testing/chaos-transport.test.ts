import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { RemoteError } from '../../../src/errors.ts'
import { checkAnswer } from '../../../src/redis/answer.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { type ChaosTransportOptions, chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { everythingIn } from '../../support/leaks.ts'

const APPEND: RedisRequest = { path: [], body: ['APPEND', 'k', 'x'] }

describe('chaosTransport', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
  })

  function make(options: ChaosTransportOptions): ReturnType<typeof chaosTransport> {
    return chaosTransport(embeddedTransport({ engine }), { platform, ...options })
  }

  const stored = (): unknown => engine.execute(['GET', 'k']).result

  test('fails before it sends, and says so', async () => {
    const request = make({ faults: { fail: 1 } }).request(APPEND)

    await expect(request).rejects.toMatchObject({
      code: 'ERR_REMOTE',
      operation: 'APPEND',
      applied: 'no',
      retryable: true,
    })
    expect(stored()).toBeNull()
  })

  test('loses the reply of an applied request, and reports applied as unknown', async () => {
    const request = make({ faults: { loseReply: 1 } }).request(APPEND)

    await expect(request).rejects.toMatchObject({ code: 'ERR_REMOTE', applied: 'unknown' })
    expect(stored()).toBe('x')
  })

  test('applies twice, and answers with one of the two replies', async () => {
    const transport = make({ faults: { duplicate: 1 } })
    const lengths = new Set<unknown>()
    for (let i = 0; i < 20; i++) {
      engine.execute(['DEL', 'k'])
      lengths.add((await transport.request(APPEND)).result)
      expect(stored()).toBe('xx')
    }

    expect(lengths).toEqual(new Set([1, 2]))
  })

  test('applies a request again after a latency, without its signal', async () => {
    const { signal } = new AbortController()
    const transport = make({ faults: { lateDuplicate: 1 }, latencyMs: [50, 50] })

    expect(await transport.request({ ...APPEND, signal })).toEqual({ result: 1 })
    await platform.advance(49)
    expect(stored()).toBe('x')
    await platform.advance(1)
    await platform.settle()

    expect(stored()).toBe('xx')
  })

  test('ignores that a late copy finds the transport closed', async () => {
    const transport = make({ faults: { lateDuplicate: 1 } })
    await transport.request(APPEND)
    await transport.close()

    await platform.advance(100)

    await expect(platform.settle()).resolves.toBeUndefined()
    expect(stored()).toBe('x')
  })

  test('hangs until the signal is aborted', async () => {
    const controller = new AbortController()
    const request = make({ faults: { hang: 1 } }).request({ ...APPEND, signal: controller.signal })
    await platform.advance(60_000)
    controller.abort('enough')

    await expect(request).rejects.toBe('enough')
    expect(stored()).toBeNull()
  })

  test('delays within its range, through the platform, and gives up with the signal', async () => {
    const transport = make({ faults: { latency: 1 }, latencyMs: [10, 30] })
    const answeredAt: number[] = []
    const startedAt = platform.now()
    const requests = Array.from({ length: 50 }, () =>
      transport.request(APPEND).then(() => answeredAt.push(platform.now() - startedAt)),
    )
    await platform.advance(30)
    await Promise.all(requests)
    const controller = new AbortController()
    const late = transport.request({ ...APPEND, signal: controller.signal })
    controller.abort('enough')

    await expect(late).rejects.toBe('enough')
    expect(Math.min(...answeredAt)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...answeredAt)).toBeLessThanOrEqual(30)
    expect(new Set(answeredAt).size).toBeGreaterThan(20)
    expect(stored()).toHaveLength(50)
  })

  test.each<[name: string, request: RedisRequest]>([
    ['a command', { path: [], body: ['GET', 'k'] }],
    ['a pipeline', { path: ['pipeline'], body: [['GET', 'k']] }],
    [
      'a transaction',
      {
        path: ['multi-exec'],
        body: [
          ['GET', 'k'],
          ['GET', 'k'],
        ],
      },
    ],
  ])('answers %s with malformed answers only', async (_name, request) => {
    const transport = make({ faults: { malformed: 1 } })
    for (let i = 0; i < 50; i++) {
      const answer = await transport.request(request)
      expect(() => checkAnswer(request, answer)).toThrow(RemoteError)
    }
  })

  test('chooses requests by their commands', async () => {
    const transport = make({
      faults: { fail: { when: ({ names }) => names.includes('APPEND') } },
      when: ({ commands }) => commands.length === 1,
    })
    const pipeline = { path: ['pipeline'], body: [APPEND.body, APPEND.body] }

    await expect(transport.request(APPEND)).rejects.toThrow(RemoteError)
    await expect(transport.request({ body: ['append', 'k', 'x'] })).rejects.toThrow(RemoteError)
    expect(await transport.request({ body: ['GET', 'k'] })).toEqual({ result: null })
    expect(await transport.request(pipeline)).toEqual([{ result: 1 }, { result: 2 }])
  })

  test('names no key and no value in its errors and in its log', async () => {
    const transport = make({ faults: { fail: 0.5, loseReply: 0.5 } })
    const request = { body: ['SET', 'SENTINEL', 'SENTINEL'] }
    for (let i = 0; i < 20; i++) {
      const error = await transport.request(request).catch((thrown: unknown) => thrown)
      expect(everythingIn(error)).not.toContain('SENTINEL')
    }

    expect(transport.chaos.injected).toHaveLength(20)
    expect(JSON.stringify(transport.chaos)).not.toContain('SENTINEL')
  })

  test('passes streams on without faults', async () => {
    const transport = make({ faults: { fail: 1 } })
    const request = { path: ['subscribe', 'c'], isStreaming: true, onMessage: () => undefined }

    expect(await transport.request(request)).toEqual({ result: 1 })
    expect(transport.chaos.calls).toBe(0)
  })

  test('passes on properties that clients read and write on a transport', async () => {
    const inner: Transport = {
      ...embeddedTransport({ engine }),
      kind: 'other',
      cluster: true,
      upstashSyncToken: 'token',
      request: async () => ({ result: 1 as never }),
      close: async () => undefined,
    }
    const transport = chaosTransport(countingTransport(inner))
    transport.upstashSyncToken = 'newer'

    expect(transport).toMatchObject({ kind: 'other', cluster: true, upstashSyncToken: 'newer' })
    expect(inner.upstashSyncToken).toBe('newer')
    expect('readYourWrites' in transport).toBe(false)
    expect(chaosTransport({ request: inner.request })).toMatchObject({ kind: 'requester' })
  })

  test('replays a run of a cache from its log', async () => {
    const story = async (options: ChaosTransportOptions): Promise<unknown> => {
      const redis = chaosTransport(embeddedTransport(), options)
      const cache = new RedisCacheManager({ redis, retries: 0, breaker: { threshold: 1_000 } })
      const outcomes: unknown[] = []
      for (let i = 0; i < 60; i++) {
        const outcome = await cache.set(`k${i % 3}`, i).catch((error: RemoteError) => error.applied)
        outcomes.push(outcome, (await cache.lookup(`k${i % 3}`)).outcome.kind)
      }
      return { outcomes, injected: redis.chaos.injected }
    }
    const faults = { fail: 0.1, loseReply: 0.1, duplicate: 0.1 }
    const first = (await story({ seed: 11, faults })) as { injected: never }

    expect(await story({ seed: 11, faults })).toEqual(first)
    expect(await story({ replay: first.injected })).toEqual(first)
    expect(await story({ seed: 12, faults })).not.toEqual(first)
  })
})
