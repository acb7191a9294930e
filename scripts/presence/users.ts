/**
 * Scenarios of users: presence with several tabs, reconnections, sign-in, watchlists, termination.
 *
 * @module
 */

import type { PresenceChannel } from 'pusher-js'
import { until } from './ledger.ts'
import type { PusherClient } from './pusher-client.ts'
import { dataOf, LEAVE_GRACE_MS, listen, type World } from './world.ts'

const ADDED = 'pusher:member_added'
const REMOVED = 'pusher:member_removed'

const idsOf = ({ members }: PresenceChannel): string =>
  Object.keys(members.members as object)
    .sort()
    .join(' ')

const join = (client: PusherClient, name: string): PresenceChannel =>
  client.subscribe(name) as PresenceChannel

/** Two users, the second tab of one, and the API's view of them. */
export async function presence({ ledger, client, sdk, server }: World): Promise<void> {
  const room = 'presence-room'
  const ada = join(client({ user_id: 'ada', name: 'Ada' }), room)
  const told = listen(ada)
  await until(() => ada.subscribed)
  ledger.check(
    'who comes first is alone, and knows who he is',
    ada.members.count === 1 && ada.members.me.id === 'ada',
  )

  const bobs = client({ user_id: 'bob', name: 'Bob' })
  const bob = join(bobs, room)
  await ledger.becomes(
    'a second user is told of to the first',
    () => dataOf(told, ADDED).length === 1,
  )
  ledger.check(
    'with his information',
    JSON.stringify(dataOf(told, ADDED)[0]) === '{"id":"bob","info":{"name":"Bob"}}',
  )
  await ledger.becomes('and finds both', () => idsOf(bob) === 'ada bob' && bob.members.count === 2)

  const tab = client({ user_id: 'bob', name: 'Bob' })
  const second = join(tab, room)
  await until(() => second.subscribed)
  ledger.check('his second tab finds two users, not three', second.members.count === 2)
  const answer = await sdk.get({
    path: `/channels/${room}`,
    params: { info: 'user_count,subscription_count' },
  })
  ledger.check(
    'the API counts two users on three connections',
    JSON.stringify(await answer.json()) ===
      '{"occupied":true,"user_count":2,"subscription_count":3}',
  )
  const users = (await (await sdk.get({ path: `/channels/${room}/users` })).json()) as {
    users: { id: string }[]
  }
  ledger.check(
    'and lists each once',
    users.users
      .map(({ id }) => id)
      .sort()
      .join(' ') === 'ada bob',
  )

  tab.unsubscribe(room)
  await ledger.staysFor(
    500,
    'the first user hears nothing of the second tab, come or gone',
    () => dataOf(told, ADDED).length === 1 && dataOf(told, REMOVED).length === 0,
  )
  bobs.unsubscribe(room)
  await ledger.becomes(
    'who unsubscribes is gone at once',
    () => dataOf(told, REMOVED).length === 1,
    LEAVE_GRACE_MS - 500,
  )
  await ledger.becomes(
    'webhooks tell of both users',
    () => server.of('member_added', room).length === 2,
  )
  await ledger.becomes(
    'and of the one who left',
    () => server.of('member_removed', room).length === 1,
  )
}

/** A connection that breaks: other members get no event if the user returns in time, and all events if not. */
export async function reconnections({ ledger, client, server }: World): Promise<void> {
  const room = 'presence-flaky'
  const ada = join(client({ user_id: 'ada' }), room)
  const told = listen(ada)
  await until(() => ada.subscribed)
  const bobs = client({ user_id: 'bob' })
  const bob = join(bobs, room)
  await until(() => dataOf(told, ADDED).length === 1 && bob.subscribed)
  const socketBefore = bobs.connection.socket_id
  breakOff(bobs)
  await ledger.becomes(
    'a client whose connection breaks connects again',
    () => bobs.connection.state === 'connected' && bobs.connection.socket_id !== socketBefore,
  )
  await ledger.becomes('and is subscribed again', () => bob.subscribed && bob.members.count === 2)
  await ledger.staysFor(
    LEAVE_GRACE_MS + 2_000,
    'the others hear nothing of it',
    () => dataOf(told, ADDED).length === 1 && dataOf(told, REMOVED).length === 0,
  )
  ledger.check(
    'nor do webhooks',
    server.of('member_removed', room).length === 0 && server.of('member_added', room).length === 2,
  )

  bobs.disconnect()
  await ledger.becomes('who disconnects is gone', () => dataOf(told, REMOVED).length === 1)
}

/** Sign-in, events for one user, and watchlists. */
export async function signIn({ ledger, client, sdk }: World): Promise<void> {
  const ada = client({ user_id: 'ada', watches: 'bob,nobody' })
  const told = listen(ada.user)
  const watched: unknown[] = []
  for (const name of ['online', 'offline']) {
    ada.user.watchlist.bind(name, ({ user_ids }: { user_ids: string[] }) =>
      watched.push(`${name} ${user_ids.join(' ')}`),
    )
  }
  ada.signin()
  await ledger.becomes('a user signs in', () => ada.user.user_data?.['id'] === 'ada')
  await ada.user.signinDonePromise
  const bob = client({ user_id: 'bob' })
  bob.signin()
  await ledger.becomes('a user who is watched is told of when he comes', () =>
    watched.includes('online bob'),
  )
  await until(() => bob.user.user_data?.['id'] === 'bob')
  const both = client({ user_id: 'ada' })
  both.signin()
  const toldToo = listen(both.user)
  await until(() => both.user.user_data?.['id'] === 'ada')
  const stranger = listen(bob.user)
  // The client subscribes to the channel of its user by itself, after the sign-in.
  await until(
    () => ada.user.serverToUserChannel?.subscribed && both.user.serverToUserChannel?.subscribed,
  )
  await sdk.sendToUser('ada', 'notice', { n: 1 })
  await ledger.becomes(
    'an event for a user reaches all of his connections',
    () => dataOf(told, 'notice').length === 1 && dataOf(toldToo, 'notice').length === 1,
  )
  ledger.check('and nobody else', dataOf(stranger, 'notice').length === 0)

  await sdk.terminateUserConnections('bob')
  await ledger.becomes(
    'whoever is terminated is disconnected for good',
    () => bob.connection.state === 'disconnected',
  )
  await ledger.becomes('those who watch him are told', () => watched.includes('offline bob'))
  ledger.check('other users stay', ada.connection.state === 'connected')
}

/** Ends the socket under a client without a closing handshake. */
function breakOff(client: PusherClient): void {
  const { connection } = client.connection as unknown as {
    connection: { transport: { socket: { close(): void; _stream?: { destroy(): void } } } }
  }
  const { socket } = connection.transport
  if (socket._stream) socket._stream.destroy()
  else socket.close()
}
