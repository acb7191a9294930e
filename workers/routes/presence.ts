/**
 * `/presence`: the page on which browser windows see each other come and go, and its authorization endpoint.
 *
 * @module
 */

import type { Hono } from 'hono'
import { problemResponse } from 'nearcache/hono'
import { type App, authorizeChannel } from 'nearcache/websocket/protocol'
import * as z from 'zod/mini'
import { isLocal } from '../authenticate.ts'
import { newApp } from '../new-app.ts'
import { presencePage } from '../pages/presence-page.ts'

const CLOSED = { status: 403, title: 'The demo of presence works on localhost alone' }

/** The form that the client sends, with the parameters that the page adds. */
const Form = z.object({
  socket_id: z.string().check(z.regex(/^\d{1,20}\.\d{1,20}$/)),
  channel_name: z.enum(['presence-demo']),
  user_id: z.string().check(z.regex(/^[A-Za-z0-9-]{1,40}$/)),
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(40)),
})

/** Builds the routes. They do not check identities, so they are open only on localhost. */
export function presenceRoutes(app: App): Hono {
  const routes = newApp()
  routes.use(async (c, next) => (isLocal(c.req.url) ? next() : problemResponse(CLOSED)))
  routes.get('/', (c) =>
    presencePage({
      key: app.key,
      canWave: app.clientEvents === 'members',
      host: new URL(c.req.url).host,
    }),
  )
  routes.post('/auth', async (c) => {
    const read = Form.safeParse(await c.req.parseBody())
    if (!read.success) return problemResponse({ status: 403, title: 'That is not of the demo' })
    const { socket_id, channel_name, user_id, name } = read.data
    const channelData = JSON.stringify({ user_id, user_info: { name } })
    return c.json(authorizeChannel(app, socket_id, channel_name, channelData))
  })
  return routes
}
