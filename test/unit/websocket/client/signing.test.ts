import { describe, expect, test } from 'vitest'
import type { Authorization, ChannelChange } from '../../../../src/websocket/client/index.ts'
import { clientBench } from './scripted-server.ts'

describe('a channel that must be signed', () => {
  test.each([
    [
      'throws at once',
      () => {
        throw new Error('no token')
      },
    ],
    ['returns nothing', async () => null as never],
    ['returns no signature', async () => ({ error: 'forbidden' }) as never],
  ])('fails if the signing function %s', async (_what, authorize) => {
    const bench = clientBench({ authorize })
    const channel = bench.client.subscribe('private-room')
    const changes: ChannelChange[] = []
    channel.watch((change) => changes.push(change))

    await bench.connect()

    expect(channel.state).toBe('failed')
    expect(changes.at(-1)).toMatchObject({ kind: 'refused', type: 'AuthError' })
  })

  test('rejects an update and a sign-in whose answer has no signature', async () => {
    let answer = { auth: 'a', channel_data: '{"user_id":"me"}' }
    const bench = clientBench({
      authorize: async () => answer,
      authorizeUser: async () => ({ error: 'forbidden' }) as never,
    })
    const channel = bench.client.subscribe('presence-room')
    await bench.connect()
    bench.socket.say({
      event: 'pusher_internal:subscription_succeeded',
      channel: 'presence-room',
    })
    answer = { error: 'forbidden' } as never

    await expect(channel.update('new')).rejects.toMatchObject({ option: 'authorize' })
    await expect(bench.client.signIn()).rejects.toMatchObject({ option: 'authorizeUser' })
    expect(bench.socket.frames.map(({ event }) => event)).toEqual(['pusher:subscribe'])
  })

  test('resumes from its last subscription, whatever connections have failed to subscribe since', async () => {
    const never = new Promise<Authorization>(() => undefined)
    const bench = clientBench({
      authorize: ({ socketId }) => (socketId === '1.2' ? never : Promise.resolve({ auth: 'a' })),
    })
    bench.client.subscribe('private-room')
    await bench.connect('1.1')
    const succeeded = { event: 'pusher_internal:subscription_succeeded', channel: 'private-room' }
    bench.socket.say({ ...succeeded, serial: 3, epoch: 'e1' })

    await bench.reconnect('1.2')
    await bench.reconnect('1.3')

    // The socket whose own events the server leaves out.
    const resume = { epoch: 'e1', serial: 3, socket_id: '1.1' }
    expect(bench.socket.frames[0]?.data).toMatchObject({ resume })
  })

  test('stays ended if its signature is refused later', async () => {
    const signing = Promise.withResolvers<Authorization>()
    const bench = clientBench({ authorize: () => signing.promise })
    const channel = bench.client.subscribe('private-room')
    await bench.connect()
    channel.unsubscribe()

    signing.reject(new Error('aborted'))
    await bench.platform.advance(0)

    expect(channel.state).toBe('ended')
  })

  test('sends no update that was signed for a connection that has ended since', async () => {
    const signing = Promise.withResolvers<Authorization>()
    const signed = { auth: 'key:for-1.1', channel_data: '{"user_id":"me"}' }
    const bench = clientBench({
      authorize: async (request) => ('userInfo' in request ? signing.promise : signed),
    })
    const channel = bench.client.subscribe('presence-room')
    const succeeded = {
      event: 'pusher_internal:subscription_succeeded',
      channel: 'presence-room',
    }
    await bench.connect('1.1')
    bench.socket.say(succeeded)

    const update = channel.update('new')
    await bench.reconnect('1.2')
    bench.socket.say(succeeded)
    signing.resolve(signed)

    expect(await update).toBe(false)
    expect(bench.socket.frames.map(({ event }) => event)).toEqual(['pusher:subscribe'])
  })

  test('asks for no signature of an update while there is no connection', async () => {
    const asked: string[] = []
    const bench = clientBench({
      authorize: async ({ socketId }) => {
        asked.push(socketId)
        throw new Error('socket_id is missing')
      },
    })
    const channel = bench.client.subscribe('presence-room')

    expect(await channel.update('new')).toBe(false)
    expect(asked).toEqual([])
  })
})
