import Pusher from 'pusher'
import { beforeEach, describe, expect, test } from 'vitest'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'
import { createApps } from '../../../../src/websocket/protocol/app.ts'
import type { WebhookEvent } from '../../../../src/websocket/protocol/webhook.ts'
import {
  type OutboxRow,
  type OutboxStore,
  WEBHOOK_MAX_ROWS,
  WebhookOutbox,
} from '../../../../src/websocket/protocol/webhook-outbox.ts'

const SECRET = 'a-secret-of-apps'
const ALL = 'https://all.example/hook'
const ROOMS = 'https://rooms.example/hook'
const [app] = createApps([
  {
    id: '1',
    key: 'key',
    secret: SECRET,
    webhooks: [
      { url: ALL, headers: { 'x-tenant': 'shop' } },
      { url: ROOMS, events: ['member_added', 'member_removed'], channelPrefix: 'presence-room' },
    ],
  },
]).all as [never]
const sdk = new Pusher({ appId: '1', key: 'key', secret: SECRET, host: 'localhost' })

/** Rows as JSON, as they are in a database. */
class MemoryStore implements OutboxStore {
  readonly texts = new Map<number, string>()
  load(): readonly OutboxRow[] {
    return [...this.texts.values()].map((text) => JSON.parse(text))
  }
  put(row: OutboxRow): void {
    this.texts.set(row.id, JSON.stringify(row))
  }
  delete(id: number): void {
    this.texts.delete(id)
  }
}

interface Received {
  readonly url: string
  readonly redirect: string | undefined
  readonly headers: Headers
  readonly body: string
  readonly events: readonly WebhookEvent[]
}

const hello = (n = 0): WebhookEvent => ({
  name: 'client_event',
  channel: 'private-chat',
  event: `client-${n}`,
  data: '{}',
  socket_id: '1.2',
})
const added = (user_id: string, channel = 'presence-room'): WebhookEvent => ({
  name: 'member_added',
  channel,
  user_id,
})
const removed = (user_id: string, channel = 'presence-room'): WebhookEvent => ({
  name: 'member_removed',
  channel,
  user_id,
})

describe('WebhookOutbox', () => {
  let platform: ManualPlatform
  let store: MemoryStore
  let received: Received[]
  let answer: (url: string) => Response | Promise<Response>
  let dropped: string[]
  let outbox: WebhookOutbox

  const open = (): WebhookOutbox =>
    new WebhookOutbox({
      app,
      store,
      platform,
      fetch: async (input, init) => {
        const url = String(input)
        const body = String(init?.body)
        const { events } = JSON.parse(body)
        received.push({
          url,
          redirect: init?.redirect,
          headers: new Headers(init?.headers),
          body,
          events,
        })
        return answer(url)
      },
      onDropped: (events, reason) => dropped.push(`${events.length}: ${reason}`),
    })

  /** Runs the alarms of an object until a time. */
  async function alarms(ms: number): Promise<void> {
    const until = platform.now() + ms
    for (let at = outbox.nextAt(); at !== undefined && at <= until; at = outbox.nextAt()) {
      await platform.advance(Math.max(0, at - platform.now()))
      await outbox.flush()
    }
    await platform.advance(until - platform.now())
  }

  const names = (url: string): unknown =>
    received.filter((one) => one.url === url).map(({ events }) => events.map(({ name }) => name))

  beforeEach(() => {
    platform = new ManualPlatform()
    store = new MemoryStore()
    received = []
    dropped = []
    answer = () => new Response('ok')
    outbox = open()
  })

  test('sends the events of 250 ms together, signed as the server SDK checks it', async () => {
    const startedAt = platform.now()
    outbox.add(hello(1))
    await platform.advance(200)
    outbox.add({ name: 'channel_occupied', channel: 'private-chat' })
    await alarms(50)

    expect(received).toHaveLength(1)
    const [{ headers, body } = {} as Received] = received
    const webhook = sdk.webhook({ headers: Object.fromEntries(headers), rawBody: body })
    expect(webhook.isValid()).toBe(true)
    expect(webhook.getTime().getTime()).toBe(startedAt + 250)
    expect(webhook.getEvents()).toEqual([
      hello(1),
      { name: 'channel_occupied', channel: 'private-chat' },
    ])
    expect(headers.get('x-tenant')).toBe('shop')
    expect(store.texts.size).toBe(0)
    expect(outbox.nextAt()).toBeUndefined()
  })

  test('sends 20 events at once, and the rest in due time', async () => {
    for (let n = 0; n < 25; n++) outbox.add(hello(n))
    await alarms(0)
    expect(received.map(({ events }) => events.length)).toEqual([20])

    await alarms(250)
    expect(received.map(({ events }) => events.length)).toEqual([20, 5])
  })

  test.each([
    ['control characters', '\u0001', 10_240],
    ['quotes, in events that are longer than by default', '"', 100_000],
  ])('stores no row longer than the 2 MB of the platform: %s', async (_, character, chars) => {
    const events = Array.from({ length: 20 }, (_, n) => {
      return { ...hello(n), data: character.repeat(chars) }
    })
    let longest = 0
    const put = store.put.bind(store)
    store.put = (row) => {
      longest = Math.max(longest, JSON.stringify(row).length)
      put(row)
    }

    for (const event of events) outbox.add(event)
    await alarms(60_000)

    expect(longest).toBeLessThan(2_000_000)
    expect(received.flatMap((one) => one.events)).toEqual(events)
  })

  test('sends each address only the events and channels that it wants', async () => {
    outbox.add(added('ada'))
    outbox.add(added('ada', 'presence-hall'))
    outbox.add(hello())
    await alarms(250)

    expect(names(ALL)).toEqual([['member_added', 'member_added', 'client_event']])
    expect(names(ROOMS)).toEqual([['member_added']])
  })

  test('does not report a leave if the user returns within 3 seconds', async () => {
    outbox.add(removed('ada'))
    outbox.add({ name: 'channel_vacated', channel: 'news' })
    await alarms(2_999)
    outbox.add({ name: 'channel_occupied', channel: 'news' })
    outbox.add(added('ada'))
    await alarms(60_000)

    expect(received).toEqual([])
  })

  test('reports a leave after 3 seconds, or at once if there was a grace already', async () => {
    outbox.add(removed('ada'))
    outbox.add(removed('bob'), 0)
    await alarms(250)
    expect(received.at(0)?.events).toEqual([removed('bob')])

    await alarms(3_000)
    expect(received.at(-1)?.events).toEqual([removed('ada')])
  })

  test('lets a join cancel only a leave of the same user and channel', async () => {
    outbox.add(removed('ada'))
    outbox.add(added('bob'))
    outbox.add(added('ada', 'presence-room-2'))
    outbox.add({ name: 'channel_occupied', channel: 'presence-room' })
    await alarms(4_000)

    expect(names(ALL)).toEqual([
      ['member_added', 'member_added', 'channel_occupied'],
      ['member_removed'],
    ])
  })

  test('sends the same body again, at growing intervals, until it is accepted', async () => {
    const at: number[] = []
    answer = () => {
      at.push(platform.now())
      return new Response(null, { status: at.length < 5 ? 500 : 204 })
    }
    outbox.add(hello())
    await alarms(120_000)

    expect(new Set(received.map(({ body }) => body)).size).toBe(1)
    expect(at.slice(1).map((time, i) => time - (at[i] ?? 0))).toEqual([750, 1_500, 3_000, 6_000])
    expect(store.texts.size).toBe(0)
    expect(dropped).toEqual([])
  })

  test('gives up after five minutes, and reports it', async () => {
    answer = () => new Response(null, { status: 503 })
    outbox.add(hello())
    await alarms(3_600_000)

    expect(dropped).toEqual(['1: HTTP 503'])
    expect(received.length).toBeGreaterThan(5)
    expect(store.texts.size).toBe(0)
    expect(outbox.nextAt()).toBeUndefined()
  })

  test('follows no redirection, and survives a network that fails or does not answer', async () => {
    const answers = [
      () => new Response(null, { status: 302, headers: { location: 'https://other.example' } }),
      () => Promise.reject(new TypeError('unreachable')),
      () => new Response('ok'),
    ]
    answer = () => (answers.shift() ?? (() => new Response('ok')))()
    outbox.add(hello())
    await alarms(60_000)
    expect(received.map(({ url }) => url)).toEqual([ALL, ALL, ALL])
    expect(received[0]?.redirect).toBe('manual')

    answer = () => new Promise(() => undefined)
    outbox.add(hello())
    await platform.advance(250)
    const flushed = outbox.flush()
    await platform.advance(10_000)
    await flushed
    expect(store.texts.size).toBe(1)
  })

  test('sends an event that is added to a due webhook while the webhook before it is sent', async () => {
    for (let n = 0; n < 21; n++) outbox.add(hello(n))
    await platform.advance(250)
    answer = () => {
      if (received.length === 1) outbox.add(hello(21))
      return new Response('ok')
    }

    await outbox.flush()
    await alarms(60_000)

    expect(received.flatMap(({ events }) => events)).toEqual(
      Array.from({ length: 22 }, (_, n) => hello(n)),
    )
  })

  test('waits once for an address that does not answer, not once for each webhook', async () => {
    answer = (url) => new Response(null, { status: url === ALL ? 500 : 200 })
    for (let n = 0; n < 60; n++) outbox.add(added(`u${n}`))
    await alarms(0)

    expect(names(ALL)).toHaveLength(1)
    expect(names(ROOMS)).toHaveLength(3)
  })

  test('continues where another instance stopped, with events held back, collected and being sent', async () => {
    answer = () => new Response(null, { status: 500 })
    outbox.add(hello(1))
    await alarms(250)
    outbox.add(removed('ada'))
    outbox.add(hello(2))
    answer = () => new Response('ok')
    const sent = received.length
    outbox = open()
    outbox.add(hello(3))
    outbox.add(added('ada'))
    outbox.add({ name: 'channel_vacated', channel: 'news' })
    await alarms(60_000)

    expect(received.slice(sent).map(({ events }) => events)).toEqual([
      [hello(2), hello(3)],
      [hello(1)],
      [{ name: 'channel_vacated', channel: 'news' }],
    ])
    expect(store.texts.size).toBe(0)
  })

  test('drops webhooks to an address that the app no longer has', async () => {
    outbox.add(hello())
    const [bare] = createApps([{ id: '1', key: 'key', secret: SECRET }]).all
    if (bare === undefined) throw new Error('there is an app')
    outbox = new WebhookOutbox({
      app: bare,
      store,
      platform,
      onDropped: (_, reason) => dropped.push(reason),
    })
    outbox.add(hello())
    await alarms(1_000)

    expect(dropped).toEqual(['the app has no such webhook any more'])
    expect(store.texts.size).toBe(0)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no log')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no log'))],
  ])('sends the other webhooks if `onDropped` %s', async (_, onDropped) => {
    const [two] = createApps([
      { id: '1', key: 'key', secret: SECRET, webhooks: [{ url: 'https://b.example' }] },
    ]).all
    outbox.add(hello())
    outbox = new WebhookOutbox({
      app: two ?? expect.unreachable(),
      store,
      platform,
      fetch: async (url) => {
        received.push({
          url: String(url),
          redirect: undefined,
          headers: new Headers(),
          body: '',
          events: [],
        })
        return answer(String(url))
      },
      onDropped,
    })
    outbox.add(hello())
    await alarms(1_000)

    expect(received).toHaveLength(1)
    expect(store.texts.size).toBe(0)
  })

  test('keeps a bounded number of webhooks, the newest', () => {
    for (let n = 0; n < (WEBHOOK_MAX_ROWS + 2) * 20; n++) outbox.add(hello(n))

    expect(outbox.size).toBe(WEBHOOK_MAX_ROWS)
    expect(dropped).toEqual(Array.from({ length: 2 }, () => '20: too many webhooks are waiting'))
  })
})
