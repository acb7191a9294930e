import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ClosedError } from '../../src/errors.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import { eventually } from '../support/eventually.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('the tcp transport, before a redis-server,', () => {
  let server: Awaited<ReturnType<typeof startRedisServer>>
  let transport: Transport

  beforeEach(async () => {
    server = await startRedisServer()
    transport = tcpTransport({ url: server.url })
  })

  afterEach(async () => {
    await transport.close()
    await server.stop()
  })

  test.each([
    ['SELECT', 1],
    ['subscribe', 'c'],
    ['MULTI'],
    ['BLPOP', 'l', 0],
    ['MONITOR'],
    ['CLIENT', 'REPLY', 'OFF'],
    ['XREAD', 'BLOCK', 0, 'STREAMS', 's', '$'],
    ['XREADGROUP', 'GROUP', 'streams', 'c', 'BLOCK', 0, 'STREAMS', 's', '>'],
  ])('refuses %s, which would change the connection for others', async (...command) => {
    const name = String(command[0]).toUpperCase()

    expect(await transport.request({ body: command })).toEqual({
      error: `ERR ${name} is not available on a shared connection`,
    })
    expect(await transport.request({ body: ['PING'] })).toEqual({ result: 'PONG' })
  })

  test.each([
    [['GET', null]],
    [['GET', undefined]],
    [['GET', { a: 1 }]],
    [['GET', Number.NaN]],
    [[7]],
    [[]],
    ['GET'],
  ])('answers the invalid command %j with an error without sending it', async (body) => {
    expect(await transport.request({ body })).toEqual({ error: expect.stringMatching(/^ERR /) })
  })

  test('a refused command is answered in its place in a pipeline, and aborts a transaction', async () => {
    const body = [
      ['SET', 'k', 'v'],
      ['SELECT', 1],
      ['GET', 'k'],
    ]

    expect(await transport.request({ path: ['multi-exec'], body })).toEqual({
      error: expect.stringMatching(/^EXECABORT .*SELECT/),
    })
    expect(await transport.request({ body: ['EXISTS', 'k'] })).toEqual({ result: 0 })
    expect(await transport.request({ path: ['pipeline'], body })).toEqual([
      { result: 'OK' },
      { error: expect.stringMatching(/SELECT/) },
      { result: 'v' },
    ])
  })

  test('gives the reason why a transaction was discarded', async () => {
    const body = [
      ['SET', 'k', 'v'],
      ['NOSUCHCOMMAND', 'x'],
    ]

    expect(await transport.request({ path: ['multi-exec'], body })).toEqual({
      error: expect.stringMatching(/^EXECABORT .*because of: ERR unknown command/),
    })
  })

  test('an empty batch has an empty answer', async () => {
    expect(await transport.request({ path: ['pipeline'], body: [] })).toEqual([])
    expect(await transport.request({ path: ['multi-exec'], body: [] })).toEqual([])
  })

  test('answers an unknown path with an error', async () => {
    expect(await transport.request({ path: ['monitor'], body: [] })).toEqual({
      error: expect.stringMatching(/^ERR /),
    })
  })

  test('returns a value of digits beyond 2^53 unchanged, as text', async () => {
    await transport.request({ body: ['SET', 'n', '9007199254740993'] })

    expect(await transport.request({ body: ['GET', 'n'] })).toEqual({ result: '9007199254740993' })
  })

  test('opens `poolSize` connections, and closes all of them', async () => {
    const pool = tcpTransport({ url: server.url, poolSize: 4 })
    const clients = async (): Promise<number> => {
      const { result } = await transport.request<string>({ body: ['CLIENT', 'LIST'] })
      return result?.trim().split('\n').length ?? 0
    }
    const before = await clients()
    await pool.request({ body: ['PING'] })
    await eventually(async () => expect(await clients()).toBe(before + 4))

    await pool.close()

    await eventually(async () => expect(await clients()).toBe(before))
  })

  test("uses a caller's client, and does not close it", async () => {
    const client = new Redis(server.url)
    const borrowed = tcpTransport({ client })
    expect(await borrowed.request({ body: ['PING'] })).toEqual({ result: 'PONG' })

    await borrowed.close()

    await expect(borrowed.request({ body: ['PING'] })).rejects.toThrow(ClosedError)
    expect(await client.ping()).toBe('PONG')
    expect(client.listenerCount('close')).toBe(0)
    client.disconnect()
  })

  test('selects the database of the url', async () => {
    const other = tcpTransport({ url: `${server.url}/3` })
    await other.request({ body: ['SET', 'only', 'there'] })

    expect(await transport.request({ body: ['EXISTS', 'only'] })).toEqual({ result: 0 })
    await other.close()
  })
})

describeWithRedis('the tcp transport, refused by a redis-server,', () => {
  const suite = suiteRedis()

  const REFUSED: readonly (readonly [string, Partial<TcpOptions>, string])[] = [
    ['a database that there is not', { db: 99 }, 'no such database'],
    [
      'a database, on the one connection of a request',
      { db: 99, perRequest: true },
      'no such database',
    ],
    ['a database that the user may not select', { db: 1, username: 'u', password: 'p' }, 'NOPERM'],
    ['a user that there is not', { username: 'nobody', password: 'p' }, 'WRONGPASS'],
  ]
  test.each(REFUSED)(
    '%s: every request is rejected, and nothing is written elsewhere',
    async (...row) => {
      const [, options, reason] = row
      await suite.send('ACL', 'SETUSER', 'u', 'on', '>p', '~*', '+@all', '-select')
      const { hostname, port } = new URL(suite.server.url)
      const refused = tcpTransport({ host: hostname, port: Number(port), ...options })

      for (let i = 0; i < 5; i++) {
        await expect(refused.request({ body: ['SET', 'k', 'v'] })).rejects.toMatchObject({
          reason,
          applied: 'no',
        })
        await new Promise((resolve) => setImmediate(resolve))
      }

      expect(await suite.send('EXISTS', 'k')).toBe(0)
      await refused.close()
    },
  )
})

describe('the tcp transport, without ioredis,', () => {
  test('says what to install', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nearcache-'))
    cpSync('src', join(folder, 'src'), { recursive: true })
    cpSync('node_modules/@noble', join(folder, 'node_modules/@noble'), { recursive: true })
    const program = `
      import { tcpTransport } from './src/redis/tcp/index.ts'
      await tcpTransport({ url: 'redis://127.0.0.1:1' }).request({ body: ['PING'] })
        .catch((error) => console.log(error.code, error.message))`

    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: folder,
      encoding: 'utf8',
    })
    rmSync(folder, { recursive: true })

    expect(stdout).toMatch(/^ERR_CONFIGURATION .*install ioredis,/s)
  })
})
