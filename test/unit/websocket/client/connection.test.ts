import { describe, expect, test } from 'vitest'
import { RealtimeClient } from '../../../../src/websocket/client/index.ts'
import { clientBench } from './scripted-server.ts'

const SECOND_MS = 1_000

describe('the connection of a RealtimeClient', () => {
  test('is made to the address of the app, and reports its states', async () => {
    const bench = clientBench()
    expect(bench.client.state).toBe('idle')

    await bench.connect('7.8')

    expect(bench.socket.url).toBe(
      'wss://realtime.test/app/app-key?protocol=7&client=nearcache&version=1.0.0&nearcache=1&client_id=me',
    )
    expect(bench.client.socketId).toBe('7.8')
    expect(bench.changes).toEqual([
      { kind: 'state', state: 'connecting', code: undefined },
      { kind: 'state', state: 'connected', code: undefined },
    ])
  })

  test('requests nothing beyond the protocol if the extensions are off', async () => {
    const bench = clientBench({ extensions: 'off', url: 'http://127.0.0.1:6001/base/' })

    await bench.connect()

    expect(bench.socket.url).toBe(
      'ws://127.0.0.1:6001/base/app/app-key?protocol=7&client=nearcache&version=1.0.0',
    )
  })

  test.each([
    // The waits for a draw of 0 and for one of almost 1: full jitter lies between them.
    [1006, 0, 1_000],
    [1000, 0, 1_000],
    [1001, 0, 1_000],
    [4100, 1_000, 2_000],
    [4150, 1_000, 2_000],
    [4200, 0, 1_000],
    [4201, 0, 1_000],
    [4299, 0, 1_000],
  ])('reconnects after close code %i within the expected time', async (code, soonest, latest) => {
    for (const [random, ms] of [
      [0, soonest],
      [0.999_999, latest],
    ] as const) {
      const bench = clientBench({}, random)
      await bench.connect()
      bench.socket.end(code)
      await bench.platform.advance(0)

      if (ms > 0) {
        expect(bench.client.state).toBe('waiting')
        await bench.platform.advance(ms - 2)
        expect(bench.sockets).toHaveLength(1)
        await bench.platform.advance(2)
      }
      expect(bench.sockets).toHaveLength(2)
      expect(bench.client.state).toBe('connecting')
    }
  })

  test.each([4000, 4001, 4003, 4004, 4006, 4007, 4009, 4099, 4300, 4301, 4999])(
    'does not reconnect by itself after close code %i',
    async (code) => {
      const bench = clientBench()
      await bench.connect()

      bench.socket.end(code)
      await bench.platform.advance(3_600 * SECOND_MS)

      expect(bench.client.state).toBe('refused')
      expect(bench.changes.at(-1)).toEqual({ kind: 'state', state: 'refused', code })
      expect(bench.sockets).toHaveLength(1)
      expect(bench.platform.pendingTimers).toBe(0)
      await bench.connect('1.2')
      expect(bench.client.state).toBe('connected')
    },
  )

  test('waits longer after each failure, up to the cap, and starts again after a good connection', async () => {
    const bench = clientBench({}, 0.999_999)
    bench.client.connect()
    const waits: number[] = []
    const fail = async (): Promise<void> => {
      const [before, startedAt] = [bench.sockets.length, bench.platform.now()]
      bench.socket.end(1006)
      while (bench.sockets.length === before) await bench.platform.advance(SECOND_MS)
      waits.push((bench.platform.now() - startedAt) / SECOND_MS)
    }
    for (let i = 0; i < 7; i++) await fail()
    bench.socket.establish('1.1')
    await bench.platform.advance(9 * SECOND_MS)
    await fail()
    bench.socket.establish('1.2')
    await bench.platform.advance(10 * SECOND_MS)
    await fail()

    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 1])
  })

  test('a server that moves a client repeatedly is not called at once each time', async () => {
    const bench = clientBench({}, 0.999_999)
    await bench.connect()
    const startedAt = bench.platform.now()

    for (let i = 0; i < 4; i++) await bench.reconnect(`1.${i}`, 4200)

    expect(bench.platform.now() - startedAt).toBeGreaterThanOrEqual(14 * SECOND_MS)
  })

  test('connect during a wait connects at once', async () => {
    const bench = clientBench()
    await bench.connect()
    bench.socket.end(1006)
    await bench.platform.advance(0)
    expect(bench.client.state).toBe('waiting')

    bench.client.connect()
    await bench.platform.advance(0)

    expect(bench.sockets).toHaveLength(2)
  })

  test('disconnect ends it permanently, and leaves no timer behind', async () => {
    const bench = clientBench()
    await bench.connect()

    bench.client.disconnect()
    await bench.platform.advance(600 * SECOND_MS)

    expect(bench.client.state).toBe('idle')
    expect(bench.socket.closedWith).toBe(1000)
    expect(bench.sockets).toHaveLength(1)
    expect(bench.platform.pendingTimers).toBe(0)
    await bench.platform.settle()
    await bench.connect('1.2')
    expect(bench.client.socketId).toBe('1.2')
  })

  test.each([
    ['connecting', 0],
    ['connected', 1],
    ['waiting', 1],
  ] as const)('disconnect by a listener of the state %s ends it', async (state, sockets) => {
    const asked: unknown[] = []
    const authorizeUser = async (request: unknown) => {
      asked.push(request)
      return { auth: '', user_data: '' }
    }
    const bench = clientBench({ authorizeUser })
    void bench.client.signIn()
    bench.client.watch((change) => {
      if (change.kind === 'state' && change.state === state) bench.client.disconnect()
    })

    bench.client.connect()
    if (state === 'waiting') bench.sockets[0]?.end(1006)
    bench.sockets[0]?.establish('1.1')
    await bench.platform.advance(600 * SECOND_MS)

    expect([bench.client.state, bench.sockets.length, asked]).toEqual(['idle', sockets, []])
    expect(bench.platform.pendingTimers).toBe(0)
  })

  test('a socket that cannot be made, and one that is never answered, are tried again', async () => {
    let made = 0
    class Never {
      constructor() {
        made++
        if (made === 1) throw new SyntaxError('no such address')
      }
      addEventListener(): void {}
      send(): void {}
      close(): void {}
    }
    const bench = clientBench({ WebSocket: Never as never })
    bench.client.connect()

    await bench.platform.advance(SECOND_MS)
    expect(made).toBe(2)
    await bench.platform.advance(12 * SECOND_MS)

    expect(made).toBe(3)
    bench.client.disconnect()
  })

  describe('pings', () => {
    const PING = '{"event":"pusher:ping","data":{}}'

    test.each([
      ['the client asks for less', { activityTimeoutMs: 20_000 }, 120, 20],
      ['the server asks for less', { activityTimeoutMs: 60_000 }, 5, 5],
    ])(
      'are sent exactly after the time of silence, where %s',
      async (_who, options, activityTimeout, seconds) => {
        const bench = clientBench(options)
        bench.client.connect()
        await bench.platform.advance(0)
        bench.socket.establish('1.1', activityTimeout)

        await bench.platform.advance(seconds * SECOND_MS - 1)
        expect(bench.socket.texts).toEqual([])
        await bench.platform.advance(1)

        expect(bench.socket.texts).toEqual([PING])
      },
    )

    test('are not sent while the server sends frames, and an answer keeps the connection alive', async () => {
      const bench = clientBench({ activityTimeoutMs: 10_000 })
      await bench.connect()
      for (let i = 0; i < 10; i++) {
        await bench.platform.advance(9 * SECOND_MS)
        bench.socket.say({ event: 'news', channel: 'room' })
      }
      expect(bench.socket.texts).toEqual([])

      await bench.platform.advance(10 * SECOND_MS)
      bench.socket.say({ event: 'pusher:pong' })
      await bench.platform.advance(39 * SECOND_MS)

      expect(bench.socket.texts.length).toBeGreaterThanOrEqual(2)
      expect(bench.socket.closedWith).toBeUndefined()
    })

    test('without an answer end the connection without waiting for its close event', async () => {
      const bench = clientBench({ activityTimeoutMs: 10_000, pongTimeoutMs: 5_000 })
      await bench.connect()

      await bench.platform.advance(15 * SECOND_MS - 1)
      expect(bench.client.state).toBe('connected')
      await bench.platform.advance(1)

      expect(bench.sockets[0]?.closedWith).toBe(4201)
      expect(bench.client.state).toBe('waiting')
      await bench.platform.advance(SECOND_MS)
      expect(bench.sockets).toHaveLength(2)
    })

    test('of the server are answered', async () => {
      const bench = clientBench()
      await bench.connect()

      bench.socket.say({ event: 'pusher:ping' })

      expect(bench.socket.texts).toEqual(['{"event":"pusher:pong","data":{}}'])
    })
  })

  test('events of a socket after its end are ignored', async () => {
    const bench = clientBench()
    const heard: unknown[] = []
    bench.client.subscribe('room').on('news', (data) => heard.push(data))
    const old = await bench.connect()
    await bench.reconnect('1.2')

    old.say({ event: 'news', channel: 'room', data: 1 })
    old.end(4001)
    bench.socket.say({ event: 'news', channel: 'room', data: 2 })

    expect(heard).toEqual([2])
    expect(bench.client.state).toBe('connected')
  })

  test.each([
    ['url', { url: 'realtime.test' }],
    ['url', { url: '' }],
    ['key', { key: '' }],
    ['clientId', { clientId: 'a b' }],
    ['activityTimeoutMs', { activityTimeoutMs: 0 }],
    ['pongTimeoutMs', { pongTimeoutMs: Number.NaN }],
    ['connectTimeoutMs', { connectTimeoutMs: 3e9 }],
    ['reconnect.capMs', { reconnect: { baseMs: 1, capMs: 0 } }],
  ])('refuses a bad %s', (option, options) => {
    const good = { url: 'wss://realtime.test', key: 'k', WebSocket: class {} as never }

    expect(() => new RealtimeClient({ ...good, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', option }),
    )
  })
})
