import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ClosedError } from '../../src/errors.ts'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import { ManualPlatform } from '../../src/testing/manual-platform.ts'
import { eventually } from '../support/eventually.ts'
import { everythingIn } from '../support/leaks.ts'

const KEY = 'SENTINEL-key'
const VALUE = 'SENTINEL-value'
const SECRET = 'SENTINEL-secret'

const failure = (request: Promise<unknown>): Promise<unknown> =>
  request.then(
    () => expect.unreachable('the request must fail'),
    (error: unknown) => error,
  )

const set = (transport: Transport): Promise<unknown> =>
  transport.request({ body: ['SET', KEY, VALUE] })

describe('the tcp transport, before a server that fails,', () => {
  let server: Server
  let sockets: Socket[]
  let transport: Transport
  /** How the server answers. */
  let onData: (socket: Socket, text: string) => void

  beforeEach(async () => {
    sockets = []
    server = createServer((socket) => {
      sockets.push(socket)
      socket.on('data', (data) => onData(socket, data.toString()))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })

  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await transport.close()
    server.close()
  })

  function connect(options: Partial<TcpOptions> = {}): Transport {
    const { port } = server.address() as AddressInfo
    transport = tcpTransport({ host: '127.0.0.1', port, ...options })
    return transport
  }

  /** Answers like Redis until it gets a command of the test. */
  const until =
    (act: (socket: Socket) => void) =>
    (socket: Socket, text: string): void => {
      if (text.includes('INFO') || text.includes('info')) socket.write('$9\r\nloading:0\r\n')
      else act(socket)
    }

  test('a refused connection rejects each request at once, with `applied: no`', async () => {
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    transport = tcpTransport({ host: '127.0.0.1', port })

    for (let i = 0; i < 5; i++) {
      const error = await failure(set(transport))
      expect(error).toMatchObject({
        code: 'ERR_REMOTE',
        operation: 'SET',
        reason: 'ECONNREFUSED',
        applied: 'no',
        retryable: true,
      })
      expect(everythingIn(error)).not.toMatch(/SENTINEL|127\.0\.0\.1/)
    }
  })

  test('a process without network permission gets an error that is not retryable', async () => {
    // Like the permission model of Node 25 and later, without `--allow-net`.
    const denied = Object.assign(new Error('SENTINEL'), { code: 'ERR_ACCESS_DENIED' })
    const client = new Redis({
      lazyConnect: true,
      retryStrategy: () => null,
      Connector: class {
        check = () => true
        disconnect = () => undefined
        connect = () => Promise.reject(denied)
      } as never,
    })
    transport = tcpTransport({ client })

    const error = await failure(set(transport))

    expect(error).toMatchObject({ reason: 'ERR_ACCESS_DENIED', applied: 'no', retryable: false })
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test.each([
    ['a command', { body: ['SET', KEY, VALUE] }, 'SET'],
    [
      'a pipeline',
      {
        path: ['pipeline'],
        body: [
          ['GET', KEY],
          ['SET', KEY, VALUE],
        ],
      },
      'pipeline',
    ],
    ['a transaction', { path: ['multi-exec'], body: [['SET', KEY, VALUE]] }, 'multi-exec'],
  ])('%s in flight when the connection breaks is rejected and not sent again', async (...row) => {
    const [, request, operation] = row
    let received = ''
    onData = (socket, text) => {
      if (!text.includes('SENTINEL')) return until(() => undefined)(socket, text)
      received += text
      socket.resetAndDestroy()
    }

    const error = await failure(connect().request(request))
    await eventually(() => expect(sockets.length).toBeGreaterThan(1))

    expect(error).toMatchObject({ operation, applied: 'unknown', retryable: true })
    expect(everythingIn(error)).not.toContain('SENTINEL')
    expect(received.match(/SENTINEL-value/g)).toHaveLength(1)
  })

  test('a pipeline that was answered only in part is rejected as a whole', async () => {
    onData = until((socket) => socket.write('+OK\r\n', () => socket.destroy()))

    const error = await failure(
      connect().request({
        path: ['pipeline'],
        body: [
          ['SET', KEY, VALUE],
          ['GET', KEY],
        ],
      }),
    )

    expect(error).toMatchObject({ operation: 'pipeline', applied: 'unknown' })
  })

  test('a server that does not speak RESP causes an error', async () => {
    onData = (socket) => socket.end('HTTP/1.1 400 SENTINEL\r\n\r\n')

    const error = await failure(set(connect()))

    expect(error).toMatchObject({ code: 'ERR_REMOTE', applied: 'no' })
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test('a wrong password is reported without the password', async () => {
    onData = (socket) => socket.write(`-WRONGPASS invalid ${SECRET}\r\n`)

    const error = await failure(set(connect({ password: SECRET })))

    expect(error).toMatchObject({ reason: 'WRONGPASS', applied: 'no', retryable: false })
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test('a refused log-in is retried after increasing pauses, even if the server is otherwise ready', async () => {
    onData = (socket, text) => {
      if (/auth/i.test(text)) socket.write('-WRONGPASS invalid\r\n')
      if (/info/i.test(text)) socket.write('$9\r\nloading:0\r\n')
    }
    const platform = new ManualPlatform()
    const refused = { reason: 'WRONGPASS', applied: 'no' }
    connect({ username: 'app', password: SECRET, platform })

    for (const [made, pauseMs] of [50, 100, 200, 400, 800, 1_000, 1_000].entries()) {
      expect(await failure(set(transport))).toMatchObject(refused)
      // The server has seen the end of this connection, so the next one is new.
      await eventually(() => expect(sockets[made]?.readableEnded).toBe(true))
      await eventually(() => expect(platform.pendingTimers).toBe(1))
      await platform.advance(pauseMs - 1)
      expect(await failure(set(transport))).toMatchObject(refused)
      expect(sockets).toHaveLength(made + 1)
      await platform.advance(1)
      await eventually(() => expect(sockets).toHaveLength(made + 2))
    }
  })

  test('a server that loads its data is reported as LOADING, and used soon after it has finished', async () => {
    onData = (socket) => socket.write('$35\r\nloading:1\r\nloading_eta_seconds:3600\r\n')
    const platform = new ManualPlatform()
    connect({ platform })

    const listening = transport.request({ path: ['subscribe', 'c'], isStreaming: true })
    expect(await failure(listening)).toMatchObject({ reason: 'LOADING', applied: 'no' })
    for (const pauseMs of [50, 100, 200]) {
      expect(await failure(set(transport))).toMatchObject({ reason: 'LOADING', applied: 'no' })
      await eventually(() => expect(platform.pendingTimers).toBe(1))
      if (pauseMs === 200) onData = until((socket) => socket.write('+OK\r\n'))
      await platform.advance(pauseMs)
    }

    expect(await set(transport)).toEqual({ result: 'OK' })
  })

  test('an aborted request rejects while the server is silent, and the connection stays in use', async () => {
    const reason = new Error('deadline')
    const controller = new AbortController()
    const held: Socket[] = []
    onData = until((socket) => {
      held.push(socket)
      controller.abort(reason)
    })

    const request = connect().request({ body: ['GET', KEY], signal: controller.signal })
    await expect(request).rejects.toBe(reason)
    onData = (socket) => socket.write('$4\r\nlate\r\n+PONG\r\n')

    expect(await transport.request({ body: ['PING'] })).toEqual({ result: 'PONG' })
    expect(sockets).toHaveLength(1)
  })

  test('a request that is aborted before the connection is ready is never sent', async () => {
    const reason = new Error('deadline')
    const controller = new AbortController()
    let received = ''
    const greeted = Promise.withResolvers<Socket>()
    onData = (socket) => greeted.resolve(socket)

    const request = connect().request({ body: ['SET', KEY, VALUE], signal: controller.signal })
    const socket = await greeted.promise
    controller.abort(reason)
    await expect(request).rejects.toBe(reason)
    onData = (_, text) => {
      received += text
      socket.write('+PONG\r\n')
    }
    socket.write('$9\r\nloading:0\r\n')
    await transport.request({ body: ['PING'] })

    expect(received).not.toContain('SENTINEL')
  })

  test('a server that accepts a connection but never answers is given up after connectTimeoutMs', async () => {
    const platform = new ManualPlatform()
    const asked = Promise.withResolvers<void>()
    onData = () => asked.resolve()
    connect({ platform, connectTimeoutMs: 1_000 })

    const request = failure(set(transport))
    await asked.promise
    await platform.advance(999)
    expect(sockets[0]?.readableEnded).toBe(false)
    onData = until((socket) => socket.write('+OK\r\n'))
    await platform.advance(1)

    expect(await request).toMatchObject({ reason: 'ETIMEDOUT', applied: 'no', retryable: true })
    await eventually(async () => expect(await set(transport)).toEqual({ result: 'OK' }))
    expect(sockets).toHaveLength(2)
    expect(platform.pendingTimers).toBeLessThan(2)
  })

  test('a subscription is renewed when its server stops answering pings, and only then', async () => {
    const platform = new ManualPlatform()
    const pings: Socket[] = []
    const heard: string[] = []
    let isThere = true
    onData = until((socket) => socket.write('*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n'))
    const hear = onData
    onData = (socket, text) => {
      if (!/ping/i.test(text)) return hear(socket, text)
      pings.push(socket)
      if (isThere) socket.write('*2\r\n$4\r\npong\r\n$0\r\n\r\n')
    }
    connect({ platform, replyTimeoutMs: 1_000 })
    const onMessage = (data: string): void => void heard.push(data)
    await transport.request({ path: ['subscribe', 'news'], isStreaming: true, onMessage })
    const made = sockets.length

    for (let round = 1; round <= 3; round++) {
      await platform.advance(500)
      await eventually(() => expect(pings).toHaveLength(round))
      // The next pause begins only after the answer has been read.
      await eventually(() => expect(platform.pendingTimers).toBe(1))
    }
    expect(heard).toEqual(['subscribe,news,1'])
    isThere = false
    await platform.advance(500)
    await eventually(() => expect(pings).toHaveLength(4))
    await platform.advance(500)

    await eventually(() => expect(pings[3]?.readableEnded).toBe(true))
    await eventually(() => expect(platform.pendingTimers).toBe(1))
    await platform.advance(50)
    await eventually(() => expect(heard).toEqual(['subscribe,news,1', 'subscribe,news,1']))
    expect(sockets).toHaveLength(made + 1)
  })

  test('a connection without a reply for replyTimeoutMs is replaced', async () => {
    const platform = new ManualPlatform()
    const asked = Promise.withResolvers<void>()
    onData = until(() => asked.resolve())
    connect({ platform, replyTimeoutMs: 1_000 })

    const request = failure(set(transport))
    await asked.promise
    await platform.advance(999)
    expect(sockets[0]?.readableEnded).toBe(false)
    await platform.advance(1)

    expect(await request).toMatchObject({ operation: 'SET', applied: 'unknown', retryable: true })
    await eventually(() => expect(sockets).toHaveLength(2))
  })

  test('while a silent connection is being closed, requests wait for the next one', async () => {
    const platform = new ManualPlatform()
    const asked = Promise.withResolvers<void>()
    onData = until((socket) => {
      // The server does not close its side either.
      socket.allowHalfOpen = true
      asked.resolve()
    })
    connect({ platform, replyTimeoutMs: 1_000 })
    const lost = failure(set(transport))
    await asked.promise
    onData = until((socket) => socket.write('+OK\r\n'))
    await platform.advance(1_000)

    expect(await set(transport)).toEqual({ result: 'OK' })

    expect(await lost).toMatchObject({ operation: 'SET', applied: 'unknown' })
    expect(sockets).toHaveLength(2)
  })

  test('a connection that has answered before is replaced after at most 1.25 times replyTimeoutMs', async () => {
    const platform = new ManualPlatform()
    const asked = Promise.withResolvers<void>()
    onData = until((socket) => {
      socket.write('+OK\r\n')
      onData = until(() => asked.resolve())
    })
    connect({ platform, replyTimeoutMs: 1_000 })
    await set(transport)

    const request = failure(set(transport))
    await asked.promise
    await platform.advance(1_250)

    expect(await request).toMatchObject({ operation: 'SET', applied: 'unknown' })
  })

  test.each([
    'READONLY no',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'ERR Error running script (call to f_45e87c07): @user_script:4: @user_script: 4: -READONLY no',
  ])(
    'a connection to a server that has become a replica (%s) is replaced, at most once a second',
    async (error) => {
      const platform = new ManualPlatform()
      const isPrimary = (socket: Socket): boolean => socket === sockets[2]
      onData = until((socket) => socket.write(isPrimary(socket) ? '+OK\r\n' : `-${error}\r\n`))
      const refusal = { error }

      expect(await set(connect({ platform }))).toEqual(refusal)
      await eventually(() => expect(sockets).toHaveLength(2))
      expect([await set(transport), await set(transport)]).toEqual([refusal, refusal])
      await platform.advance(1_000)
      expect(await set(transport)).toEqual(refusal)
      await eventually(() => expect(sockets).toHaveLength(3))

      expect(await set(transport)).toEqual({ result: 'OK' })
      expect(sockets).toHaveLength(3)
    },
  )

  test('when one idle connection finds that its server is a replica, the whole pool is replaced', async () => {
    const isPrimary = (socket: Socket): boolean => sockets.indexOf(socket) >= 2
    onData = (socket, text) => {
      if (/INFO/i.test(text)) socket.write('$9\r\nloading:0\r\n')
      else if (isPrimary(socket)) socket.write('+new\r\n')
      else socket.write(text.includes('GET') ? '+old\r\n' : '-READONLY no\r\n')
    }
    const get = (): Promise<unknown> => transport.request({ body: ['GET', KEY] })
    connect({ platform: new ManualPlatform(), poolSize: 2 })
    expect(await Promise.all([get(), get()])).toEqual([{ result: 'old' }, { result: 'old' }])

    expect(await set(transport)).toEqual({ error: 'READONLY no' })

    // Not on the other connection of the old pool, which is just being closed.
    expect(await set(transport)).toEqual({ result: 'new' })
    await eventually(() => expect(sockets).toHaveLength(4))
    for (let i = 0; i < 4; i++) expect(await get()).toEqual({ result: 'new' })
  })

  test('with `perRequest`, a connection to a replica is not replaced', async () => {
    onData = (socket, text) => socket.write(text.includes('GET') ? '+read\r\n' : '-READONLY no\r\n')

    expect(await set(connect({ perRequest: true }))).toEqual({ error: 'READONLY no' })

    expect(await transport.request({ body: ['GET', KEY] })).toEqual({ result: 'read' })
  })

  test('after a connection was reset, requests wait for the next one, unless that fails', async () => {
    const reset = async (): Promise<unknown> => {
      onData = until((socket) => socket.resetAndDestroy())
      return failure(set(transport))
    }
    connect()
    expect(await reset()).toMatchObject({ reason: 'ECONNRESET', applied: 'unknown' })
    onData = until((socket) => socket.write('+OK\r\n'))
    expect(await set(transport)).toEqual({ result: 'OK' })

    server.close()
    await reset()

    const refused = { reason: 'ECONNREFUSED', applied: 'no' }
    expect(await failure(set(transport))).toMatchObject(refused)
    expect(await failure(set(transport))).toMatchObject(refused)
  })

  test('works again soon after the server is back', async () => {
    onData = until((socket) => socket.write('+OK\r\n'))
    expect(await set(connect())).toEqual({ result: 'OK' })
    const { port } = server.address() as AddressInfo
    server.close()
    for (const socket of sockets) socket.destroy()
    await eventually(async () =>
      expect(await failure(set(transport))).toMatchObject({
        reason: 'ECONNREFUSED',
        applied: 'no',
      }),
    )

    server.listen(port, '127.0.0.1')

    // The pause between attempts is at most 1 s.
    const isBack = async (): Promise<void> => expect(await set(transport)).toEqual({ result: 'OK' })
    await vi.waitFor(isBack, 6_000)
  })

  test('close waits at most 1 s for the server to answer', async () => {
    onData = (socket, text) => {
      if (/INFO/i.test(text)) socket.write('$9\r\nloading:0\r\n')
      else if (text.includes(KEY)) socket.write('+OK\r\n')
    }
    const platform = new ManualPlatform()
    connect({ platform })
    await set(transport)

    const ended = vi.fn()
    const closing = transport.close().then(ended)
    await platform.advance(999)
    expect(ended).not.toHaveBeenCalled()
    await platform.advance(1)

    await closing
    await eventually(() => expect(sockets.every(({ destroyed }) => destroyed)).toBe(true))
  })

  test('close also ends a connection that the server leaves open after its answer to QUIT', async () => {
    onData = until((socket) => socket.write('+OK\r\n'))
    connect()
    await set(transport)
    const ended = Promise.all(sockets.map((socket) => once(socket, 'end')))

    await transport.close()

    await ended
  })

  test('close rejects requests that wait for the pause after a lost connection', async () => {
    const lost = Promise.withResolvers<void>()
    onData = until((socket) => socket.once('close', lost.resolve).end('+OK\r\n'))
    await set(connect())
    await lost.promise
    const waiting = failure(set(transport))

    await transport.close()

    expect(await waiting).toMatchObject({ code: 'ERR_REMOTE', applied: 'no' })
  })

  test('close rejects requests that wait for a connection, and refuses later ones', async () => {
    onData = () => undefined
    const waiting = failure(set(connect()))
    await eventually(() => expect(sockets).toHaveLength(1))

    await transport.close()

    expect(await waiting).toMatchObject({ code: 'ERR_REMOTE', applied: 'no' })
    await expect(set(transport)).rejects.toThrow(ClosedError)
  })
})
