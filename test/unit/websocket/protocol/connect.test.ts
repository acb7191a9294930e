import { describe, expect, test } from 'vitest'
import { createApps } from '../../../../src/websocket/protocol/app.ts'
import { CLOSES } from '../../../../src/websocket/protocol/close.ts'
import { admit } from '../../../../src/websocket/protocol/connect.ts'

const apps = createApps([
  { id: '1', key: 'open', secret: 'a-secret-of-apps' },
  { id: '2', key: 'off', secret: 'a-secret-of-apps', enabled: false },
  { id: '3', key: 'tls', secret: 'a-secret-of-apps', requireTls: true },
])
const at = (path: string, scheme = 'https') =>
  admit(new URL(`${scheme}://realtime.example${path}`), apps)

describe('admit', () => {
  test('takes what pusher-js sends', () => {
    expect(at('/app/open?protocol=7&client=js&version=8.6.0&flash=false', 'http')).toEqual({
      kind: 'accepted',
      app: apps.byId('1'),
      isExtended: false,
      clientId: undefined,
    })
  })

  test('knows a client that asks for the extensions, by its name', () => {
    expect(at('/app/open?protocol=7&nearcache=1&client_id=abcd-1234')).toMatchObject({
      isExtended: true,
      clientId: 'abcd-1234',
    })
    expect(at('/app/open?protocol=7&client_id=abcd-1234')).toMatchObject({ clientId: undefined })
    expect(at('/app/open?protocol=7&nearcache=1&client_id=a%20b')).toMatchObject({
      isExtended: true,
      clientId: undefined,
    })
  })

  test.each([
    ['/app/open?protocol=4', 'accepted'],
    ['/app/tls?protocol=7', 'accepted'],
    ['/app/none?protocol=7', CLOSES.unknownApp],
    ['/app/off?protocol=7', CLOSES.disabledApp],
    ['/app/?protocol=7', CLOSES.noPath],
    ['/app/open/more?protocol=7', CLOSES.noPath],
    ['/apps/open?protocol=7', CLOSES.noPath],
    ['/app/open', CLOSES.noProtocol],
    ['/app/open?protocol=', CLOSES.noProtocol],
    ['/app/open?protocol=seven', CLOSES.badVersion],
    ['/app/open?protocol=-7', CLOSES.badVersion],
    ['/app/open?protocol=7.5', CLOSES.badVersion],
    ['/app/open?protocol=3', CLOSES.unsupportedProtocol],
    ['/app/open?protocol=8', CLOSES.unsupportedProtocol],
  ])('decides %s', (path, expected) => {
    const admitted = at(path)

    expect(admitted.kind === 'refused' ? admitted.close : admitted.kind).toEqual(expected)
  })

  test('refuses a connection without TLS where the app requires it', () => {
    expect(at('/app/tls?protocol=7', 'http')).toEqual({ kind: 'refused', close: CLOSES.tlsOnly })
    expect(at('/app/tls?protocol=7', 'wss').kind).toBe('accepted')
  })
})
