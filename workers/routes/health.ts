/**
 * `GET /health/cache`: whether the shared tier answers.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Caching } from '../compose.ts'
import { newApp } from '../new-app.ts'

/**
 * Builds the route. It is public, so it answers only the status: `ok`, `off` if the Worker runs without its
 * cache, or, with 503, `unavailable`.
 */
export function healthRoutes(caching: Pick<Caching, 'cache'> | undefined): Hono {
  return newApp().get('/cache', async (c) => {
    c.header('cache-control', 'no-store')
    if (!caching) return c.json({ status: 'off' })
    try {
      const { result } = await caching.cache.redis.request({ path: [], body: ['PING'] })
      if (result === 'PONG') return c.json({ status: 'ok' })
    } catch {
      // RemoteError, RemoteTimeoutError or CircuitOpenError: answered as unavailable.
    }
    return c.json({ status: 'unavailable' }, 503)
  })
}
