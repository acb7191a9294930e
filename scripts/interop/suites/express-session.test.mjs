/**
 * Tests the original middleware of express-session on our store, over HTTP.
 *
 * @module
 */

import express from 'express'
import session from 'express-session'
import { expressSessionStore } from 'nearcache/interop/express-session'
import request from 'supertest'
import { expect, test } from 'vitest'
import { connect, KEYS } from './connect.mjs'

function appOn(redis, held = Promise.resolve()) {
  const app = express()
  const store = expressSessionStore(session.Store, { redis, keys: KEYS })
  app.use(session({ secret: 'secret', resave: false, saveUninitialized: false, store }))
  app.post('/login', (req, res, next) =>
    req.session.regenerate((error) => {
      if (error) return next(error)
      req.session.user = 'ada'
      res.end('in')
    }),
  )
  app.get('/me', (req, res) => res.end(req.session.user ?? 'nobody'))
  app.get('/slow', async (req, res) => {
    req.session.seen = true
    await held
    res.end('slow')
  })
  app.post('/logout', (req, res, next) =>
    req.session.destroy((error) => (error ? next(error) : res.end('out'))),
  )
  app.use((_error, _req, res, _next) => res.status(503).end())
  return app
}

test('knows a visitor again who has logged in, and not after the logout', async () => {
  const agent = request.agent(appOn(connect()))
  expect((await agent.get('/me')).text).toBe('nobody')
  await agent.post('/login').expect(200)
  expect((await agent.get('/me')).text).toBe('ada')
  await agent.post('/logout').expect(200)
  expect((await agent.get('/me')).text).toBe('nobody')
})

test('a request that was under way during a logout does not bring the session back', async () => {
  const gate = Promise.withResolvers()
  const agent = request.agent(appOn(connect(), gate.promise))
  const login = await agent.post('/login')
  const cookie = login.headers['set-cookie'][0].split(';')[0]
  const slow = agent.get('/slow').then((response) => response)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await agent.post('/logout').expect(200)
  gate.resolve()
  await slow

  const response = await request(appOn(connect())).get('/me').set('cookie', cookie)
  expect(response.text).toBe('nobody')
})

test('fails, and does not hang, where Redis cannot be asked', async () => {
  const agent = request.agent(appOn(connect()))
  const cookie = (await agent.post('/login')).headers['set-cookie'][0].split(';')[0]
  const away = { request: () => Promise.reject(new Error('away')) }

  await request(appOn(away)).get('/me').set('cookie', cookie).expect(503)
})
