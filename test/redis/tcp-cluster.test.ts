import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { everythingIn } from '../support/leaks.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('the tcp transport, before a Redis Cluster,', () => {
  let cluster: RedisCluster
  let transport: Transport

  beforeAll(async () => {
    cluster = await startRedisCluster(findRedisServer() ?? '')
    transport = tcpTransport({ cluster: { nodes: cluster.nodes } })
  }, 20_000)

  afterAll(async () => {
    await transport.close()
    await cluster.stop()
  })

  // These three lie on three nodes: their slots are 15495, 3300 and 7365.
  const keys = ['a', 'b', 'c']
  const failure = (request: Promise<unknown>): Promise<unknown> =>
    request.then(
      () => expect.unreachable('the request must fail'),
      (error: unknown) => error,
    )

  test('says that it is a cluster', () => {
    expect(transport.cluster).toBe(true)
    expect(tcpTransport({ host: '127.0.0.1' }).cluster).toBe(false)
  })

  test('answers requests of the first tick, before any node is connected', async () => {
    const answers = await Promise.all(
      keys.flatMap((key) => [
        transport.request({ body: ['SET', key, key] }),
        transport.request({ body: ['GET', key] }),
      ]),
    )

    expect(answers).toEqual(keys.flatMap((key) => [{ result: 'OK' }, { result: key }]))
  })

  test('spreads a pipeline over the nodes, and answers in order', async () => {
    const body = [
      ...keys.map((key) => ['SET', key, `${key}!`]),
      ['LPUSH', 'a', 'x'],
      ...keys.map((key) => ['GET', key]),
    ]

    expect(await transport.request({ path: ['pipeline'], body })).toEqual([
      { result: 'OK' },
      { result: 'OK' },
      { result: 'OK' },
      { error: expect.stringMatching(/^WRONGTYPE/) },
      { result: 'a!' },
      { result: 'b!' },
      { result: 'c!' },
    ])
  })

  test('runs a transaction in one slot, and refuses it over several', async () => {
    const inOne = [
      ['SET', '{t}1', 'x'],
      ['GET', '{t}1'],
    ]

    expect(await transport.request({ path: ['multi-exec'], body: inOne })).toEqual([
      { result: 'OK' },
      { result: 'x' },
    ])
    const overAll = keys.map((key) => ['SET', key, 'never'])
    expect(await transport.request({ path: ['multi-exec'], body: overAll })).toEqual({
      error: expect.stringMatching(/^CROSSSLOT/),
    })
  })

  test('answers one command over several slots with the error of Redis', async () => {
    expect(await transport.request({ body: ['MGET', ...keys] })).toEqual({
      error: expect.stringMatching(/^CROSSSLOT/),
    })
  })

  test('fails for the keys of a dead node only, without a word of where it was', async () => {
    await cluster.kill(0)

    const error = await failure(transport.request({ body: ['SET', 'b', 'SENTINEL'] }))

    expect(error).toMatchObject({ code: 'ERR_REMOTE', operation: 'SET' })
    expect(everythingIn(error)).not.toMatch(/SENTINEL|127\.0\.0\.1/)
    await vi.waitFor(async () =>
      expect(await transport.request({ body: ['SET', 'a', 'v'] })).toEqual({ result: 'OK' }),
    )
  })

  test('fails at once when no node is left', async () => {
    await cluster.kill(1)
    await cluster.kill(2)

    for (const key of keys) {
      const error = await failure(transport.request({ body: ['GET', key] }))
      expect(error).toMatchObject({ code: 'ERR_REMOTE', retryable: true })
      expect(everythingIn(error)).not.toContain('127.0.0.1')
    }
  })
})
