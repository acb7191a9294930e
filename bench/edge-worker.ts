/**
 * The Worker that bench/edge.ts measures: two routes with the session middleware and one without. Redis is an
 * engine in the same isolate, so the benchmark measures CPU and no network.
 *
 * @module
 */

import { Hono } from 'hono'
import { session } from 'nearcache/hono'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { SessionUserCache } from 'nearcache/session'

const sessions = new SessionUserCache({
  redis: embeddedTransport(),
  keys: [{ id: 'bench', secret: '11'.repeat(32) }],
  fastPath: '60s',
})
const app = new Hono()
  .get('/open', (c) => c.text('ok'))
  .use('/full', session({ sessions, requireFresh: true }))
  .get('/full', (c) => c.text(c.var.session.userId))
  .use('/fast', session({ sessions }))
  .get('/fast', (c) => c.text(c.var.session.userId))

/** Runs a route many times within one request from outside, so that HTTP hardly counts. */
async function runMany(path: string, count: number, cookie: string): Promise<Response> {
  const headers = { cookie }
  const before = sessions.redis.counts.commands
  for (let i = 0; i < count; i++) {
    const response = await app.request(`https://shop.example${path}`, { headers })
    if (response.status !== 200) return new Response('refused', { status: 500 })
  }
  return Response.json({ commands: sessions.redis.counts.commands - before })
}

/** The cookies of a session, as a browser has them after one request. */
async function logIn(): Promise<Response> {
  const token = await sessions.createSession('user-1', 'ada@shop.example')
  await sessions.cacheUserPermissions('user-1', ['mail:read'])
  const own = `__Host-session=${token}`
  const response = await app.request('https://shop.example/fast', { headers: { cookie: own } })
  const [fast = ''] = response.headers.getSetCookie()[0]?.split(';') ?? []
  return new Response(`${own}; ${fast}`)
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/log-in') return logIn()
    const cookie = request.headers.get('cookie') ?? ''
    return runMany(pathname, Number(searchParams.get('count')), cookie)
  },
}
