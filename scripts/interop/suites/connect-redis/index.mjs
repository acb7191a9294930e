/**
 * Our store under the name and with the properties that the suite of connect-redis looks at.
 *
 * @module
 */

import session from 'express-session'
import { expressSessionStore } from 'nearcache/interop/express-session'
import { connect, KEYS } from '../connect.mjs'

/** Made by `new`, as the suite does. */
export function RedisStore({ client }) {
  const store = expressSessionStore(session.Store, { redis: connect(), keys: KEYS })
  return Object.assign(store, {
    ...{ client, prefix: 'sess:', ttl: 86_400, scanCount: 100, serializer: JSON },
    ...{ disableTouch: false, disableTTL: false },
  })
}
