import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RemoteError } from '../../src/errors.ts'
import type { Command, Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { eventually } from '../support/eventually.ts'
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

  test('declares that it is a cluster', () => {
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

  test('skips a seed node whose name cannot be resolved', async () => {
    const seeds = [{ host: 'nobody.invalid' }, ...cluster.nodes]
    const other = tcpTransport({ cluster: { nodes: seeds } })

    await vi.waitFor(
      async () => expect(await other.request({ body: ['PING'] })).toEqual({ result: 'PONG' }),
      { timeout: 20_000 },
    )
    await other.close()
  }, 30_000)

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

  test('runs a transaction within one slot, and refuses one over several slots', async () => {
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

  test('answers a command over several slots with the error of Redis', async () => {
    expect(await transport.request({ body: ['MGET', ...keys] })).toEqual({
      error: expect.stringMatching(/^CROSSSLOT/),
    })
  })

  describe('sends commands without a key to all primaries:', () => {
    const names = Array.from({ length: 300 }, (_, i) => `key:${i}`)
    const run = async (...body: Command): Promise<unknown> =>
      (await transport.request<unknown>({ body })).result
    const scan = async (cursor: string): Promise<[string, string[]]> =>
      (await run('SCAN', cursor, 'MATCH', 'key:*', 'COUNT', 20)) as [string, string[]]

    beforeEach(async () => {
      for (const index of cluster.nodes.keys()) await cluster.send(index, 'FLUSHALL')
      await transport.request({
        path: ['pipeline'],
        body: names.map((name) => ['SET', name, name]),
      })
    })

    test('DBSIZE and KEYS cover all nodes', async () => {
      expect(await run('DBSIZE')).toBe(300)
      expect(((await run('KEYS', 'key:*')) as string[]).toSorted()).toEqual(names.toSorted())
    })

    test('SCAN covers all nodes, with numeric cursors, and ends', async () => {
      const seen: string[] = []
      const cursors: string[] = []
      let cursor = '0'
      do {
        const [next, keys] = await scan(cursor)
        seen.push(...keys)
        cursors.push(next)
        cursor = next
      } while (cursor !== '0')

      expect([...new Set(seen)].toSorted()).toEqual(names.toSorted())
      expect(cursors.length).toBeGreaterThan(3)
      expect(cursors.every((text) => /^\d+$/.test(text))).toBe(true)
    })

    test('SCAN can be continued on another connection with the cursor alone', async () => {
      const other = tcpTransport({ cluster: { nodes: cluster.nodes } })
      const seen: string[] = []
      let cursor = '0'
      let turn = 0
      do {
        const { result } = await (turn++ % 2 === 0 ? transport : other).request<[string, string[]]>(
          {
            body: ['SCAN', cursor],
          },
        )
        cursor = result?.[0] ?? '0'
        seen.push(...(result?.[1] ?? []))
      } while (cursor !== '0')
      await other.close()

      expect([...new Set(seen)].toSorted()).toEqual(names.toSorted())
    })

    test('SCAN during a move of slots misses no key that exists throughout', async () => {
      const slot = Number(await cluster.send(0, 'CLUSTER', 'KEYSLOT', 'key:0'))
      const owner = [0, 1, 2].find((i) => slot < ((i + 1) * 16_384) / 3) ?? 2
      const target = (owner + 1) % 3
      const seen: string[] = []
      let [cursor, keys] = await scan('0')
      seen.push(...keys)

      await cluster.beginMove(slot, owner, target)
      await cluster.moveKeys(slot, owner, target)
      await cluster.endMove(slot, owner, target)
      for (; cursor !== '0'; seen.push(...keys)) [cursor, keys] = await scan(cursor)

      expect([...new Set(seen)].toSorted()).toEqual(names.toSorted())
      await cluster.beginMove(slot, target, owner)
      await cluster.moveKeys(slot, target, owner)
      await cluster.endMove(slot, target, owner)
    })

    test.each(['-1', 'x', '', '9'.repeat(40)])(
      'SCAN with the cursor %j is refused',
      async (cursor) => {
        expect(await transport.request({ body: ['SCAN', cursor] })).toEqual({
          error: 'ERR invalid cursor',
        })
      },
    )

    test('SCAN with an unknown cursor starts from the beginning', async () => {
      const [, keys] = await scan('123456789')

      expect(keys).toEqual((await scan('0'))[1])
    })

    test('an invalid SCAN is answered with the error of Redis', async () => {
      expect(await transport.request({ body: ['SCAN', '0', 'COUNT', 'many'] })).toEqual({
        error: expect.stringMatching(/^ERR value is not an integer/),
      })
    })

    test('INFO contains the memory of all nodes, and the sum of their limits if each has one', async () => {
      const field = (info: unknown, name: string): number =>
        Number(new RegExp(`^${name}:(\\d+)\r$`, 'm').exec(String(info))?.[1])
      const alone = await Promise.all(
        cluster.nodes.map(async (_node, i) =>
          field(await cluster.send(i, 'INFO', 'memory'), 'used_memory'),
        ),
      )

      const unlimited = await run('INFO', 'memory')
      for (const i of cluster.nodes.keys()) {
        await cluster.send(i, 'CONFIG', 'SET', 'maxmemory', 100_000_000)
      }
      const limited = await run('INFO', 'memory')
      for (const i of cluster.nodes.keys()) await cluster.send(i, 'CONFIG', 'SET', 'maxmemory', 0)

      // More than any two nodes use. An exact sum is impossible: each connection changes the usage a little.
      expect(field(unlimited, 'used_memory')).toBeGreaterThan(2.5 * Math.max(...alone))
      expect(field(unlimited, 'maxmemory')).toBe(0)
      expect(field(limited, 'maxmemory')).toBe(300_000_000)
      expect(unlimited).toContain('mem_allocator:')
      expect(unlimited).not.toContain('used_memory_human')
    })

    test.each(['FLUSHALL', 'FLUSHDB'])('%s empties all nodes', async (name) => {
      expect(await run(name)).toBe('OK')

      expect(await run('DBSIZE')).toBe(0)
    })

    test('FLUSHALL runs in order among the commands of a pipeline', async () => {
      const sets = keys.map((key) => ['SET', key, key])

      await transport.request({
        path: ['pipeline'],
        body: [...sets, ['FLUSHALL'], ['SET', 'a', 'after']],
      })

      expect(await run('KEYS', '*')).toEqual(['a'])
    })

    test('SCRIPT LOAD, EXISTS and FLUSH apply to all nodes', async () => {
      const sha1 = await run('SCRIPT', 'LOAD', "return redis.call('GET', KEYS[1])")
      for (const key of keys) await run('SET', key, key)

      for (const key of keys) expect(await run('EVALSHA', String(sha1), 1, key)).toBe(key)
      expect(await run('script', 'exists', String(sha1), 'f'.repeat(40))).toEqual([1, 0])

      await cluster.send(1, 'SCRIPT', 'FLUSH')
      expect(await run('SCRIPT', 'EXISTS', String(sha1))).toEqual([0])

      expect(await run('SCRIPT', 'FLUSH')).toBe('OK')
      for (const key of keys) {
        const { error } = await transport.request({ body: ['EVALSHA', String(sha1), 1, key] })
        expect(error).toMatch(/^NOSCRIPT/)
      }
    })

    test('the error of one node becomes the answer', async () => {
      await cluster.send(1, 'CONFIG', 'SET', 'min-replicas-to-write', 3)

      expect(await transport.request({ body: ['FLUSHALL'] })).toEqual({
        error: expect.stringMatching(/^NOREPLICAS/),
      })
      await cluster.send(1, 'CONFIG', 'SET', 'min-replicas-to-write', 0)
    })
  })

  test('rejects only for keys of a dead node, without its address in the error', async () => {
    await cluster.kill(0)

    const error = await failure(transport.request({ body: ['SET', 'b', 'SENTINEL'] }))

    expect(error).toMatchObject({ code: 'ERR_REMOTE', operation: 'SET' })
    expect(everythingIn(error)).not.toMatch(/SENTINEL|127\.0\.0\.1/)
    await eventually(async () =>
      expect(await transport.request({ body: ['SET', 'a', 'v'] })).toEqual({ result: 'OK' }),
    )
  })

  test('answers commands for all nodes only while no node is missing', async () => {
    // Before and after the other nodes have noticed that it is dead.
    for (const _ of [1, 2, 3]) {
      for (const body of [['SCAN', '0'], ['DBSIZE'], ['KEYS', '*'], ['INFO'], ['FLUSHALL']]) {
        const outcome = await transport.request({ body }).then(
          ({ error }) => error,
          (error: RemoteError) => error.code,
        )

        expect(outcome).toMatch(/^(ERR_REMOTE|CLUSTERDOWN .*|NOMASTERLINK .*)$/)
      }
      await delay(700)
    }
  })

  test('rejects at once when no node is left', async () => {
    await cluster.kill(1)
    await cluster.kill(2)

    for (const key of keys) {
      const error = await failure(transport.request({ body: ['GET', key] }))
      expect(error).toMatchObject({ code: 'ERR_REMOTE', retryable: true })
      expect(everythingIn(error)).not.toContain('127.0.0.1')
    }
  })
})
