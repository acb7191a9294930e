/**
 * The HTTP side of the Worker.
 *
 * @module
 */

import type { Context, Hono, MiddlewareHandler, Next } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { type Problem, problemResponse } from 'nearcache/hono'
import { workersPlatform } from 'nearcache/platform/workers'
import type { Warming } from 'nearcache/warming'
import { requireMailToken } from './admission.ts'
import type { Composition } from './compose.ts'
import { createWarming } from './cron.ts'
import { newApp } from './new-app.ts'
import { logFailure, problemOf } from './problem.ts'
import { adminRoutes } from './routes/admin.ts'
import { emailRoutes } from './routes/emails.ts'
import { healthRoutes } from './routes/health.ts'
import { hubRoutes } from './routes/hubs.ts'
import { llmRoutes } from './routes/llm.ts'
import { loginRoutes } from './routes/login.ts'
import { mailboxRoutes } from './routes/mailbox.ts'
import { meRoutes } from './routes/me.ts'
import { dashboardRoutes, metricsRoutes } from './routes/operations.ts'
import { presenceRoutes } from './routes/presence.ts'
import { realtimeRoutes } from './routes/realtime.ts'
import { sessionRoutes } from './routes/sessions.ts'

/** Enough for the longest message that the mailbox accepts, in the longest encoding of JSON. */
const MAX_BODY_BYTES = 12_000_000

/** The paths that read or change mail. */
const MAILBOX = ['/emails', '/threads', '/conversations', '/analytics', '/graph', '/workflows']

/** More than any log-in needs. Anybody can send one, so the limit is low. */
const MAX_LOGIN_BYTES = 65_536

const CLOSED: Problem = {
  status: 403,
  title: 'Nobody can log in',
  detail: 'Neither AUTHENTICATOR is bound nor DEMO_LOGIN on.',
}

/**
 * Builds the app. Every error leaves it as problem details.
 *
 * @param warming The jobs that the dashboard shows. @default jobs of its own
 */
export function createApp(
  composition: Composition,
  warming: Warming | undefined = composition.caching && createWarming(composition.caching),
): Hono {
  const app = guarded(composition)
  app.route('/emails', emailRoutes(composition.emails))
  app.route('/', mailboxRoutes(composition.emails))
  app.route('/health', healthRoutes(composition.caching))
  if (composition.realtime) {
    app.route('/admin/hubs', hubRoutes(composition.realtime, composition))
  }
  app.route('/admin', adminRoutes(composition))
  app.route('/dashboard', dashboardRoutes(composition, warming))
  app.route('/metrics', metricsRoutes(composition))
  const { caching, llm, sessions, realtime } = composition
  if (sessions) {
    app.route('/sessions', sessionRoutes(sessions))
    app.route('/me', meRoutes(sessions))
    app.route('/login', loginRoutes(sessions))
  } else {
    for (const path of ['/sessions/*', '/me', '/login'])
      app.all(path, () => problemResponse(CLOSED))
  }
  // The proxy only makes sense with the cache.
  if (caching && llm) app.route('/llm', llmRoutes({ ...caching, settings: llm }))
  const [demo] = realtime?.isDemo ? realtime.apps.all : []
  if (demo) app.route('/presence', presenceRoutes(demo))
  if (realtime) app.route('/', realtimeRoutes(realtime))
  app.notFound(({ req }) => notFound(app, req.method, req.path))
  app.onError((error) => {
    // Errors of the session middleware carry their own response.
    if (error instanceof HTTPException && error.res) return error.getResponse()
    const problem = problemOf(error)
    if (problem.status >= 500) logFailure(problem, error)
    // RFC 9110, section 15.5.2: a 401 must name the authentication scheme.
    const scheme = problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
    return problemResponse(problem, { 'cache-control': 'no-store', ...scheme })
  })
  return app
}

const METHODS = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT']

/** Answers 405 if the path exists for another method (RFC 9110, section 15.5.6). */
function notFound(app: Hono, method: string, path: string): Response {
  const there = METHODS.filter((one) =>
    app.router.match(one, path)[0].some(([[, route]]) => route.method === one),
  )
  return there.length === 0 || there.includes(method)
    ? problemResponse({ status: 404, title: 'Not found' })
    : problemResponse({ status: 405, title: 'Method not allowed' }, { allow: `${there}` })
}

/** An app with the checks of the mailbox token and of body sizes. */
function guarded({ mailToken }: Pick<Composition, 'mailToken'>): Hono {
  const app = newApp()
  app.use(carryOn)
  const isOwner = requireMailToken(mailToken)
  for (const path of MAILBOX) app.use(`${path}/*`, isOwner, atMost(MAX_BODY_BYTES))
  app.use('/sessions/*', atMost(MAX_LOGIN_BYTES))
  return app
}

/** If the client disconnects, a request that may change something still runs to its end. */
async function carryOn({ req }: Context, next: Next): Promise<void> {
  const work = next()
  if (req.method !== 'GET') workersPlatform().defer(work)
  await work
}

/** Limits the body size. A body without a declared length is read up to the limit. */
function atMost(maxSize: number): MiddlewareHandler {
  const onError = (): Response => problemResponse({ status: 413, title: 'The body is too long' })
  return bodyLimit({ maxSize, onError })
}
