/**
 * Replaces the client with which the suite of connect-redis reads the lifetime of a session, because our
 * sessions have other names in Redis.
 *
 * @module
 */

import { SealedStore } from 'nearcache/session'
import { connect, KEYS } from '../connect.mjs'

export function createClient() {
  const sealed = new SealedStore({ redis: connect(), keys: KEYS, namespace: 'express' })
  return {
    connect: async () => undefined,
    destroy: () => undefined,
    ttl: async (key) => Math.round((await sealed.remaining(key.replace('sess:', ''))) / 1_000),
  }
}
