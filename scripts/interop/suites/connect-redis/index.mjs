/**
 * Our store with the name and the properties that the suite of connect-redis checks.
 *
 * @module
 */

import session from 'express-session'
import { expressSessionStore } from 'nearcache/interop/express-session'
import { connect, KEYS } from '../connect.mjs'

/** A function, because the suite calls it with `new`. */
export function RedisStore({ client }) {
  const store = expressSessionStore(session.Store, { redis: connect(), keys: KEYS })
  return Object.assign(store, {
    ...{ client, prefix: 'sess:', ttl: 86_400, scanCount: 100, serializer: JSON },
    ...{ disableTouch: false, disableTTL: false },
  })
}
