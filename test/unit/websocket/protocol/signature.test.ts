import Pusher from 'pusher'
import { describe, expect, test } from 'vitest'
import { InvalidKeyError } from '../../../../src/errors.ts'
import {
  requestProblem,
  type SignedRequest,
  signedQuery,
} from '../../../../src/websocket/protocol/request-signature.ts'
import {
  authorizeChannel,
  authorizeUser,
  isChannelAuthorized,
  isUserAuthorized,
} from '../../../../src/websocket/protocol/signature.ts'

/** The credentials and texts of Pusher's worked examples: docs, auth-signatures and rest-api. */
const app = { key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' }
const SOCKET = '1234.1234'
const CHANNEL_DATA = '{"user_id":10,"user_info":{"name":"Mr. Pusher"}}'
const sdk = new Pusher({ appId: '3', host: 'localhost', ...app })

describe('authorizeChannel', () => {
  test('signs the private channel of the worked example', () => {
    expect(authorizeChannel(app, SOCKET, 'private-foobar')).toEqual({
      auth: `${app.key}:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4`,
    })
  })

  test('signs the presence channel of the worked example', () => {
    expect(authorizeChannel(app, SOCKET, 'presence-foobar', CHANNEL_DATA)).toEqual({
      auth: `${app.key}:afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c`,
      channel_data: CHANNEL_DATA,
    })
  })

  test('signs text beyond ASCII as the server SDK does', () => {
    const data = { user_id: 'é😀', user_info: { name: 'Zoë' } }

    expect(authorizeChannel(app, SOCKET, 'presence-x', JSON.stringify(data))).toEqual(
      sdk.authorizeChannel(SOCKET, 'presence-x', data),
    )
  })
})

describe('authorizeUser', () => {
  test('signs the user of the worked example', () => {
    expect(authorizeUser(app, SOCKET, '{"id":"12345"}')).toEqual({
      auth: `${app.key}:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba`,
      user_data: '{"id":"12345"}',
    })
  })
})

describe('what a client sends to be signed', () => {
  test.each([
    ['an id that goes on as a channel', '1.2:private-admin', 'private-mallory'],
    ['an id that goes on as a user', '1.2::user::{"id":"admin"}', 'private-mallory'],
    ['a channel that goes on as data', '1.2', 'presence-room:{"user_id":"admin"}'],
    ['an id of several lines', '1.2\n', 'private-mallory'],
    ['no channel', '1.2', ''],
  ])('is not signed for another channel: %s', (_what, socketId, channel) => {
    expect(() => authorizeChannel(app, socketId, channel)).toThrow(InvalidKeyError)
  })

  test('opens no channel by way of a sign-in', () => {
    const socketId = '1.2:private-admin'

    expect(() => authorizeUser(app, socketId, '{"id":"mallory"}')).toThrow(InvalidKeyError)
  })
})

describe('isChannelAuthorized', () => {
  const { auth } = authorizeChannel(app, SOCKET, 'presence-foobar', CHANNEL_DATA)

  test('accepts a signature for this connection, channel and data', () => {
    const signed = { auth, channelData: CHANNEL_DATA }

    expect(isChannelAuthorized(app, SOCKET, 'presence-foobar', signed)).toBe(true)
  })

  test.each([
    ['another connection', '1234.1235', 'presence-foobar', CHANNEL_DATA, auth],
    ['another channel', SOCKET, 'presence-foobaz', CHANNEL_DATA, auth],
    ['other data', SOCKET, 'presence-foobar', CHANNEL_DATA.replace('10', '11'), auth],
    ['no data', SOCKET, 'presence-foobar', undefined, auth],
    ['another key', SOCKET, 'presence-foobar', CHANNEL_DATA, auth.replace('2', '3')],
    ['a part of the signature', SOCKET, 'presence-foobar', CHANNEL_DATA, auth.slice(0, -1)],
    ['no signature', SOCKET, 'presence-foobar', CHANNEL_DATA, undefined],
  ])('refuses %s', (_what, socketId, channel, channelData, auth) => {
    expect(isChannelAuthorized(app, socketId, channel, { auth, channelData })).toBe(false)
  })
})

describe('isUserAuthorized', () => {
  test('accepts what the server SDK signs, for that connection alone', () => {
    const { auth, user_data } = sdk.authenticateUser(SOCKET, { id: 'u', watchlist: ['v'] })
    const signed = { auth, userData: user_data }

    expect(isUserAuthorized(app, SOCKET, signed)).toBe(true)
    expect(isUserAuthorized(app, '1.1', signed)).toBe(false)
  })
})

describe('requests', () => {
  const NOW = 1_353_088_179_000
  const request: SignedRequest = {
    method: 'POST',
    path: '/apps/3/events',
    query: {},
    body: '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}',
  }
  const signed = (changes: Partial<SignedRequest> = {}): SignedRequest => {
    const { query, ...rest } = { ...request, ...changes }
    const all = signedQuery(app, { query, ...rest }, NOW)
    return { ...rest, query: Object.fromEntries(all) }
  }

  test('are signed as in the worked example', () => {
    expect(Object.fromEntries(signedQuery(app, request, NOW))).toEqual({
      auth_key: app.key,
      auth_timestamp: '1353088179',
      auth_version: '1.0',
      body_md5: 'ec365a775a4cd0599faeb73354201b6f',
      auth_signature: 'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    })
  })

  test('are accepted as the server SDK signs them, over decoded parameters', () => {
    const query = sdk.createSignedQueryString({
      method: 'GET',
      path: '/apps/3/channels',
      params: { filter_by_prefix: 'presence-é &=x', info: 'user_count' },
    })
    // The SDK joins parameters unescaped, and fetch escapes what it must.
    const split = query
      .split(/&(?=auth_|filter|info)/)
      .map((pair) => pair.split(/=(.*)/s).slice(0, 2))
    const now = Number(Object.fromEntries(split).auth_timestamp) * 1_000
    const sent = {
      method: 'GET',
      path: '/apps/3/channels',
      query: Object.fromEntries(split),
      body: '',
    }

    expect(requestProblem(app, sent, now)).toBeUndefined()
  })

  test('are accepted ten minutes early and late, and not a second more', () => {
    expect(requestProblem(app, signed(), NOW + 600_000)).toBeUndefined()
    expect(requestProblem(app, signed(), NOW - 600_000)).toBeUndefined()
    expect(requestProblem(app, signed(), NOW + 601_000)).toMatch(/auth_timestamp/)
    expect(requestProblem(app, signed(), NOW - 601_000)).toMatch(/auth_timestamp/)
  })

  test('are accepted whether their path was signed before or after it was encoded', () => {
    const path = '/apps/3/users/a%20b/terminate_connections'
    const before = signed({ path: decodeURIComponent(path) })

    expect(requestProblem(app, signed({ path }), NOW)).toBeUndefined()
    expect(requestProblem(app, { ...before, path }, NOW)).toBeUndefined()
    expect(requestProblem(app, signed({ path: '/apps/3/users/%/x' }), NOW)).toBeUndefined()
  })

  test.each([
    ['another method', { method: 'GET' }],
    ['another path', { path: '/apps/4/events' }],
    ['another body', { body: '{}' }],
    ['no body', { body: '' }],
    ['another parameter', { query: { ...signed().query, info: 'user_count' } }],
    ['another version', { query: { ...signed().query, auth_version: '2.0' } }],
    ['another key', { query: { ...signed().query, auth_key: 'other' } }],
    ['no timestamp', { query: { ...signed().query, auth_timestamp: 'soon' } }],
    ['no signature', { query: { ...signed().query, auth_signature: '' } }],
  ])('are refused with %s', (_what, changes) => {
    expect(requestProblem(app, { ...signed(), ...changes }, NOW)).toBeTypeOf('string')
  })

  test('are refused with a body that is not part of what was signed', () => {
    const bare = signed({ body: '' })

    expect(requestProblem(app, { ...bare, body: request.body }, NOW)).toMatch(/body_md5/)
  })

  test('are refused when they are signed with the secret and another key', () => {
    const query = Object.fromEntries(signedQuery({ ...app, key: 'other' }, request, NOW))

    expect(requestProblem(app, { ...request, query }, NOW)).toMatch(/auth_key/)
  })
})
