/**
 * `/admin/hubs`: lists the objects that hold the connections of realtime, and drains one of them.
 *
 * @module
 */

import type { Hono } from 'hono'
import { workersPlatform } from 'nearcache/platform/workers'
import { Realtime } from 'nearcache/websocket/objects'
import type { App } from 'nearcache/websocket/protocol'
import * as z from 'zod/mini'
import { failureLimit, requireToken } from '../admission.ts'
import { readBody } from '../body.ts'
import type { Composition } from '../compose.ts'
import { newApp } from '../new-app.ts'
import { ProblemError } from '../problem.ts'
import type { RealtimeSettings } from '../realtime.ts'

const Drain = z.strictObject({
  /** Seconds within which all connections are closed; 0 opens the hub again. */
  withinSeconds: z.number().check(z.minimum(0), z.maximum(3_600)),
})

/**
 * Builds the routes. 401 without the admin token, 403 if none is configured, 404 for an unknown app or hub.
 *
 * - `GET /{app}` answers `{ hubs }`: each with its `sockets`, `capacity`, `channels` and `state`.
 * - `POST /{app}/{hub}/drain` with `{ withinSeconds }` closes its connections with 4200, spread over that
 *   time; their clients reconnect to other hubs. It answers the state of the hub.
 */
export function hubRoutes(
  { apps, bindings, placement }: RealtimeSettings,
  { adminToken, redis }: Pick<Composition, 'adminToken' | 'redis'>,
): Hono {
  const realtime = new Realtime({ bindings, platform: workersPlatform(), ...placement })

  function appOf(id: string): App {
    const app = apps.byId(id)
    if (!app) throw new ProblemError({ status: 404, title: 'There is no such app' })
    return app
  }

  return newApp()
    .use(requireToken(adminToken, failureLimit(redis)))
    .get('/:app', async (c) => {
      const hubs = await realtime.hubs(appOf(c.req.param('app')))
      return c.json({ hubs: Object.fromEntries(hubs) })
    })
    .post('/:app/:hub/drain', async (c) => {
      const app = appOf(c.req.param('app'))
      const { withinSeconds } = await readBody(c, Drain)
      const { hub } = c.req.param()
      if (!realtime.hubNames.includes(hub)) {
        throw new ProblemError({ status: 404, title: 'There is no such hub' })
      }
      return c.json(await realtime.drain(app, hub, withinSeconds * 1_000))
    })
}
