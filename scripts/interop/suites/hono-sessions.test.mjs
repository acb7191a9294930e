/**
 * Tests the original middleware of hono-sessions on our store.
 *
 * @module
 */

import { Hono } from 'hono'
import { sessionMiddleware } from 'hono-sessions'
import { HonoSessionsStore } from 'nearcache/interop/hono-sessions'
import { expect, test } from 'vitest'
import { connect, KEYS } from './connect.mjs'

function appOn(redis) {
  const app = new Hono()
  const store = new HonoSessionsStore({ redis, keys: KEYS })
  app.use('*', sessionMiddleware({ store, expireAfterSeconds: 900 }))
  app.post('/login', (c) => {
    c.get('session').set('user', 'ada')
    return c.text('in')
  })
  app.get('/me', (c) => c.text(c.get('session').get('user') ?? 'nobody'))
  app.post('/logout', (c) => {
    c.get('session').deleteSession()
    return c.text('out')
  })
  return app
}

test('knows a visitor again who has logged in, and not after the logout', async () => {
  const app = appOn(connect())
  const login = await app.request('/login', { method: 'POST' })
  const headers = { cookie: login.headers.get('set-cookie').split(';')[0] }
  expect(await (await app.request('/me', { headers })).text()).toBe('ada')
  await app.request('/logout', { method: 'POST', headers })
  expect(await (await app.request('/me', { headers })).text()).toBe('nobody')
})

test('a session that is deleted is not brought back by data that is late', async () => {
  const store = new HonoSessionsStore({ redis: connect(), keys: KEYS })
  await store.createSession('a', { n: 1 })
  await store.deleteSession('a')
  await store.persistSessionData('a', { n: 2 })
  expect(await store.getSessionById('a')).toBe(null)
})
