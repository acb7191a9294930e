import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import Pusher from 'pusher'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createApps } from '../../../../src/websocket/protocol/app.ts'
import { realtimeApi } from '../../../../src/websocket/protocol/realtime-api.ts'
import { signedQuery } from '../../../../src/websocket/protocol/request-signature.ts'
import { MemoryPort } from './memory-port.ts'

const NOW = Date.UTC(2026, 0, 1)
const SECRET = 'a-secret-of-apps'
const apps = createApps([
  { id: '1', key: 'key', secret: SECRET },
  { id: '2', key: 'off', secret: SECRET, enabled: false },
  { id: '3', key: 'tls', secret: SECRET, requireTls: true },
])
const occupants = {
  news: ['a', 'b', 'c'],
  'presence-room': ['ada', 'ada', 'bob'],
  'cache-score': [],
}

let port: MemoryPort
let errors: unknown[]

beforeEach(() => {
  port = new MemoryPort(occupants)
  errors = []
})

interface Sent {
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly app?: string
  readonly now?: number
  readonly origin?: string
}

async function send(method: string, path: string, sent: Sent = {}): Promise<Response> {
  const { query = {}, body, app = '1', now = NOW, origin = 'http://realtime.example' } = sent
  const onError = (error: unknown): void => {
    errors.push(error)
    throw new Error('the log is full')
  }
  const api = realtimeApi({ apps, port, now: () => NOW, onError })
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const full = `/apps/${app}${path}`
  const credentials = { key: apps.byId(app)?.key ?? 'key', secret: SECRET }
  const signed = signedQuery(credentials, { method, path: full, query, body: text }, now)
  return api.request(`${origin}${full}?${signed}`, {
    method,
    ...(text === '' ? {} : { body: text }),
  })
}

const event = { name: 'greeting', data: '{"text":"hello"}', channels: ['news'] }

describe('POST /events', () => {
  test('publishes to every channel, each once, without the connection that sent it', async () => {
    const body = { ...event, channels: ['news', 'presence-room', 'news'], socket_id: '1.2' }
    const response = await send('POST', '/events', { body })

    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({})
    expect(port.published).toEqual([
      {
        app: '1',
        publication: {
          event: 'greeting',
          data: event.data,
          channels: ['news', 'presence-room'],
          except: '1.2',
          info: [],
        },
      },
    ])
  })

  test('answers with the requested attributes of the channels', async () => {
    const channels = ['news', 'presence-room']
    const body = { ...event, channels, info: 'user_count,subscription_count' }

    expect(await (await send('POST', '/events', { body })).json()).toEqual({
      channels: {
        news: { subscription_count: 3 },
        'presence-room': { user_count: 2, subscription_count: 3 },
      },
    })
  })

  test('accepts the channel of a user', async () => {
    const body = { ...event, channels: undefined, channel: '#server-to-user-ada lovelace' }
    await send('POST', '/events', { body })

    expect(port.published[0]?.publication.channels).toEqual(['#server-to-user-ada lovelace'])
  })

  test.each<[number, unknown]>([
    [400, 'text'],
    [400, '[]'],
    [400, { ...event, name: '' }],
    [400, { ...event, name: 7 }],
    [400, { ...event, name: 'x'.repeat(201) }],
    [400, { ...event, name: 'pusher:connection_established' }],
    [400, { ...event, name: 'pusher_internal:member_added' }],
    [400, { ...event, name: 'nearcache:resumed' }],
    [400, { ...event, data: { text: 'hello' } }],
    [400, { ...event, data: undefined }],
    [413, { ...event, data: 'é'.repeat(5_121) }],
    [413, { ...event, data: 'x'.repeat(1_000_000) }],
    [400, { ...event, channels: [] }],
    [400, { ...event, channels: 'news' }],
    [400, { ...event, channels: ['a b'] }],
    [400, { ...event, channels: [null] }],
    [400, { ...event, channels: Array.from({ length: 101 }, (_, i) => `c${i}`) }],
    [400, { ...event, channels: undefined }],
    [400, { ...event, socket_id: '1' }],
    [400, { ...event, socket_id: 1.2 }],
    [400, { ...event, info: 'cache' }],
    [400, { ...event, info: ['user_count'] }],
  ])('answers %i to an event that cannot be published (%#)', async (status, body) => {
    const response = await send('POST', '/events', { body })

    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.text()).not.toContain('hello')
    expect(port.published).toEqual([])
  })

  test('accepts data of the full size, and refuses a body that is not UTF-8', async () => {
    const body = { ...event, data: 'é'.repeat(5_120) }
    const api = realtimeApi({ apps, port, now: () => NOW })
    const bytes = new Uint8Array([0xff, 0xfe])

    expect((await send('POST', '/events', { body })).status).toBe(200)
    expect((await api.request('/apps/1/events', { method: 'POST', body: bytes })).status).toBe(400)
  })
})

describe('POST /batch_events', () => {
  const one = { channel: 'news', name: 'a', data: '1' }

  test('publishes in order, and answers by position if attributes are requested', async () => {
    const batch = [one, { ...one, channel: 'presence-room', info: 'user_count' }]
    const response = await send('POST', '/batch_events', { body: { batch } })

    expect(await response.json()).toEqual({ batch: [{}, { user_count: 2 }] })
    expect(port.published.map(({ publication }) => publication.channels)).toEqual([
      ['news'],
      ['presence-room'],
    ])
  })

  test('answers an empty object if no attributes are requested', async () => {
    const response = await send('POST', '/batch_events', { body: { batch: [one] } })

    expect(await response.json()).toEqual({})
  })

  test.each<[number, unknown]>([
    [400, {}],
    [400, { batch: [] }],
    [400, { batch: [7] }],
    [400, { batch: Array.from({ length: 11 }, () => one) }],
    [400, { batch: [one, { ...one, channel: undefined }] }],
    [413, { batch: [one, { ...one, data: 'x'.repeat(10_241) }] }],
  ])(
    'answers %i and publishes none of a batch that is wrong anywhere (%#)',
    async (status, body) => {
      expect((await send('POST', '/batch_events', { body })).status).toBe(status)
      expect(port.published).toEqual([])
    },
  )
})

describe('GET /channels', () => {
  test('lists channels by prefix, with counts where they are asked for', async () => {
    const query = { filter_by_prefix: 'presence-', info: 'user_count' }

    expect(await (await send('GET', '/channels', { query })).json()).toEqual({
      channels: { 'presence-room': { user_count: 2 } },
    })
    expect(await (await send('GET', '/channels')).json()).toEqual({
      channels: { news: {}, 'presence-room': {}, 'cache-score': {} },
    })
  })

  test('counts no users of channels that have none', async () => {
    const response = await send('GET', '/channels', { query: { info: 'user_count' } })

    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ field: 'info' })
  })
})

describe('GET /channels/{name}', () => {
  test('returns whether a channel is occupied, and the requested attributes', async () => {
    const query = { info: 'user_count,subscription_count' }

    expect(await (await send('GET', '/channels/presence-room', { query })).json()).toEqual({
      occupied: true,
      user_count: 2,
      subscription_count: 3,
    })
    expect(await (await send('GET', '/channels/empty')).json()).toEqual({ occupied: false })
  })

  test('returns the last event of a cache channel, with whole seconds to live', async () => {
    const query = { info: 'cache' }
    const before = await (await send('GET', '/channels/cache-score', { query })).json()
    await send('POST', '/events', { body: { ...event, channels: ['cache-score'] } })
    const after = await (await send('GET', '/channels/cache-score', { query })).json()

    expect(before).toEqual({ occupied: false })
    expect(after).toEqual({ occupied: false, cache: { data: event.data, ttl: 1_800 } })
  })

  test.each([
    ['/channels/news', 'user_count'],
    ['/channels/news', 'cache'],
    ['/channels/presence-room', 'cache'],
    ['/channels/news', 'colour'],
  ])('refuses to return for %s its %s', async (path, info) => {
    expect((await send('GET', path, { query: { info } })).status).toBe(400)
  })

  test('refuses a name that no channel can have', async () => {
    expect((await send('GET', '/channels/a%20b')).status).toBe(400)
  })
})

describe('GET /channels/{name}/users', () => {
  test('lists the users of a presence channel, each once', async () => {
    expect(await (await send('GET', '/channels/presence-room/users')).json()).toEqual({
      users: [{ id: 'ada' }, { id: 'bob' }],
    })
    expect((await send('GET', '/channels/news/users')).status).toBe(400)
  })
})

describe('POST /users/{id}/terminate_connections', () => {
  test('terminates a user by its decoded id', async () => {
    const response = await send('POST', '/users/ada%20l/terminate_connections', { body: {} })

    expect(await response.json()).toEqual({})
    expect(port.terminated).toEqual(['ada l'])
    expect((await send('POST', `/users/${'u'.repeat(129)}/terminate_connections`)).status).toBe(400)
  })
})

describe('every request', () => {
  test('is refused by the first check that fails: the app, its state, the transport, the signature', async () => {
    const statuses = await Promise.all([
      send('GET', '/channels', { app: '9' }),
      send('GET', '/channels', { app: '2' }),
      send('GET', '/channels', { app: '3' }),
      send('GET', '/channels', { app: '3', origin: 'https://realtime.example' }),
      send('GET', '/channels', { now: NOW - 601_000 }),
      send('GET', '/nothing'),
      send('DELETE', '/channels'),
    ])

    expect(statuses.map(({ status }) => status)).toEqual([404, 403, 403, 200, 401, 404, 404])
  })

  test('is refused without a signature, and with a parameter that was added or given twice', async () => {
    const api = realtimeApi({ apps, port, now: () => NOW })
    const request = { method: 'GET', path: '/apps/1/channels', query: {}, body: '' }
    const query = signedQuery({ key: 'key', secret: SECRET }, request, NOW)
    const ask = async (url: string): Promise<number> => (await api.request(url)).status

    expect(await ask('/apps/1/channels')).toBe(401)
    expect(await ask(`/apps/1/channels?${query}`)).toBe(200)
    expect(await ask(`/apps/1/channels?${query}&info=subscription_count`)).toBe(401)
    expect(await ask(`/apps/1/channels?${query}&auth_key=key`)).toBe(400)
  })

  test('may come from any origin, and a preflight request is answered', async () => {
    const api = realtimeApi({ apps, port, now: () => NOW })
    const asked = await api.request('/apps/1/events', { method: 'OPTIONS' })
    const answered = await send('GET', '/channels')

    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST')
    expect(answered.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('is answered 503 when the port rejects, and only the operator gets the error', async () => {
    port.failure = new Error('no room at hub-7')
    const response = await send('POST', '/events', { body: event })

    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await response.text()).not.toContain('hub-7')
    expect(errors).toEqual([port.failure])
  })
})

describe('the server SDK of Pusher', () => {
  const shared = new MemoryPort(occupants)
  let server: ServerType
  let address: string
  let sdk: Pusher

  beforeAll(async () => {
    const { fetch } = realtimeApi({ apps, port: shared, now: Date.now })
    const { port } = await new Promise<AddressInfo>((resolve) => {
      server = serve({ fetch, hostname: '127.0.0.1', port: 0 }, resolve)
    })
    address = `127.0.0.1:${port}/apps/1`
    sdk = Pusher.forURL(`http://key:${SECRET}@${address}`)
  })

  afterAll(() => new Promise((resolve) => server.close(resolve)))

  test('triggers, asks and terminates', async () => {
    const triggered = await sdk.trigger(
      ['news', 'cache-score'],
      'hello',
      { text: 'é' },
      {
        info: 'subscription_count',
      },
    )
    const batch = await sdk.triggerBatch([{ channel: 'news', name: 'a', data: { a: 1 } }])
    const listed = await sdk.get({ path: '/channels', params: { filter_by_prefix: 'presence-' } })
    const users = await sdk.get({ path: '/channels/presence-room/users' })
    await sdk.sendToUser('ada', 'hello', 'text')
    await sdk.terminateUserConnections('ada lovelace')

    expect(await triggered.json()).toEqual({
      channels: { news: { subscription_count: 3 }, 'cache-score': { subscription_count: 0 } },
    })
    expect(await batch.json()).toEqual({})
    expect(await listed.json()).toEqual({ channels: { 'presence-room': {} } })
    expect(await users.json()).toEqual({ users: [{ id: 'ada' }, { id: 'bob' }] })
    expect(shared.published.at(-1)?.publication.channels).toEqual(['#server-to-user-ada'])
    expect(shared.terminated).toEqual(['ada lovelace'])
  })

  test('is refused with the wrong secret', async () => {
    const other = Pusher.forURL(`http://key:another@${address}`)

    await expect(other.trigger('news', 'hello', {})).rejects.toMatchObject({ status: 401 })
  })
})
