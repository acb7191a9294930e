import { describe, expect, test } from 'vitest'
import { maxFrameChars, readClientFrame } from '../../../../src/websocket/protocol/client-frame.ts'
import { DEFAULT_LIMITS } from '../../../../src/websocket/protocol/limits.ts'
import * as frames from '../../../../src/websocket/protocol/server-frame.ts'

const read = (frame: unknown) =>
  readClientFrame(typeof frame === 'string' ? frame : JSON.stringify(frame), DEFAULT_LIMITS)

/** A frame as a client parses it: data that is a text is parsed once more. */
function received(frame: string): unknown {
  const { data, ...rest } = JSON.parse(frame)
  return {
    ...rest,
    text: typeof data === 'string',
    data: typeof data === 'string' ? JSON.parse(data) : data,
  }
}

describe('readClientFrame', () => {
  test.each([
    [{ event: 'pusher:ping', data: {} }, { kind: 'ping' }],
    [{ event: 'pusher:pong' }, { kind: 'pong' }],
    [
      { event: 'pusher:subscribe', data: { auth: '', channel: 'news' } },
      { kind: 'subscribe', channel: 'news', auth: '', channelData: undefined, resume: undefined },
    ],
    [
      {
        event: 'pusher:subscribe',
        data: { channel: 'presence-x', auth: 'k:s', channel_data: '{}' },
      },
      {
        kind: 'subscribe',
        channel: 'presence-x',
        auth: 'k:s',
        channelData: '{}',
        resume: undefined,
      },
    ],
    [
      { event: 'pusher:subscribe', data: JSON.stringify({ channel: 'news', auth: null }) },
      {
        kind: 'subscribe',
        channel: 'news',
        auth: undefined,
        channelData: undefined,
        resume: undefined,
      },
    ],
    [
      {
        event: 'pusher:subscribe',
        data: { channel: 'news', resume: { epoch: 'e', serial: 3, socket_id: '1.2', more: 1 } },
      },
      {
        kind: 'subscribe',
        channel: 'news',
        auth: undefined,
        channelData: undefined,
        resume: { epoch: 'e', serial: 3, socket_id: '1.2' },
      },
    ],
    [
      { event: 'pusher:unsubscribe', data: { channel: 'news' } },
      { kind: 'unsubscribe', channel: 'news' },
    ],
    [
      { event: 'pusher:signin', data: { auth: 'k:s', user_data: '{}' } },
      { kind: 'signIn', auth: 'k:s', userData: '{}' },
    ],
    [
      { event: 'client-move', channel: 'private-x', data: { x: 1 } },
      { kind: 'clientEvent', event: 'client-move', channel: 'private-x', data: { x: 1 } },
    ],
    [
      {
        event: 'nearcache:presence_update',
        data: { channel: 'presence-x', auth: 'k:s', channel_data: '{}' },
      },
      { kind: 'presenceUpdate', channel: 'presence-x', auth: 'k:s', channelData: '{}' },
    ],
  ])('understands %j', (frame, expected) => {
    expect(read(frame)).toEqual(expected)
  })

  test.each([
    '',
    '[]',
    'null',
    '7',
    '"pusher:ping"',
    '{"event":"pusher:ping"',
    {},
    { event: 7 },
    { event: '' },
    { event: 'constructor' },
    { event: 'pusher:connection_established' },
    { event: 'pusher_internal:member_added', channel: 'presence-x' },
    { event: `client-${'x'.repeat(200)}`, channel: 'private-x' },
    { event: 'pusher:subscribe' },
    { event: 'pusher:subscribe', data: 'news' },
    { event: 'pusher:subscribe', data: { channel: ['news'] } },
    { event: 'pusher:subscribe', data: { channel: 'news', auth: 7 } },
    { event: 'pusher:subscribe', data: { channel: 'news', channel_data: {} } },
    { event: 'pusher:subscribe', data: { channel: 'news', resume: 4 } },
    { event: 'pusher:subscribe', data: { channel: 'news', resume: { epoch: 'e', serial: -1 } } },
    { event: 'pusher:unsubscribe', data: {} },
    { event: 'pusher:signin', data: { auth: 'k:s' } },
    { event: 'pusher:signin', data: { user_data: '{}' } },
    { event: 'client-move', data: 1 },
    { event: 'nearcache:presence_update', channel: 'presence-x' },
    { event: 'nearcache:presence_update', data: { channel: 'presence-x', channel_data: '{}' } },
    { event: 'nearcache:presence_update', data: { channel: 'presence-x', auth: 'k:s' } },
  ])('refuses %j, and quotes nothing of it', (frame) => {
    const refusal = read(frame)

    expect(refusal.kind).toBe('refused')
    expect(JSON.stringify(refusal)).not.toMatch(/xxx|news|k:s/)
  })

  test('refuses binary frames, and those that are too large, before it reads them', () => {
    const most = maxFrameChars(DEFAULT_LIMITS)

    expect(readClientFrame(new ArrayBuffer(4), DEFAULT_LIMITS).kind).toBe('refused')
    expect(read(`{"event":"pusher:ping"}${' '.repeat(most)}`).kind).toBe('refused')
  })

  test('reads a sign-in with the longest watchlist that the app allows', () => {
    const limits = { ...DEFAULT_LIMITS, watchlistUsers: 1_000 }
    const watchlist = Array.from({ length: 1_000 }, (_, i) => String(i).padEnd(128, 'x'))
    const user_data = JSON.stringify({ id: 'ann', watchlist })
    const data = JSON.stringify({ auth: 'k:s', user_data })

    const frame = readClientFrame(JSON.stringify({ event: 'pusher:signin', data }), limits)

    expect(frame).toEqual({ kind: 'signIn', auth: 'k:s', userData: user_data })
  })
})

describe('frames of the server', () => {
  test('give the activity timeout in whole seconds, and never 0', () => {
    expect(received(frames.establishedFrame('1.2', 120_000))).toEqual({
      event: 'pusher:connection_established',
      text: true,
      data: { socket_id: '1.2', activity_timeout: 120 },
    })
    expect(received(frames.establishedFrame('1.2', 10))).toMatchObject({
      data: { activity_timeout: 1 },
    })
  })

  test('answer the exact text that pusher-js pings with', () => {
    expect(frames.PING_FRAME).toBe(JSON.stringify({ event: 'pusher:ping', data: {} }))
    expect(read(frames.PING_FRAME)).toEqual({ kind: 'ping' })
    expect(received(frames.PONG_FRAME)).toEqual({ event: 'pusher:pong', text: false, data: {} })
  })

  test.each<[string, string, unknown]>([
    [
      'subscribed',
      frames.subscribedFrame('news'),
      { event: 'pusher_internal:subscription_succeeded', channel: 'news', text: true, data: {} },
    ],
    [
      'refused',
      frames.subscriptionErrorFrame('news', { type: 'AuthError', error: 'no', status: 401 }),
      {
        event: 'pusher:subscription_error',
        channel: 'news',
        text: false,
        data: { type: 'AuthError', error: 'no', status: 401 },
      },
    ],
    [
      'joined',
      frames.memberAddedFrame('presence-x', '{"user_id":"u","user_info":{"n":1}}'),
      {
        event: 'pusher_internal:member_added',
        channel: 'presence-x',
        text: true,
        data: { user_id: 'u', user_info: { n: 1 } },
      },
    ],
    [
      'left',
      frames.memberRemovedFrame('presence-x', 'u'),
      {
        event: 'pusher_internal:member_removed',
        channel: 'presence-x',
        text: true,
        data: { user_id: 'u' },
      },
    ],
    [
      'counted',
      frames.subscriptionCountFrame('news', 3),
      {
        event: 'pusher_internal:subscription_count',
        channel: 'news',
        text: true,
        data: { subscription_count: 3 },
      },
    ],
    [
      'missed',
      frames.cacheMissFrame('cache-x'),
      { event: 'pusher:cache_miss', channel: 'cache-x', text: false, data: undefined },
    ],
    [
      'signed in',
      frames.signedInFrame('{"id":"u"}'),
      { event: 'pusher:signin_success', text: true, data: { user_data: '{"id":"u"}' } },
    ],
    [
      'watched',
      frames.watchlistFrame([{ name: 'online', userIds: ['u'] }]),
      {
        event: 'pusher_internal:watchlist_events',
        text: true,
        data: { events: [{ name: 'online', user_ids: ['u'] }] },
      },
    ],
    [
      'failed',
      frames.errorFrame('too often', 4301, 'private-x'),
      {
        event: 'pusher:error',
        channel: 'private-x',
        text: false,
        data: { message: 'too often', code: 4301 },
      },
    ],
    [
      'failed without a code',
      frames.errorFrame('no'),
      { event: 'pusher:error', text: false, data: { message: 'no' } },
    ],
    [
      'an event of a member',
      frames.eventFrame('presence-x', 'client-a', { a: 1 }, 'u'),
      { event: 'client-a', channel: 'presence-x', text: false, data: { a: 1 }, user_id: 'u' },
    ],
    [
      'an update of presence',
      frames.presenceUpdateFrame('presence-x', '{"user_id":"u"}', { epoch: 'e', serial: 8 }),
      {
        event: 'nearcache:presence_update',
        channel: 'presence-x',
        text: true,
        data: { user_id: 'u' },
        epoch: 'e',
        serial: 8,
      },
    ],
    [
      'resumed',
      frames.resumedFrame('news', { recovered: false, replayed: 0 }, { epoch: 'e', serial: 9 }),
      {
        event: 'nearcache:resumed',
        channel: 'news',
        text: true,
        data: { recovered: false, replayed: 0 },
        epoch: 'e',
        serial: 9,
      },
    ],
  ])('have the form of the protocol: %s', (_what, frame, expected) => {
    expect(received(frame)).toEqual(expected)
  })
})
