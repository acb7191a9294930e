import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import { eventually } from '../support/eventually.ts'
import { found } from '../support/findings.ts'
import { everythingIn } from '../support/leaks.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const OLDER = 'SENTINEL-older'
const NEWER = 'SENTINEL-newer'
const [, RULE = ''] = /^ACL SETUSER (.*)$/m.exec(readFileSync('docs/operations.md', 'utf8')) ?? []
/** Keys on the nodes 0, 1 and 2: their slots are 3300, 7365 and 15495. */
const KEYS = ['b', 'c', 'a']

describeWithRedis('the tcp transport, before a Redis Cluster that requires a password,', () => {
  let cluster: RedisCluster
  let transport: Transport | undefined

  beforeAll(async () => {
    const user = `app on >${OLDER} ~* &* +@all`.split(' ')
    cluster = await startRedisCluster(findRedisServer() ?? '', {
      password: 'of-all',
      args: ['--requirepass', 'of-all', '--masterauth', 'of-all', '--user', ...user],
    })
  }, 30_000)
  afterEach(() => transport?.close())
  afterAll(() => cluster.stop())

  const connect = (options: Partial<TcpOptions>): Transport => {
    transport = tcpTransport({ cluster: { nodes: cluster.nodes }, ...options })
    return transport
  }
  const cacheOf = (password: string): RedisCacheManager =>
    new RedisCacheManager({ redis: connect({ username: 'app', password }), deadline: '5s' })
  const failureOf = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => expect.unreachable('the call must fail'),
      (error: unknown) => error,
    )
  const setUser = async (index: number, ...rules: string[]): Promise<unknown> =>
    cluster.send(index, 'ACL', 'SETUSER', 'app', ...rules)
  const everyNode = [0, 1, 2]

  test.each([
    ['the password of all', { password: 'of-all' }, 'default'],
    ['a user', { username: 'app', password: OLDER }, 'app'],
  ])('is admitted with %s, at every node', async (_what, options, name) => {
    const sent = KEYS.map((key) => ['EVAL', 'return redis.call("SET", KEYS[1], 1)', 1, key])
    const answers = await connect(options).request({ path: ['pipeline'], body: sent })

    expect(answers).toEqual(KEYS.map(() => ({ result: 'OK' })))
    expect(await transport?.request({ body: ['ACL', 'WHOAMI'] })).toEqual({ result: name })
  })

  test.each([
    ['a wrong password', { password: 'SENTINEL-wrong' }, 'WRONGPASS'],
    ['a wrong user', { username: 'SENTINEL-wrong', password: OLDER }, 'WRONGPASS'],
    ['no password', {}, 'NOAUTH'],
  ])('rejects for %s at once, without a secret in the error', async (_what, options, reason) => {
    const client = connect(options)

    for (const key of KEYS) {
      const error = await failureOf(client.request({ body: ['GET', key] }))
      expect(error).toMatchObject({ reason, applied: 'no', retryable: false })
      expect(everythingIn(error)).not.toMatch(/SENTINEL|127\.0\.0\.1/)
    }
  })

  test('the user of docs/operations.md may run all commands of a cache and a subscription', async () => {
    for (const index of everyNode) await cluster.send(index, 'ACL', 'SETUSER', ...RULE.split(' '))
    const redis = connect({ username: 'nearcache', password: 'a-long-random-password' })
    const cache = new RedisCacheManager({ redis, deadline: '5s' })

    for (const key of KEYS) await cache.set(key, key, { tags: ['t'] })
    expect(await cache.getOrSet('a', () => 'loaded')).toBe('a')
    await cache.invalidateTags(['t'])
    await cache.invalidatePattern('b*')
    for await (const _key of cache.keys());
    await cache.clear()
    const stats = await cache.getStats()
    const channel = { path: ['subscribe', 'nc:news'], isStreaming: true }
    expect(await redis.request(channel)).toEqual({ result: 1 })
    await cache.close()

    expect(stats.memoryUsage).toBeGreaterThan(0)
    const logs = await Promise.all(everyNode.map((index) => cluster.send(index, 'ACL', 'LOG')))
    const isIts = (entry: unknown): boolean => JSON.stringify(entry).includes('"nearcache"')
    expect(logs.flat().filter(isIts)).toEqual([])
  })

  test('answers commands that its user may not run with NOPERM, and runs the others', async () => {
    const client = connect({ username: 'app', password: OLDER })
    for (const index of everyNode) await setUser(index, 'resetkeys', '~b', '~a', '-lpush')
    const refused = { error: expect.stringMatching(/^NOPERM/) }

    const body = [
      ['SET', 'b', 1],
      ['GET', 'c'],
      ['LPUSH', 'a', 1],
      ['SET', 'a', 1],
    ]
    const answers = await client.request({ path: ['pipeline'], body })

    expect(answers).toEqual([{ result: 'OK' }, refused, refused, { result: 'OK' }])
    for (const index of everyNode) await setUser(index, '~*', '+@all')
    expect(await client.request({ body: ['GET', 'c'] })).toEqual({ result: '1' })
  })

  test('is served by the nodes that admit it, while another node refuses it', async () => {
    const client = connect({ username: 'app', password: OLDER })
    await client.request({ path: ['pipeline'], body: KEYS.map((key) => ['SET', key, key]) })

    await setUser(1, `>${NEWER}`, `<${OLDER}`)
    await cluster.send(1, 'CLIENT', 'KILL', 'USER', 'app')
    await eventually(async () =>
      expect(await client.request({ body: ['GET', 'c'] })).toEqual({
        error: expect.stringMatching(/^WRONGPASS/),
      }),
    )
    expect(await client.request({ body: ['GET', 'b'] })).toEqual({ result: 'b' })
    expect(await client.request({ body: ['GET', 'a'] })).toEqual({ result: 'a' })

    await setUser(1, `>${OLDER}`, `<${NEWER}`)
    await eventually(async () =>
      expect(await client.request({ body: ['GET', 'c'] })).toEqual({ result: 'c' }),
    )
  })

  test('no write fails and no read is stale while its password is changed node by node under load', async ({
    task,
  }) => {
    const older = cacheOf(OLDER)
    let newer: RedisCacheManager | undefined
    let [version, invalidated, reads, writes, stale] = [0, 0, 0, 0, 0]
    let isOver = false
    const write = async (): Promise<void> => {
      while (!isOver) {
        const its = ++version
        await (newer ?? older).invalidateTags(['t'])
        invalidated = its
        writes++
        await turn()
      }
    }
    const read = async (cacheNow: () => RedisCacheManager): Promise<void> => {
      for (; !isOver; reads++) {
        const least = invalidated
        const key = KEYS[reads % 3] ?? 'a'
        const value = await cacheNow().getOrSet(key, () => version, { tags: ['t'] })
        if (value < least) stale++
        await turn()
      }
    }
    const isBusy = async (): Promise<void> => {
      const [its, theirs] = [reads + 30, writes + 10]
      await eventually(() => expect(reads > its && writes > theirs).toBe(true))
    }
    const load = Promise.all([write(), read(() => older), read(() => newer ?? older)])

    try {
      await isBusy()
      for (const index of everyNode) await setUser(index, `>${NEWER}`)
      newer = cacheOf(NEWER)
      await isBusy()
      for (const index of everyNode) {
        await setUser(index, `<${OLDER}`)
        await cluster.send(index, 'CLIENT', 'KILL', 'USER', 'app')
        await isBusy()
      }
    } finally {
      isOver = true
      await load
    }

    found(task, 'a password that is changed on a cluster', { reads, writes, stale })
    expect(stale).toBe(0)
    expect(await failureOf(older.set('a', 1))).toHaveProperty('code')
    for (const index of everyNode) await setUser(index, `>${OLDER}`)
    await eventually(() => older.set('a', 1))
    await Promise.all([older.close(), newer.close()])
  }, 30_000)
})
