import { Redis } from '@upstash/redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { type TcpOptions, tcpTransport } from '../../src/redis/tcp/index.ts'
import { eventually } from '../support/eventually.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { findRedisServer, startRedisServer } from '../support/redis-server.ts'
import { describeWithRedis } from '../support/with-redis.ts'

describeWithRedis('the tcp transport, subscribed,', () => {
  let server: Awaited<ReturnType<typeof startRedisServer>>
  let transport: Transport
  let heard: string[]

  beforeEach(async () => {
    server = await startRedisServer()
    transport = tcpTransport({ url: server.url })
    heard = []
  })

  afterEach(async () => {
    await transport.close()
    await server.stop()
  })

  function subscribe(
    path: string[],
    signal?: AbortSignal,
    onMessage = (data: string): void => void heard.push(data),
  ): Promise<unknown> {
    return transport.request({ path, isStreaming: true, onMessage, ...(signal && { signal }) })
  }

  const publish = async (channel: string, text: string): Promise<unknown> =>
    (await transport.request({ body: ['PUBLISH', channel, text] })).result

  test('receives messages published after the request has resolved', async () => {
    expect(await subscribe(['subscribe', 'news'])).toEqual({ result: 1 })

    expect(await publish('news', 'one, two')).toBe(1)

    await eventually(() => expect(heard).toEqual(['subscribe,news,1', 'message,news,one, two']))
  })

  test('receives messages of channels that match a pattern', async () => {
    await subscribe(['psubscribe', 'n*'])
    await publish('news', 'one')

    await eventually(() => expect(heard).toContain('pmessage,n*,news,one'))
  })

  test('receives messages again after its connection was lost, and reports the gap', async () => {
    await subscribe(['subscribe', 'news'])
    await transport.request({ body: ['CLIENT', 'KILL', 'TYPE', 'pubsub'] })

    await eventually(() => expect(heard).toEqual(['subscribe,news,1', 'subscribe,news,1']))
    await publish('news', 'after')

    await eventually(() => expect(heard).toContain('message,news,after'))
  })

  test('ends when its signal is aborted, and when the transport is closed', async () => {
    const controller = new AbortController()
    const observer = tcpTransport({ url: server.url })
    const listeners = async (): Promise<unknown> =>
      (await observer.request({ body: ['PUBSUB', 'NUMSUB', 'one', 'two'] })).result
    await subscribe(['subscribe', 'one'], controller.signal)
    await subscribe(['subscribe', 'two'])
    expect(await listeners()).toEqual(['one', 1, 'two', 1])

    controller.abort()
    await eventually(async () => expect(await listeners()).toEqual(['one', 0, 'two', 1]))
    await transport.close()

    await eventually(async () => expect(await listeners()).toEqual(['one', 0, 'two', 0]))
    await observer.close()
  })

  test('ends when its listener throws, without ending the process', async () => {
    await subscribe(['subscribe', 'news'], undefined, () => {
      throw new Error('of the listener')
    })

    await eventually(async () => expect(await publish('news', 'one')).toBe(0))
  })

  test('ends when the promise of its listener rejects, without ending the process', async () => {
    await subscribe(['subscribe', 'news'], undefined, async () => {
      throw new Error('of the listener')
    })

    await eventually(async () => expect(await publish('news', 'one')).toBe(0))
  })

  test('rejects at once if there is no server', async () => {
    const nowhere = tcpTransport({ host: '127.0.0.1', port: 1 })

    const request = nowhere.request({ path: ['subscribe', 'news'], isStreaming: true })

    await expect(request).rejects.toMatchObject({ reason: 'ECONNREFUSED', applied: 'no' })
    await nowhere.close()
  })

  test('serves the subscriptions of @upstash/redis', async () => {
    const subscriber = new Redis(transport).subscribe<{ n: number }>('news')
    const received = vi.fn()
    subscriber.on('message', received)
    await eventually(async () => expect(await publish('news', '{"n":1}')).toBe(1))

    await eventually(() =>
      expect(received).toHaveBeenCalledWith({ channel: 'news', message: { n: 1 } }),
    )
    await subscriber.unsubscribe()
    await eventually(async () => expect(await publish('news', '{"n":2}')).toBe(0))
  })
})

const USER = 'app on >secret ~* &* +@all'.split(' ')

/** A server or a cluster: its address, and admin access to all its nodes. */
interface Place {
  readonly options: TcpOptions
  toAll(...command: [string, ...string[]]): Promise<unknown[]>
  stop(): Promise<void>
}

async function startOne(): Promise<Place> {
  const server = await startRedisServer(['--user', ...USER])
  const admin = tcpTransport({ url: server.url })
  return {
    options: { host: '127.0.0.1', port: server.port },
    toAll: async (...body) => [(await admin.request({ body })).result],
    async stop() {
      await admin.close()
      await server.stop()
    },
  }
}

async function startThree(): Promise<Place> {
  const cluster = await startRedisCluster(findRedisServer() ?? '', { args: ['--user', ...USER] })
  return {
    options: { cluster: { nodes: cluster.nodes } },
    toAll: (...command) => Promise.all(cluster.nodes.map((_, i) => cluster.send(i, ...command))),
    stop: cluster.stop,
  }
}

describeWithRedis('a subscription of an ACL user', () => {
  describe.each([
    ['one server', startOne],
    ['a cluster', startThree],
  ])('on %s', (_name, start) => {
    let place: Place
    let transport: Transport
    let heard: string[]

    beforeAll(async () => {
      place = await start()
    }, 30_000)
    afterAll(() => place.stop())

    beforeEach(async () => {
      await place.toAll('ACL', 'SETUSER', ...USER)
      transport = tcpTransport({ ...place.options, username: 'app', password: 'secret' })
      heard = []
      const onMessage = (data: string): void => void heard.push(data)
      await transport.request({ path: ['subscribe', 'news'], isStreaming: true, onMessage })
      heard = []
    })
    afterEach(() => transport.close())

    /** Expects that the subscription is renewed, after the given earlier messages. */
    const hearsAgain = async (...before: string[]): Promise<void> => {
      await eventually(() => expect(heard).toEqual([...before, 'subscribe,news,1']))
      await place.toAll('PUBLISH', 'news', 'after')
      await eventually(() => expect(heard[before.length + 1]).toBe('message,news,after'))
    }
    const listeners = async (): Promise<number> => {
      const counts = (await place.toAll('PUBSUB', 'NUMSUB', 'news')) as [string, number][]
      return counts.reduce((sum, [, count]) => sum + count, 0)
    }
    const connections = async (): Promise<number> => {
      const infos = await place.toAll('INFO', 'stats')
      const counts = infos.map((info) => /total_connections_received:(\d+)/.exec(String(info))?.[1])
      return counts.reduce((sum, count) => sum + Number(count), 0)
    }

    test('reports the gap when its connection was killed', async () => {
      await place.toAll('CLIENT', 'KILL', 'TYPE', 'pubsub')

      await hearsAgain()
      expect(await listeners()).toBe(1)
    })

    test('reports the loss of its channel permission, and continues when it gets it back', async () => {
      await place.toAll('ACL', 'SETUSER', 'app', 'resetchannels')
      await eventually(async () => expect(await refusals(place)).toBeGreaterThan(0))
      await eventually(() => expect(heard).toEqual(['unsubscribe,news,0']))
      expect(await listeners()).toBe(0)

      await place.toAll('ACL', 'SETUSER', 'app', '&news')

      await hearsAgain('unsubscribe,news,0')
      expect(await listeners()).toBe(1)
    })

    test('continues when its deleted user is created again, and retries with pauses until then', async () => {
      await place.toAll('ACL', 'DELUSER', 'app')
      await eventually(async () => expect(await listeners()).toBe(0))
      const before = await connections()
      for (let i = 0; i < 1_000; i++) await place.toAll('PING')
      // Command connections are also retried. Without pauses there would be hundreds of connections.
      expect((await connections()) - before).toBeLessThan(40)

      await place.toAll('ACL', 'SETUSER', ...USER)

      await hearsAgain('unsubscribe,news,0')
      expect(await listeners()).toBe(1)
    })
  })

  /** How often a client asked for a channel that it may not use. */
  async function refusals(place: Place): Promise<number> {
    const logs = (await place.toAll('ACL', 'LOG')) as string[][][]
    return logs.flat().filter((entry) => entry.includes('channel')).length
  }
})
