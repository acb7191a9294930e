/**
 * The apps that the Worker under test serves.
 *
 * @module
 */

import type { AppOptions } from '../../../src/websocket/protocol/app.ts'

/** An app with the default limits, and one with short timeouts. */
export const realtimeApps: readonly [AppOptions, AppOptions] = [
  {
    id: 'usual',
    key: 'usual-key',
    secret: 'the-secret-of-the-usual-app',
    clientEvents: 'members',
    limits: { presenceMembers: 5, listedMembers: 3, channelsPerConnection: 150 },
  },
  {
    id: 'hasty',
    key: 'hasty-key',
    secret: 'the-secret-of-the-hasty-app',
    clientEvents: 'members',
    subscriptionCounts: 'on',
    limits: { activityTimeout: '1s', pongTimeout: '1s', leaveGrace: '1s', reloadGrace: '500ms' },
    webhooks: [{ url: 'http://hooks.test/hasty' }],
  },
]
