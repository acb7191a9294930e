import { describe, expectTypeOf, test } from 'vitest'
import { type Channel, RealtimeClient } from '../../src/websocket/client/index.ts'

interface RoomEvents {
  readonly message: { readonly text: string }
  readonly 'client-typing': { readonly is: boolean }
}

describe('the types of a channel', () => {
  const client = new RealtimeClient({ url: 'ws://localhost', key: 'k', WebSocket })

  test('are those of its events, declared as an interface or as a type', () => {
    const room = client.subscribe<RoomEvents>('presence-room')
    room.on('message', (data) => expectTypeOf(data).toEqualTypeOf<{ readonly text: string }>())
    room.trigger('client-typing', { is: true })
    // @ts-expect-error only client events are sent
    room.trigger('message', { text: 'hello' })
    // @ts-expect-error not an event of this channel
    room.on('other', () => undefined)

    expectTypeOf(room).toEqualTypeOf<Channel<RoomEvents>>()
    client.subscribe<{ message: string }>('news').on('message', (text) => text.length)
  })

  test('are unknown without a declaration', () => {
    client.subscribe('news').on('any', (data) => expectTypeOf(data).toBeUnknown())
  })
})
