import { describe, expect, test } from 'vitest'
import type { Authorization, ChannelChange } from '../../../../src/websocket/client/index.ts'
import { type ClientBench, clientBench } from './scripted-server.ts'

/** A subscribed channel at serial 3, with what its listeners got. */
async function enter(bench: ClientBench, name: string) {
  const channel = bench.client.subscribe(name)
  const [changes, events]: [ChannelChange[], unknown[]] = [[], []]
  channel.watch((change) => changes.push(change))
  channel.onAny((event, data) => events.push([event, data]))
  const say = (event: string, serial: number, data: unknown = {}, epoch = 'e1') =>
    bench.socket.say({ event, channel: name, data, serial, epoch })
  await bench.connect('1.1')
  say('pusher_internal:subscription_succeeded', 3)
  changes.length = 0
  return { channel, changes, events, say }
}

describe('a channel that notices a gap', () => {
  test('asks for what is missing, and passes it on in order and once', async () => {
    const bench = clientBench()
    const { channel, changes, events, say } = await enter(bench, 'room')
    say('news', 4, 'a')
    say('news', 6, 'c')
    say('news', 7, 'd')

    expect(events).toEqual([['news', 'a']])
    await bench.platform.advance(499)
    expect(bench.socket.frames).toHaveLength(1)
    await bench.platform.advance(1)
    expect(bench.socket.frames.slice(1)).toEqual([
      {
        event: 'pusher:subscribe',
        data: { channel: 'room', resume: { epoch: 'e1', serial: 4, socket_id: '1.1' } },
      },
    ])
    say('pusher_internal:subscription_succeeded', 7)
    say('nearcache:resumed', 7, { recovered: true, replayed: 3 })
    for (const [serial, data] of [
      [5, 'b'],
      [6, 'c'],
      [7, 'd'],
      [8, 'e'],
    ] as const)
      say('news', serial, data)

    expect(events.map((event) => (event as string[])[1])).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(changes).toEqual([{ kind: 'resumed', recovered: true, replayed: 3 }])
    expect(channel.state).toBe('subscribed')
    expect(bench.socket.frames).toHaveLength(2)
  })

  test('says so if the server no longer has it', async () => {
    const bench = clientBench()
    const { changes, events, say } = await enter(bench, 'room')
    say('news', 900)
    say('pusher_internal:subscription_succeeded', 900)
    say('nearcache:resumed', 900, { recovered: false, replayed: 0 })
    say('news', 901)

    expect(changes).toEqual([{ kind: 'resumed', recovered: false, replayed: 0 }])
    expect(events).toEqual([['news', {}]])
  })

  test('takes a new history for a loss', async () => {
    const bench = clientBench()
    const { changes, events, say } = await enter(bench, 'room')
    say('news', 1, 'of another history', 'e2')
    say('pusher_internal:subscription_succeeded', 1, {}, 'e2')
    say('nearcache:resumed', 1, { recovered: false, replayed: 0 }, 'e2')
    say('news', 2, 'next', 'e2')

    expect(changes).toEqual([{ kind: 'resumed', recovered: false, replayed: 0 }])
    expect(events).toEqual([['news', 'next']])
  })

  test('leaves it to the next connection if this one ends meanwhile', async () => {
    const bench = clientBench()
    const { say } = await enter(bench, 'room')
    say('news', 7)
    await bench.reconnect('1.2', 4200)
    await bench.platform.advance(1_000)

    expect(bench.sockets.map(({ frames }) => frames.length)).toEqual([1, 1])
    expect(bench.socket.frames[0]?.data).toMatchObject({ resume: { serial: 3 } })
  })

  test('does not ask because of an event that it is excluded from', async () => {
    const bench = clientBench()
    const { events, say } = await enter(bench, 'room')
    say('nearcache:omitted', 4)
    say('news', 5)

    expect(events).toEqual([['news', {}]])
    expect(bench.socket.frames).toHaveLength(1)
  })

  test('has its subscription signed again, and fails as at a reconnect if it is not', async () => {
    const answers = [Promise.resolve({ auth: 'one' }), Promise.resolve({ auth: 'two' })]
    const refused = new Error('the session is over')
    const authorize = (): Promise<Authorization> => answers.shift() ?? Promise.reject(refused)
    const bench = clientBench({ authorize })
    const { channel, changes, events, say } = await enter(bench, 'private-room')
    say('news', 5)
    await bench.platform.advance(500)
    expect(bench.socket.frames.at(-1)?.data).toMatchObject({ auth: 'two', resume: { serial: 3 } })
    say('pusher_internal:subscription_succeeded', 5)
    say('nearcache:resumed', 5, { recovered: true, replayed: 2 })
    say('news', 4)
    say('news', 5)

    say('news', 7)
    await bench.platform.advance(500)
    expect(changes.at(-1)).toEqual({ kind: 'refused', type: 'AuthError', error: refused })
    expect(channel.state).toBe('failed')
    expect(events).toHaveLength(2)
  })
})
