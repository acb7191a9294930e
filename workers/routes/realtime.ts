/**
 * `/app/{key}` and `/apps/{id}/…`: connections of Pusher clients, and the HTTP API of their servers.
 *
 * @module
 */

import type { Hono } from 'hono'
import { problemResponse } from 'nearcache/hono'
import { workersPlatform } from 'nearcache/platform/workers'
import { admit, CLOSES, type Close, Realtime } from 'nearcache/websocket/objects'
import { realtimeApi } from 'nearcache/websocket/protocol'
import { newApp } from '../new-app.ts'
import { logFailure } from '../problem.ts'
import type { RealtimeSettings } from '../realtime.ts'

/** Where the demo app may be used. */
const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Builds the routes. A refused client gets a close code, because clients do not evaluate an HTTP status. */
export function realtimeRoutes(settings: RealtimeSettings): Hono {
  const { apps, bindings, placement, isDemo } = settings
  const platform = workersPlatform()
  const realtime = new Realtime({ bindings, platform, ...placement })
  const app = newApp()

  if (isDemo) {
    app.use(async (c, next) => {
      if (LOCAL.has(new URL(c.req.url).hostname)) return next()
      return problemResponse({ status: 403, title: 'The demo app is for localhost alone' })
    })
  }
  app.get('/app/*', async (c) => {
    if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
      return problemResponse({ status: 426, title: 'Connect by WebSocket' })
    }
    const admitted = admit(new URL(c.req.url), apps)
    if (admitted.kind === 'refused') return refuse(admitted.close)
    const answer = await realtime.connect(admitted.app, admitted, c.req.raw)
    return answer ?? refuse(CLOSES.overCapacity)
  })
  const onError = (error: unknown): void => logFailure({ status: 503, title: 'Unavailable' }, error)
  app.route('/', realtimeApi({ apps, port: realtime, now: () => platform.now(), onError }))
  return app
}

/** Accepts the connection first: only an open connection can be closed with a code. */
function refuse({ code, reason }: Close): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket]
  server.accept()
  server.close(code, reason)
  return new Response(null, { status: 101, webSocket: client })
}
