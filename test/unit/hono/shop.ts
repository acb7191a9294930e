/**
 * A test app whose users have sessions, and browsers that use it.
 *
 * @module
 */

import { Hono } from 'hono'
import { requireFresh, type SessionOptions, session } from '../../../src/hono/index.ts'
import type { SessionGate } from '../../../src/session/session.ts'
import type { Cart } from './memory-gate.ts'

export const SITE = 'https://shop.example'

/** An app with a route for each operation that a handler may perform on its session. */
export function shopWith(sessions: SessionGate<Cart>, options: Partial<SessionOptions<Cart>> = {}) {
  return new Hono()
    .use('/my/*', session<Cart>({ sessions, ...options }))
    .get('/my/id', (c) => c.json({ id: c.var.session.id, fresh: c.var.session.isFresh }))
    .get('/my/cart', async (c) => c.json((await c.var.session.fresh()).data))
    .get('/my/rights', (c) => c.json(c.var.session.permissions))
    .get('/my/raw', () => new Response('raw'))
    .get('/my/logo', (c) => c.text('logo', 200, { 'cache-control': 'public, max-age=60' }))
    .post('/my/order', (c) => c.text('ordered'))
    .post('/my/rotate', async (c) => c.json(await c.var.session.rotate()))
    .post('/my/logout', async (c) => {
      await c.var.session.destroy()
      return c.body(null, 204)
    })
    .get('/my/secret', requireFresh(), (c) => c.text('secret'))
}

/** A browser with its cookies. */
export class Browser {
  readonly jar = new Map<string, string>()
  readonly #app: Pick<Hono, 'request'>

  constructor(app: Pick<Hono, 'request'>, token?: string) {
    this.#app = app
    if (token !== undefined) this.jar.set('__Host-session', token)
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookies = [...this.jar].map(([name, value]) => `${name}=${value}`)
    if (cookies.length > 0) headers.set('cookie', cookies.join('; '))
    if (!headers.has('sec-fetch-site')) headers.set('sec-fetch-site', 'same-origin')
    const response = await this.#app.request(`${SITE}${path}`, { ...init, headers })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return response
  }

  post(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.ask(path, { method: 'POST', headers })
  }
}

/** A request with a bearer token, as from a client other than a browser. */
export const bearer = (token: string): RequestInit => ({
  headers: { authorization: `Bearer ${token}` },
})
