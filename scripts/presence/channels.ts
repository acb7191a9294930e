/**
 * Scenarios of channels: public, private, cached, encrypted, and what clients send.
 *
 * @module
 */

import { until } from './ledger.ts'
import { dataOf, listen, type World } from './world.ts'

const SUBSCRIBED = 'pusher:subscription_succeeded'

/** Connections: which are accepted, and which errors the others get. */
export async function connections({ ledger, client }: World): Promise<void> {
  const good = client()
  await ledger.becomes('a client connects', () => good.connection.state === 'connected')
  ledger.check(
    'its socket id has the form that SDKs check',
    /^\d+\.\d+$/.test(good.connection.socket_id),
  )

  const stranger = client({}, 'nobody')
  let code: unknown
  stranger.connection.bind('error', ({ error }: { error?: { data?: { code?: number } } }) => {
    code = error?.data?.code
  })
  await ledger.becomes('a client with an unknown key is told 4001', () => code === 4001)
  await ledger.becomes('and does not come back', () => stranger.connection.state === 'disconnected')
}

/** Publishing to all subscribers except the sender, and subscription counts. */
export async function publicChannels({ ledger, client, sdk }: World): Promise<void> {
  const [one, other] = [client(), client()]
  const [channel, same] = [one.subscribe('news'), other.subscribe('news')]
  const [told, toldToo] = [listen(channel), listen(same)]
  await until(() => channel.subscribed && same.subscribed)
  await ledger.becomes('subscribers are told how many they are', () =>
    dataOf(told, 'pusher:subscription_count').some(
      (data) => (data as { subscription_count: number }).subscription_count === 2,
    ),
  )
  await sdk.trigger('news', 'hello', { text: 'é' }, { socket_id: one.connection.socket_id })
  await sdk.trigger('news', 'bye', 'text')
  await ledger.becomes(
    'both get an event',
    () => told.length > 0 && dataOf(toldToo, 'bye').length === 1,
  )
  ledger.check(
    'its data is the object that was sent',
    JSON.stringify(dataOf(toldToo, 'hello')) === '[{"text":"é"}]',
  )
  await ledger.becomes('events come in order', () => dataOf(told, 'bye').length === 1)
  ledger.check(
    'the connection that sent an event does not get it',
    dataOf(told, 'hello').length === 0,
  )

  const answer = await sdk.trigger(['news', 'empty'], 'x', {}, { info: 'subscription_count' })
  const counted = JSON.stringify(await answer.json())
  ledger.check(
    'the API tells how many are subscribed',
    /"news":\{"subscription_count":2\}/.test(counted) &&
      /"empty":\{"subscription_count":0\}/.test(counted),
  )
  const listed = (await (await sdk.get({ path: '/channels' })).json()) as { channels: object }
  ledger.check('the API lists the channel', 'news' in listed.channels)

  one.unsubscribe('news')
  one.subscribe('news')
  one.unsubscribe('news')
  const again = one.subscribe('news')
  const toldAgain = listen(again)
  await ledger.becomes(
    'a channel that is left and joined at once ends joined',
    () => again.subscribed,
  )
  await sdk.triggerBatch([{ channel: 'news', name: 'batch', data: { n: 1 } }])
  await ledger.becomes('and gets what is published', () => dataOf(toldAgain, 'batch').length === 1)
}

/** Who may subscribe to private channels. */
export async function privateChannels({ ledger, client, sdk }: World): Promise<void> {
  const one = client()
  const told = listen(one.subscribe('private-x'))
  const forged = listen(one.subscribe('private-forged'))
  const forbidden = listen(one.subscribe('private-forbidden'))
  await ledger.becomes(
    'a private channel is joined with a signature',
    () => dataOf(told, SUBSCRIBED).length === 1,
  )
  await ledger.becomes('one with another signature is refused with 401', () =>
    dataOf(forged, 'pusher:subscription_error').some(
      (data) => (data as { status: number }).status === 401,
    ),
  )
  await ledger.becomes('one that the server refuses is not asked for', () =>
    dataOf(forbidden, 'pusher:subscription_error').some(
      (data) => (data as { status: number }).status === 403,
    ),
  )
  await sdk.trigger('private-x', 'secret', { n: 1 })
  await ledger.becomes('its subscriber gets events', () => dataOf(told, 'secret').length === 1)
}

/** The last event is sent to later subscribers. */
export async function cacheChannels({ ledger, client, sdk, server }: World): Promise<void> {
  const early = listen(client().subscribe('cache-score'))
  await ledger.becomes(
    'a cache channel without an event says so',
    () => dataOf(early, 'pusher:cache_miss').length === 1,
  )
  await ledger.becomes(
    'and so does a webhook',
    () => server.of('cache_miss', 'cache-score').length === 1,
  )
  await sdk.trigger('cache-score', 'goal', { score: '1:0' })
  await sdk.trigger('cache-score', 'goal', { score: '2:0' })
  await ledger.becomes(
    'those who are there get every event',
    () => dataOf(early, 'goal').length === 2,
  )
  const late = listen(client().subscribe('cache-score'))
  await ledger.becomes(
    'those who come later get the last one',
    () => dataOf(late, 'goal').length === 1,
  )
  ledger.check('which is the last', JSON.stringify(dataOf(late, 'goal')) === '[{"score":"2:0"}]')
  ledger.check(
    'after their subscription',
    late.findIndex(({ event }) => event === 'goal') >
      late.findIndex(({ event }) => event === SUBSCRIBED),
  )
  const answer = await sdk.get({ path: '/channels/cache-score', params: { info: 'cache' } })
  const { cache } = (await answer.json()) as { cache?: { data: string; ttl: number } }
  ledger.check(
    'the API tells it with its time to live',
    cache?.data === '{"score":"2:0"}' && cache.ttl > 1_700,
  )
}

/** Events that the Worker cannot read. */
export async function encryptedChannels({ ledger, client, sdk }: World): Promise<void> {
  const channel = client().subscribe('private-encrypted-x')
  const told = listen(channel)
  await ledger.becomes('an encrypted channel is joined', () => channel.subscribed)
  await sdk.trigger('private-encrypted-x', 'sealed', { word: 'swordfish' })
  await ledger.becomes(
    'its events are opened by the client',
    () => JSON.stringify(dataOf(told, 'sealed')) === '[{"word":"swordfish"}]',
  )
}

/** Events of clients, and how many. */
export async function clientEvents({ ledger, client, server }: World): Promise<void> {
  const [one, other] = [client({ user_id: 'ada' }), client({ user_id: 'bob' })]
  const [sender, receiver] = [one.subscribe('presence-game'), other.subscribe('presence-game')]
  const [own, told] = [listen(sender), listen(receiver)]
  const senders: unknown[] = []
  receiver.bind('client-move', (_: unknown, meta: { user_id?: string }) =>
    senders.push(meta.user_id),
  )
  const errors: unknown[] = []
  one.connection.bind('error', (error: unknown) => errors.push(error))
  await until(() => sender.subscribed && receiver.subscribed)
  sender.trigger('client-move', { x: 1 })
  await ledger.becomes(
    'a client event reaches the others',
    () => dataOf(told, 'client-move').length === 1,
  )
  ledger.check('with the user who sent it', senders.join() === 'ada')
  await ledger.becomes('a webhook tells of it', () =>
    server
      .of('client_event', 'presence-game')
      .some((event) => event['user_id'] === 'ada' && event['event'] === 'client-move'),
  )
  for (let n = 0; n < 60; n++) sender.trigger('client-flood', { n })
  await ledger.becomes('a client that floods is told 4301', () =>
    JSON.stringify(errors).includes('4301'),
  )
  const passed = dataOf(told, 'client-flood').length
  ledger.check(`and most of its events do not pass (${passed} of 60)`, passed >= 5 && passed <= 40)
  ledger.check('but it stays connected', one.connection.state === 'connected')
  ledger.check('and gets none of its own', dataOf(own, 'client-move').length === 0)
}
