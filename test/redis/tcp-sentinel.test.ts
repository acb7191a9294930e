import { afterAll, beforeAll, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { RemoteError } from '../../src/errors.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { PRIMARY, type RedisSentinel, startSentinel } from '../support/redis-sentinel.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const APP = { username: 'app', password: 'of-app' }
const DATA = ['--requirepass', 'of-data', '--masterauth', 'of-data']
const USER = ['--user', ...'app on >of-app ~* &* +@all'.split(' ')]

describeWithRedis('the tcp transport before Sentinel', () => {
  let primary: RedisServer
  let replica: RedisServer
  let sentinel: RedisSentinel
  let transport: Transport

  const run = async (...body: [string, ...(string | number)[]]): Promise<unknown> =>
    (await transport.request({ path: [], body })).result

  beforeAll(async () => {
    primary = await startRedisServer([...DATA, ...USER])
    const follows = ['--replicaof', '127.0.0.1', String(primary.port)]
    replica = await startRedisServer([...DATA, ...USER, ...follows])
    const secrets = ['requirepass of-sentinel', `sentinel auth-pass ${PRIMARY} of-data`]
    sentinel = await startSentinel(primary.port, secrets)
    const watched = { name: PRIMARY, nodes: [sentinel], password: 'of-sentinel' }
    transport = tcpTransport({ ...APP, sentinel: watched })
  }, 30_000)

  afterAll(async () => {
    await transport.close()
    await sentinel.stop()
    await replica.stop()
    await primary.stop()
  })

  test('finds the primary by its name, and the promoted replica after the primary has died', async () => {
    await expect
      .poll(() => run('SET', 'k', 'v').catch(() => undefined), { timeout: 10_000 })
      .toBe('OK')
    // Sentinel promotes a replica that it knows of and that has caught up.
    const info = async (): Promise<string> => String(await run('INFO', 'replication'))
    await expect.poll(info, { timeout: 10_000 }).toMatch(/slave0:.*state=online.*lag=[01]/)
    const cache = new RedisCacheManager({ redis: transport, deadline: '5s' })
    await cache.set('before', 1)

    process.kill(primary.pid, 'SIGKILL')

    // In the meantime, reads answer from the loader, and writes reject.
    expect(await cache.getOrSet('meanwhile', () => 'loaded')).toBe('loaded')
    await expect(cache.delete('before')).rejects.toSatisfy(
      (error) => error instanceof RemoteError || (error as Error).name === 'RemoteTimeoutError',
    )
    await expect
      .poll(() => run('SET', 'after', 'v').catch(() => undefined), { timeout: 20_000 })
      .toBe('OK')
    expect(await run('GET', 'k')).toBe('v')
    const stored = (): Promise<string> => cache.set('again', 2).catch(String)
    await expect.poll(stored, { timeout: 10_000 }).toBe('stored')
    expect(await cache.get('again')).toBe(2)
  }, 60_000)
})

describeWithRedis('the tcp transport, during a failover started by the operator,', () => {
  let primary: RedisServer
  let replica: RedisServer
  let sentinel: RedisSentinel

  beforeAll(async () => {
    primary = await startRedisServer()
    replica = await startRedisServer(['--replicaof', '127.0.0.1', String(primary.port)])
    sentinel = await startSentinel(primary.port)
  }, 30_000)
  afterAll(async () => {
    await sentinel.stop()
    await replica.stop()
    await primary.stop()
  })

  test('switches to the new primary at once, although the old one keeps its role for ten seconds', async () => {
    const transport = tcpTransport({ sentinel: { name: PRIMARY, nodes: [sentinel] } })
    const former = tcpTransport({ url: primary.url })
    const operator = tcpTransport({ host: sentinel.host, port: sentinel.port })
    const ask = async (of: Transport, ...body: [string, ...string[]]): Promise<unknown> =>
      (await of.request({ body }).catch(() => ({ result: undefined }))).result
    const port = async (): Promise<string | undefined> =>
      /tcp_port:(\d+)/.exec(String(await ask(transport, 'INFO', 'server')))?.[1]
    const wait = { timeout: 15_000, interval: 20 }
    await expect.poll(port, wait).toBe(String(primary.port))
    // Sentinel refuses until it knows a replica that it can promote.
    await expect.poll(() => ask(operator, 'SENTINEL', 'FAILOVER', PRIMARY), wait).toBe('OK')

    await expect.poll(port, wait).toBe(String(replica.port))

    expect(await ask(former, 'ROLE')).toHaveProperty('0', 'master')
    await Promise.all([transport, former, operator].map((each) => each.close()))
  }, 60_000)
})
