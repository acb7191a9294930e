import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BridgeLimits, bridge } from '../../../src/bridge/index.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'

const HEADERS = { authorization: 'Bearer token', accept: 'text/event-stream' }

describe('subscriptions through the bridge', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let transport: Transport
  let ended: AbortController

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    transport = embeddedTransport({ engine })
    ended = new AbortController()
  })

  afterEach(() => transport.close())

  function serve(limits: BridgeLimits = {}) {
    const { signal } = ended
    const app = bridge({ platform, signal, ...limits, redis: transport, token: 'token' })
    const subscribe = (path: string) => app.request(path, { method: 'POST', headers: HEADERS })
    return { app, subscribe }
  }

  function publish(channel: string, message: string): void {
    engine.execute(['PUBLISH', channel, message])
  }

  function listeners(): unknown {
    return engine.execute(['PUBSUB', 'NUMSUB', 'chat']).result
  }

  /** Reads the stream chunk by chunk. */
  async function reader(response: Response) {
    const chunks = response.body?.getReader()
    if (!chunks) throw new Error('there is no body')
    const decoder = new TextDecoder()
    return {
      async next(): Promise<string | undefined> {
        const { value, done } = await chunks.read()
        return done ? undefined : decoder.decode(value)
      },
      cancel: () => chunks.cancel(),
    }
  }

  test('every subscriber of a channel, or of a pattern that matches it, gets its messages', async () => {
    const { subscribe } = serve()
    const first = await reader(await subscribe('/subscribe/chat'))
    const second = await reader(await subscribe('/SUBSCRIBE/chat'))
    const third = await reader(await subscribe('/psubscribe/ch*'))

    publish('chat', 'hello, world')

    expect([await first.next(), await first.next()]).toEqual([
      'data: subscribe,chat,1\n\n',
      'data: message,chat,hello, world\n\n',
    ])
    expect([await second.next(), await second.next()]).toEqual([
      'data: subscribe,chat,1\n\n',
      'data: message,chat,hello, world\n\n',
    ])
    expect([await third.next(), await third.next()]).toEqual([
      'data: psubscribe,ch*,1\n\n',
      'data: pmessage,ch*,chat,hello, world\n\n',
    ])
  })

  test('the response is an event stream with no-store', async () => {
    const response = await serve().subscribe('/subscribe/chat')

    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    await response.body?.cancel()
  })

  test('a message with several lines is one event', async () => {
    const events = await reader(await serve().subscribe('/subscribe/chat'))
    publish('chat', 'one\ntwo\r\nthree')

    await events.next()
    expect(await events.next()).toBe('data: message,chat,one\ndata: two\ndata: three\n\n')
  })

  test('a channel may have any name, percent-encoded', async () => {
    const events = await reader(await serve().subscribe('/subscribe/a%2Fb%2C%20%C3%A9'))
    publish('a/b, \u00e9', 'm')

    expect(await events.next()).toBe('data: subscribe,a/b, \u00e9,1\n\n')
    expect(await events.next()).toBe('data: message,a/b, \u00e9,m\n\n')
  })

  test('a client that disconnects leaves no subscription and no open stream', async () => {
    const { app, subscribe } = serve()
    const events = await reader(await subscribe('/subscribe/chat'))
    expect(listeners()).toEqual(['chat', 1])

    await events.cancel()

    expect(listeners()).toEqual(['chat', 0])
    const metrics = await (await app.request('/metrics', { headers: HEADERS })).text()
    expect(metrics).toContain('\nnearcache_bridge_streams 0\n')
  })

  test('HEAD is refused: nobody would read or end its stream', async () => {
    const { app } = serve()

    const response = await app.request('/subscribe/chat', { method: 'HEAD', headers: HEADERS })

    expect(response.status).toBe(400)
    expect(listeners()).toEqual(['chat', 0])
  })

  test('an idle stream gets comments as a heartbeat', async () => {
    const events = await reader(await serve({ heartbeatMs: 1_000 }).subscribe('/subscribe/chat'))
    await events.next()

    await platform.advance(1_000)
    expect(await events.next()).toBe(': still here\n\n')
    await platform.advance(1_000)
    expect(await events.next()).toBe(': still here\n\n')
  })

  test('streams end when the bridge ends, and new ones are refused', async () => {
    const { app, subscribe } = serve()
    const events = await reader(await subscribe('/subscribe/chat'))
    await events.next()

    ended.abort()

    expect(await events.next()).toBeUndefined()
    expect(listeners()).toEqual(['chat', 0])
    expect((await subscribe('/subscribe/chat')).status).toBe(503)
    expect((await app.request('/health')).status).toBe(503)
  })

  test('more than `maxStreams` concurrent streams are refused with 429', async () => {
    const { subscribe } = serve({ maxStreams: 1 })
    const events = await reader(await subscribe('/subscribe/chat'))

    const refused = await subscribe('/subscribe/chat')
    await events.cancel()
    const admitted = await subscribe('/subscribe/chat')

    expect([refused.status, await refused.json()]).toEqual([
      429,
      { error: 'ERR max concurrent connections exceeded' },
    ])
    expect(admitted.status).toBe(200)
    await admitted.body?.cancel()
  })

  test('a client that reads too slowly is disconnected, and its backlog discarded', async () => {
    const events = await reader(await serve().subscribe('/subscribe/chat'))
    for (let i = 0; i < 10; i++) publish('chat', 'x'.repeat(1_000_000))
    await eventually(() => expect(listeners()).toEqual(['chat', 0]))

    await expect(events.next()).rejects.toThrow('reads too slowly')
  })

  test('a subscription that fails is answered with 503 and leaves no open stream', async () => {
    const { app, subscribe } = serve()
    await transport.close()

    expect((await subscribe('/subscribe/chat')).status).toBe(503)

    const metrics = await (await app.request('/metrics', { headers: HEADERS })).text()
    expect(metrics).toContain('\nnearcache_bridge_streams 0\n')
  })
})
