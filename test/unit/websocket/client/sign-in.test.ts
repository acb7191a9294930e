import { describe, expect, test } from 'vitest'
import type { ChannelChange, UserAuthorization } from '../../../../src/websocket/client/index.ts'
import { type ClientBench, clientBench } from './scripted-server.ts'

describe('the channel of a user', () => {
  let bench: ClientBench

  test('is subscribed to by a sign-in, and again after a reconnect', async () => {
    bench = clientBench({
      authorizeUser: async ({ socketId }) => ({
        auth: `key:${socketId}`,
        user_data: '{"id":"7"}',
      }),
    })
    const signingIn = bench.client.signIn()
    await bench.connect('1.1')
    const success = { event: 'pusher:signin_success', data: { user_data: '{"id":"7"}' } }
    bench.socket.say(success)
    const { user, channel } = await signingIn
    const heard: unknown[] = []
    channel.on('note', (data) => heard.push(data))
    await bench.reconnect('1.2')
    bench.socket.say(success)
    bench.socket.say({ event: 'note', channel: channel.name, data: 1 })

    expect([user, channel.name, heard]).toEqual([{ id: '7' }, '#server-to-user-7', [1]])
    expect(bench.socket.frames).toEqual([
      { event: 'pusher:signin', data: { auth: 'key:1.2', user_data: '{"id":"7"}' } },
      { event: 'pusher:subscribe', data: { channel: '#server-to-user-7' } },
    ])
  })

  test('gets an error if the signing route fails, and is signed in again by the next connection', async () => {
    const away = new Error('503')
    let isAway = false
    bench = clientBench({
      authorizeUser: async ({ socketId }) => {
        if (isAway) throw away
        return { auth: `key:${socketId}`, user_data: '{"id":"7"}' }
      },
    })
    const success = { event: 'pusher:signin_success', data: { user_data: '{"id":"7"}' } }
    await bench.connect('1.1')
    const signingIn = bench.client.signIn()
    await bench.platform.advance(0)
    bench.socket.say(success)
    const { channel } = await signingIn
    const changes: ChannelChange[] = []
    channel.watch((change) => changes.push(change))

    isAway = true
    await bench.reconnect('1.2')
    expect(changes.slice(-2)).toEqual([
      { kind: 'state', state: 'failed' },
      { kind: 'refused', type: 'AuthError', error: away },
    ])
    await expect(bench.client.signIn()).rejects.toBe(away)
    isAway = false
    await bench.reconnect('1.3')

    expect(channel.state).toBe('pending')
    expect(bench.socket.frames).toEqual([
      { event: 'pusher:signin', data: { auth: 'key:1.3', user_data: '{"id":"7"}' } },
    ])
  })

  test('ignores a signature for the previous connection', async () => {
    const answers: PromiseWithResolvers<UserAuthorization>[] = []
    bench = clientBench({
      authorizeUser: () => {
        const answer = Promise.withResolvers<UserAuthorization>()
        answers.push(answer)
        return answer.promise
      },
    })
    await bench.connect('1.1')
    const signingIn = bench.client.signIn()
    await bench.reconnect('1.2')

    answers[0]?.reject(new Error('offline'))
    answers[1]?.resolve({ auth: 'key:1.2', user_data: '{"id":"7"}' })
    await bench.platform.advance(0)
    bench.socket.say({ event: 'pusher:signin_success', data: { user_data: '{"id":"7"}' } })

    await expect(signingIn).resolves.toMatchObject({ user: { id: '7' } })
  })

  test('a signing function that throws at once fails the sign-in, and keeps no other channel from its subscription', async () => {
    const error = new Error('no token')
    bench = clientBench({
      authorizeUser: () => {
        throw error
      },
    })
    const signingIn = bench.client.signIn()
    bench.client.subscribe('room')
    await bench.connect()

    await expect(signingIn).rejects.toBe(error)
    await expect(bench.client.signIn()).rejects.toBe(error)
    expect(bench.socket.frames).toEqual([{ event: 'pusher:subscribe', data: { channel: 'room' } }])
  })

  test('is refused with the error of the signing function, and by a server that closes the connection', async () => {
    const error = new Error('not you')
    bench = clientBench({ authorizeUser: () => Promise.reject(error) })
    await bench.connect()
    await expect(bench.client.signIn()).rejects.toBe(error)

    bench = clientBench({ authorizeUser: async () => ({ auth: '', user_data: '' }) })
    await bench.connect()
    const signingIn = bench.client.signIn()
    bench.socket.end(4009)

    await expect(signingIn).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(clientBench().client.signIn()).rejects.toMatchObject({ option: 'authorizeUser' })
  })

  test('rejects when the server refuses the user, now and after a reconnect', async () => {
    bench = clientBench({ authorizeUser: async () => ({ auth: 'key:1', user_data: '{"id":"7"}' }) })
    const refuse = (): void =>
      bench.socket.say({ event: 'pusher:error', data: { code: 4303, message: 'too large' } })
    await bench.connect('1.1')
    const refused = bench.client.signIn()
    await bench.platform.advance(0)
    refuse()
    await expect(refused).rejects.toMatchObject({ option: 'authorizeUser' })

    const signingIn = bench.client.signIn()
    await bench.platform.advance(0)
    bench.socket.say({ event: 'pusher:signin_success', data: { user_data: '{"id":"7"}' } })
    const { channel } = await signingIn
    await bench.reconnect('1.2')
    refuse()

    expect(channel.state).toBe('failed')
  })

  test('resolves with the user of the current connection, and ends the channel of an earlier user', async () => {
    let id = 'ada'
    bench = clientBench({
      authorizeUser: async () => ({ auth: 'key:1', user_data: JSON.stringify({ id }) }),
    })
    const succeed = (): void =>
      bench.socket.say({
        event: 'pusher:signin_success',
        data: { user_data: JSON.stringify({ id }) },
      })
    await bench.connect('1.1')
    const first = bench.client.signIn()
    await bench.platform.advance(0)
    succeed()
    const ada = await first

    bench.client.disconnect()
    id = 'ben'
    await bench.connect('1.2')
    const second = bench.client.signIn()
    await bench.platform.advance(0)
    succeed()
    const ben = await second

    expect(ben.user).toEqual({ id: 'ben' })
    expect([...bench.client.channels.keys()]).toEqual(['#server-to-user-ben'])
    expect(ada.channel.state).toBe('ended')
    expect(bench.socket.frames.filter(({ event }) => event === 'pusher:signin')).toHaveLength(1)

    id = 'eve'
    await bench.reconnect('1.3')
    succeed()
    expect((await bench.client.signIn()).user).toEqual({ id: 'eve' })
  })

  test('is sent once by a client that signs in whenever it has connected', async () => {
    bench = clientBench({ authorizeUser: async () => ({ auth: 'key:1', user_data: '{"id":"7"}' }) })
    bench.client.watch((change) => {
      if (change.kind === 'state' && change.state === 'connected') void bench.client.signIn()
    })
    await bench.connect('1.1')
    await bench.platform.advance(0)

    expect(bench.socket.frames.map(({ event }) => event)).toEqual(['pusher:signin'])
  })
})
