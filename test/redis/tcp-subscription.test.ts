import { Redis } from '@upstash/redis'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Transport } from '../../src/redis/requester.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { eventually } from '../support/eventually.ts'
import { startRedisServer } from '../support/redis-server.ts'
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

  test('hears what is published after the request resolved', async () => {
    expect(await subscribe(['subscribe', 'news'])).toEqual({ result: 1 })

    expect(await publish('news', 'one, two')).toBe(1)

    await eventually(() => expect(heard).toEqual(['subscribe,news,1', 'message,news,one, two']))
  })

  test('hears channels by pattern', async () => {
    await subscribe(['psubscribe', 'n*'])
    await publish('news', 'one')

    await eventually(() => expect(heard).toContain('pmessage,n*,news,one'))
  })

  test('hears again after its connection was lost, and tells of the gap', async () => {
    await subscribe(['subscribe', 'news'])
    await transport.request({ body: ['CLIENT', 'KILL', 'TYPE', 'pubsub'] })

    await eventually(() => expect(heard).toEqual(['subscribe,news,1', 'subscribe,news,1']))
    await publish('news', 'after')

    await eventually(() => expect(heard).toContain('message,news,after'))
  })

  test('ends with its signal, and with the transport', async () => {
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

  test('ends when its listener throws, instead of the process', async () => {
    await subscribe(['subscribe', 'news'], undefined, () => {
      throw new Error('of the listener')
    })

    await eventually(async () => expect(await publish('news', 'one')).toBe(0))
  })

  test('fails at once when there is no server', async () => {
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
