import { describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type RealtimeApi, WebSocketCache } from '../../../src/websocket/index.ts'
import { requestProblem } from '../../../src/websocket/protocol/request-signature.ts'

const CREDENTIALS = { key: 'app-key', secret: 'app-secret-0123456789' }
const API = { url: 'https://realtime.test/base/', appId: '7', ...CREDENTIALS }

interface Sent {
  readonly url: URL
  readonly body: string
}

describe('publish', () => {
  const platform = new ManualPlatform()
  const make = (fetch: RealtimeApi['fetch'], api = {}): WebSocketCache =>
    new WebSocketCache({
      redis: embeddedTransport(),
      platform,
      api: { ...API, ...(fetch && { fetch }), ...api },
    })

  /** A server that records requests, and answers. */
  function server(answer: () => Response | Promise<Response>) {
    const sent: Sent[] = []
    const fetch = (async (url: URL, { body }: { body: string }) => {
      sent.push({ url, body })
      return answer()
    }) as unknown as NonNullable<RealtimeApi['fetch']>
    return { sent, fetch }
  }

  test('signs an event so that a server of the protocol accepts it', async () => {
    const { sent, fetch } = server(() => Response.json({}))

    await make(fetch).publish('room', 'message', { text: 'ä 🙂' }, { socketId: '1.2' })

    const [{ url, body }] = sent as [Sent]
    const query = Object.fromEntries(url.searchParams)
    const request = { method: 'POST', path: '/base/apps/7/events', query, body }
    expect(url.origin + url.pathname).toBe('https://realtime.test/base/apps/7/events')
    expect(requestProblem(CREDENTIALS, request, platform.now())).toBeUndefined()
    expect(requestProblem({ ...CREDENTIALS, secret: 'x' }, request, platform.now())).toBe(
      'auth_signature is not the signature of this request',
    )
    expect(JSON.parse(body)).toEqual({
      ...{ name: 'message', channels: ['room'], data: '{"text":"ä 🙂"}', socket_id: '1.2' },
    })
  })

  test('returns the requested attributes of the channels', async () => {
    const channels = { 'presence-a': { user_count: 3 }, b: { subscription_count: 4 }, c: null }
    const { sent, fetch } = server(() => Response.json({ channels }))

    const told = await make(fetch).publish(['presence-a', 'b', 'c'], 'e', null, {
      info: ['user_count', 'subscription_count'],
    })

    expect(JSON.parse(sent[0]?.body ?? '').info).toBe('user_count,subscription_count')
    expect(Object.fromEntries(told)).toEqual({
      'presence-a': { userCount: 3, subscriptionCount: undefined },
      b: { userCount: undefined, subscriptionCount: 4 },
      c: { userCount: undefined, subscriptionCount: undefined },
    })
  })

  test.each([
    [401, 'no'],
    [413, 'no'],
    [500, 'unknown'],
    [503, 'unknown'],
  ])('says why the event was not accepted: HTTP %i', async (status, applied) => {
    const { fetch } = server(() => new Response('app-secret', { status }))

    const error = await make(fetch)
      .publish('room', 'message', 'SENTINEL')
      .catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'ERR_PUBLISH', reason: `HTTP ${status}`, status, applied })
    expect(String(error)).not.toMatch(/SENTINEL|secret|room/)
  })

  test('says why the event was not accepted also if the connection breaks before the body', async () => {
    const broken = new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) })
    const { fetch } = server(() => new Response(broken, { status: 502 }))

    const publishing = make(fetch).publish('room', 'message', 1)

    await expect(publishing).rejects.toMatchObject({ reason: 'HTTP 502', applied: 'unknown' })
  })

  test('never waits longer than its timeout, and says that the event may have been delivered', async () => {
    const { fetch } = server(() => Promise.withResolvers<Response>().promise)
    const publishing = make(fetch, { timeout: '3s' }).publish('room', 'message', 1)
    const outcome = publishing.catch((reason: unknown) => reason)

    await platform.advance(3_000)

    expect(await outcome).toMatchObject({ reason: 'timeout', applied: 'unknown' })
  })

  test('a network failure and a malformed answer have errors of their own', async () => {
    const broken = server(() => Promise.reject(new TypeError('https://realtime.test refused')))
    const odd = server(() => new Response('<html>'))

    const errors = [broken, odd].map(({ fetch }) =>
      make(fetch)
        .publish('room', 'message', 1)
        .catch((reason: unknown) => reason),
    )

    expect(await errors[0]).toMatchObject({ reason: 'network', status: undefined })
    expect(String(await errors[0])).not.toContain('realtime.test')
    expect(await errors[1]).toMatchObject({ reason: 'malformed answer', status: 200 })
  })
})
