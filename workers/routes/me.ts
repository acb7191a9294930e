/**
 * `/me`: an example of a route that is protected at the edge.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { SessionEnv } from 'nearcache/hono'
import type { Sessions } from '../compose.ts'
import { newApp } from '../new-app.ts'
import { sessionRequired } from './sessions.ts'

/**
 * Builds the route. `GET /` answers which user is logged in, mostly without asking Redis: a revocation takes
 * effect within `fastPathBoundMs`.
 */
export function meRoutes(sessions: Sessions): Hono<SessionEnv> {
  const { fastPathBoundMs } = sessions.cache
  return newApp<SessionEnv>()
    .use(sessionRequired(sessions))
    .get('/', (c) => {
      const { userId, permissions = [], isFresh, validatedAt } = c.var.session
      c.header('cache-control', 'no-store')
      return c.json({ userId, permissions, isFresh, validatedAt, fastPathBoundMs })
    })
}
