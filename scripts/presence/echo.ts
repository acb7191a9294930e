/**
 * Scenarios with Laravel Echo, which wraps the client of Pusher.
 *
 * @module
 */

import Echo from 'laravel-echo'
import { until } from './ledger.ts'
import type { World } from './world.ts'

/** Public, private and presence channels, whispers, and leaving, with the API of Echo. */
export async function echo({ ledger, client, sdk }: World): Promise<void> {
  const [ada, bob] = ['ada', 'bob'].map((user_id) => {
    const pusher = client({ user_id, name: user_id })
    return new Echo({
      broadcaster: 'pusher',
      key: 'unused',
      cluster: '',
      client: pusher,
      namespace: false,
    })
  }) as [Echo<'pusher'>, Echo<'pusher'>]
  const seen: string[] = []
  ada.channel('orders').listen('.shipped', ({ n }: { n: number }) => seen.push(`shipped ${n}`))
  ada.private('orders.7').listen('.paid', ({ n }: { n: number }) => seen.push(`paid ${n}`))
  ada
    .join('lobby')
    .here((users: { name: string }[]) =>
      seen.push(`here ${users.map(({ name }) => name).join(' ')}`),
    )
    .joining(({ name }: { name: string }) => seen.push(`joining ${name}`))
    .leaving(({ name }: { name: string }) => seen.push(`leaving ${name}`))
    .listenForWhisper('typing', ({ who }: { who: string }) => seen.push(`typing ${who}`))
  await ledger.becomes('Echo joins a presence channel', () => seen.includes('here ada'))

  let bobIsIn = false
  const lobby = bob.join('lobby').here(() => {
    bobIsIn = true
  })
  await ledger.becomes('Echo tells of a user who joins', () => seen.includes('joining bob'))
  await until(() => bobIsIn)
  lobby.whisper('typing', { who: 'bob' })
  await ledger.becomes('Echo hears a whisper', () => seen.includes('typing bob'))
  await sdk.trigger('orders', 'shipped', { n: 1 })
  await sdk.trigger('private-orders.7', 'paid', { n: 2 })
  await ledger.becomes(
    'Echo hears events of public and private channels',
    () => seen.includes('shipped 1') && seen.includes('paid 2'),
  )
  bob.leave('lobby')
  await ledger.becomes('Echo tells of a user who leaves', () => seen.includes('leaving bob'))
}
