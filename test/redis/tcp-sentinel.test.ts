import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { RemoteError } from '../../src/errors.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { freePort } from '../support/free-port.ts'
import { findRedisServer, type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const NAME = 'main'

/** A sentinel that promotes the replica half a second after the primary is gone. */
async function startSentinel(primaryPort: number, folder: string): Promise<[ChildProcess, number]> {
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 1`,
    `sentinel down-after-milliseconds ${NAME} 500`,
    `sentinel failover-timeout ${NAME} 3000`,
  ]
  writeFileSync(file, lines.join('\n'))
  const child = spawn(findRedisServer() ?? '', [file, '--sentinel'], { stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  return [child, port]
}

describeWithRedis('the tcp transport before Sentinel', () => {
  let primary: RedisServer
  let replica: RedisServer
  let sentinel: ChildProcess
  let folder: string
  let transport: Transport

  const run = async (...body: [string, ...(string | number)[]]): Promise<unknown> =>
    (await transport.request({ path: [], body })).result

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-sentinel-'))
    primary = await startRedisServer()
    replica = await startRedisServer(['--replicaof', '127.0.0.1', String(primary.port)])
    const [child, port] = await startSentinel(primary.port, folder)
    sentinel = child
    transport = tcpTransport({ sentinel: { name: NAME, nodes: [{ host: '127.0.0.1', port }] } })
  }, 30_000)

  afterAll(async () => {
    await transport.close()
    sentinel.kill('SIGKILL')
    await replica.stop()
    await primary.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('finds the primary by its name, and the promoted replica when the primary has died', async () => {
    await expect
      .poll(() => run('SET', 'k', 'v').catch(() => undefined), { timeout: 10_000 })
      .toBe('OK')
    // Sentinel promotes a replica that it knows of and that has caught up.
    const info = async (): Promise<string> => String(await run('INFO', 'replication'))
    await expect.poll(info, { timeout: 10_000 }).toMatch(/slave0:.*state=online.*lag=[01]/)
    const cache = new RedisCacheManager({ redis: transport, deadline: '5s' })
    await cache.set('before', 1)

    process.kill(primary.pid, 'SIGKILL')

    // Meanwhile reads answer from the loader, and writes say that they failed.
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
