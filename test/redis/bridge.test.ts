import { createHash } from 'node:crypto'
import { createServer, connect as dial, type Server } from 'node:net'
import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { amount } from '../support/deep.ts'
import { eventually } from '../support/eventually.ts'
import { found } from '../support/findings.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'
import { type BridgeServer, startBridge } from '../unit/bridge/bridge-server.ts'

/** All 256 bytes. */
const ALL_BYTES = Uint8Array.from(Array(256).keys())

describeWithRedis('the bridge before a redis-server', () => {
  let server: RedisServer
  let transport: Transport
  let bridge: BridgeServer

  beforeEach(async () => {
    server = await startRedisServer()
    transport = tcpTransport({ url: server.url, strings: 'bytes' })
    bridge = await startBridge(transport, { heartbeatMs: 100 })
  })

  afterEach(async () => {
    await bridge.stop()
    await transport.close()
    await server.stop()
  })

  function send(path: string, body?: unknown, headers: Record<string, string> = {}) {
    return fetch(`${bridge.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bridge.token}`, ...headers },
      ...(body !== undefined && {
        body: body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
      }),
    })
  }

  async function answer(path: string, body?: unknown, headers?: Record<string, string>) {
    return (await send(path, body, headers)).text()
  }

  test('keeps every byte of a value, and returns it as base64 and as RESP2', async () => {
    await send('/set/bytes', ALL_BYTES)

    const base64 = JSON.parse(
      await answer('/get/bytes', undefined, { 'upstash-encoding': 'base64' }),
    )
    const resp2 = await send('/get/bytes', undefined, { 'upstash-response-format': 'resp2' })
    const text = JSON.parse(await answer('/get/bytes'))

    expect(base64).toEqual({ result: Buffer.from(ALL_BYTES).toString('base64') })
    const raw = Buffer.from(await resp2.arrayBuffer())
    expect(raw.subarray('$256\r\n'.length, -2)).toEqual(Buffer.from(ALL_BYTES))
    expect(text).toEqual({ result: new TextDecoder().decode(ALL_BYTES) })
    expect(await answer('/strlen/bytes')).toBe('{"result":256}')
  })

  test('keeps the bytes of a percent-encoded key', async () => {
    await send('/set/%FF%00/1')

    expect(await answer('/get/%ff%00')).toBe('{"result":"1"}')
    expect(await answer('/get/%C3%BF')).toBe('{"result":null}')
  })

  test('returns integers of any size exactly', async () => {
    await send('/', ['SET', 'n', '9223372036854775806'])

    expect(await answer('/', ['INCR', 'n'])).toBe('{"result":9223372036854775807}')
    expect(
      await answer('/pipeline', [
        ['DECR', 'n'],
        ['STRLEN', 'n'],
      ]),
    ).toBe('[{"result":9223372036854775806},{"result":19}]')
    const resp2 = { 'upstash-response-format': 'resp2' }
    expect(await answer('/', ['INCR', 'n'], resp2)).toBe(':9223372036854775807\r\n')
  })

  test('recovers without a restart when its Redis server is restarted', async () => {
    const events = await send('/subscribe/chat')
    const text = readAll(events)
    process.kill(server.pid, 'SIGKILL')
    await eventually(async () => expect((await send('/get/key')).status).toBe(503))

    const during = await send('/get/key')
    const health = await fetch(`${bridge.url}/health`)
    await server.restart()
    await eventually(async () => expect((await send('/set/key/back')).status).toBe(200))

    expect([during.status, await during.json()]).toEqual([
      503,
      { error: expect.stringMatching(/^ERR the database did not answer/) },
    ])
    expect(health.status).toBe(503)
    expect(await answer('/get/key')).toBe('{"result":"back"}')
    await eventually(async () => {
      await send('/publish/chat/again')
      expect(text.value).toContain('data: message,chat,again\n\n')
    })
  })

  test('the subscription of a client ends when it disconnects', async () => {
    const clients = Array.from({ length: 3 }, () => new AbortController())
    const responses = await Promise.all(
      clients.map(({ signal }) =>
        fetch(`${bridge.url}/subscribe/chat`, {
          method: 'POST',
          headers: { authorization: `Bearer ${bridge.token}` },
          signal,
        }),
      ),
    )
    const texts = responses.map(readAll)
    await send('/publish/chat/hello')
    for (const text of texts) {
      await eventually(() => expect(text.value).toContain('message,chat,hello'))
      // Without further messages, a comment is sent as a heartbeat.
      await eventually(() => expect(text.value).toContain('\n: still here\n'))
    }

    for (const client of clients) client.abort()

    await eventually(async () =>
      expect(await answer('/pubsub/numsub/chat')).toBe('{"result":["chat",0]}'),
    )
  })

  test('stopping ends subscriptions and waits for a running request', async () => {
    const events = readAll(await send('/subscribe/chat'))
    const asked = vi.spyOn(transport, 'request')
    const slow = send('/eval', [], {}).then(() =>
      send('/', [
        'EVAL',
        // A loop by count, not by time: servers after Redis 7.0 freeze the clock during a script.
        'local n = 0 for i = 1, 50000000 do n = n + 1 end return "done"',
        0,
      ]),
    )
    const script = expect.objectContaining({ body: expect.arrayContaining(['EVAL']) })
    await eventually(() => expect(asked).toHaveBeenCalledWith(script))

    await bridge.stop()

    expect(await (await slow).json()).toEqual({ result: 'done' })
    await eventually(() => expect(events.isOver).toBe(true))
    await expect(send('/ping')).rejects.toThrow()
  })

  test('concurrent transactions are never nested or interleaved', async ({ task }) => {
    const rounds = amount(300, 3_000)
    const results: boolean[] = []
    // So many concurrent requests are enough to overlap.
    const lanes = Array.from({ length: 100 }, async (_, lane) => {
      for (let i = lane; i < rounds; i += 100) results.push(await isWhole(i))
    })
    async function isWhole(i: number): Promise<boolean> {
      const whole = answer('/multi-exec', [
        ['SET', 'k', i],
        ['GET', 'k'],
        ['INCR', 'n'],
        ['INCR', 'n'],
      ])
      await Promise.all([
        answer('/set/k/noise'),
        answer('/pipeline', [
          ['INCR', 'n'],
          ['GET', 'k'],
        ]),
        answer('/multi-exec', [['INCR', 'n'], ['NOSUCH']]),
      ])
      const [set, get, first, second] = JSON.parse(await whole) as { result: unknown }[]
      return (
        set?.result === 'OK' &&
        get?.result === `${i}` &&
        second?.result === Number(first?.result) + 1
      )
    }
    await Promise.all(lanes)

    const violations = results.filter((whole) => !whole).length
    found(task, 'transactions through the bridge', { run: rounds, violations })
    expect(violations).toBe(0)
    // Each transaction increments twice, each pipeline once, and the discarded transactions never.
    expect(await answer('/get/n')).toBe(`{"result":"${rounds * 3}"}`)
  }, 120_000)

  test('serves the client @upstash/redis', async () => {
    const redis = new Redis({ url: bridge.url, token: bridge.token, enableTelemetry: false })
    await redis.set('key', { a: 'caf\u00e9', ok: 'OK' })

    const pipelined = await redis.pipeline().get('key').incr('n').exec()
    const transacted = await redis.multi().incr('n').get('n').exec()
    const script = redis.createScript<string>('return ARGV[1]')

    expect(await redis.get('key')).toEqual({ a: 'caf\u00e9', ok: 'OK' })
    expect(pipelined).toEqual([{ a: 'caf\u00e9', ok: 'OK' }, 1])
    expect(transacted).toEqual([2, 2])
    expect(await script.exec([], ['OK'])).toBe('OK')
    expect(await Promise.all([redis.get('key'), redis.incr('n')])).toEqual([expect.anything(), 3])
    await expect(redis.lpush('key', 1)).rejects.toThrow(/WRONGTYPE/)
    await redis.hset('hash', { field: 'OK' })
    expect(await redis.hgetall('hash')).toEqual({ field: 'OK' })
    expect(await redis.hgetall('none')).toBeNull()
    // biome-ignore lint/suspicious/noExplicitAny: what a caller without types would send
    await expect(redis.set('key', undefined as any)).rejects.toThrow(/argument 2 is null/)
  })

  test('serves Ratelimit, whose scripts run on the server', async () => {
    const redis = new Redis({ url: bridge.url, token: bridge.token, enableTelemetry: false })
    for (const limiter of [
      Ratelimit.fixedWindow(2, '1 m'),
      Ratelimit.slidingWindow(2, '1 m'),
      Ratelimit.tokenBucket(1, '1 m', 2),
    ]) {
      await redis.flushall()
      const limit = new Ratelimit({ redis, limiter, ephemeralCache: false, timeout: 0 })

      const answers = [await limit.limit('id'), await limit.limit('id'), await limit.limit('id')]

      expect(answers.map(({ success }) => success)).toEqual([true, true, false])
    }
  })

  test('a script with the Upstash flag can be called by the hash of its original text', async () => {
    const script = '#!lua flags=allow-key-locking\nreturn ARGV[1]'
    const other = '#!lua flags=no-writes,allow-key-locking\nreturn redis.call("SET", KEYS[1], 1)'
    const sha1 = createHash('sha1').update(script).digest('hex')
    const evalsha = ['EVALSHA', sha1.toUpperCase(), '0', 'x']

    expect(await answer('/', evalsha)).toMatch(/NOSCRIPT/)
    expect(await answer('/', ['SCRIPT', 'LOAD', script])).toBe(`{"result":"${sha1}"}`)
    expect(await answer('/', evalsha)).toBe('{"result":"x"}')
    expect(await answer('/', ['SCRIPT', 'EXISTS', sha1, 'none'])).toBe('{"result":[1,0]}')
    expect(await answer('/multi-exec', [evalsha, ['EVAL', script, 0, 'y']])).toBe(
      '[{"result":"x"},{"result":"y"}]',
    )
    expect(await answer('/pipeline', [['SCRIPT', 'LOAD', script], evalsha])).toBe(
      `[{"result":"${sha1}"},{"result":"x"}]`,
    )
    expect(await answer('/', ['EVAL', other, '1', 'k'])).toMatch(/Write commands are not allowed/)
  })

  test('delivers messages to a subscriber of @upstash/redis', async () => {
    const redis = new Redis({ url: bridge.url, token: bridge.token, enableTelemetry: false })
    const heard: unknown[] = []
    const subscription = redis.subscribe<{ n: number }>(['chat'])
    subscription.on('message', ({ channel, message }) => heard.push([channel, message]))
    await new Promise((resolve) => subscription.on('subscribe', resolve))

    await redis.publish('chat', { n: 1 })

    await eventually(() => expect(heard).toEqual([['chat', { n: 1 }]]))
    await subscription.unsubscribe()
    await eventually(async () =>
      expect(await answer('/pubsub/numsub/chat')).toBe('{"result":["chat",0]}'),
    )
  })

  test.each(['none', 'base64'] as const)('serves restTransport, encoding %s', async (encoding) => {
    const rest = restTransport({ url: bridge.url, token: bridge.token, encoding })
    const heard: string[] = []
    await rest.request({
      path: ['subscribe', 'a/b', 'c'],
      isStreaming: true,
      onMessage: (data) => heard.push(data),
    })
    await rest.request({ body: ['PUBLISH', 'a/b', 'caf\u00e9'] })

    await eventually(() =>
      expect(heard).toEqual(['subscribe,a/b,1', 'subscribe,c,1', 'message,a/b,caf\u00e9']),
    )
    await rest.close()
  })

  test('a pipeline of 100 commands is one write to the server and one reply', async () => {
    const path = await countingPath(server.port)
    const counted = tcpTransport({ url: `redis://127.0.0.1:${path.port}`, strings: 'bytes' })
    const own = await startBridge(counted)
    const post = (body: unknown) =>
      fetch(`${own.url}/pipeline`, {
        method: 'POST',
        headers: { authorization: `Bearer ${own.token}` },
        body: JSON.stringify(body),
      })
    await post([['PING']])
    path.writes = 0

    await post(Array.from({ length: 100 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(20)]))

    expect(path.writes).toBe(1)
    await own.stop()
    await counted.close()
    await path.stop()
  })
})

interface Heard {
  value: string
  isOver: boolean
}

/** Reads a body chunk by chunk, until it ends or fails. */
function readAll(response: Response): Heard {
  const heard: Heard = { value: '', isOver: false }
  const decoder = new TextDecoder()
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) {
      heard.value += decoder.decode(chunk as Uint8Array, { stream: true })
    }
  }
  const end = (): void => {
    heard.isOver = true
  }
  read().then(end, end)
  return heard
}

/** A TCP proxy to a port that counts the chunks in which the client's bytes arrive. */
async function countingPath(to: number) {
  const sockets = new Set<{ destroy(): void }>()
  const path = { port: 0, writes: 0, stop: (): Promise<void> => stop(server) }
  const server = createServer((near) => {
    const far = dial(to, '127.0.0.1')
    sockets.add(near).add(far)
    near.on('data', (data) => {
      path.writes++
      far.write(data)
    })
    far.on('data', (data) => near.write(data))
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  const stop = (listening: Server): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => listening.close(() => resolve()))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  path.port = (server.address() as { port: number }).port
  return path
}
