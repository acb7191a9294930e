/**
 * `/sessions`: log-in, log-out, and the list of a user's sessions.
 *
 * @module
 */

import type { Context, Hono } from 'hono'
import {
  cloudflareAddress,
  GUESS_POLICIES,
  rateLimit,
  refuseCrossSite,
  requireFresh,
  type SessionEnv,
  session,
  sessionCookie,
} from 'nearcache/hono'
import { workersPlatform } from 'nearcache/platform/workers'
import { LOGIN_POLICIES, RateLimiter } from 'nearcache/ratelimit'
import type { Issued, SessionInfo } from 'nearcache/session'
import * as z from 'zod/mini'
import { type Account, isLocal } from '../authenticate.ts'
import { readBody } from '../body.ts'
import type { Sessions } from '../compose.ts'
import { deviceOf } from '../device.ts'
import { newApp } from '../new-app.ts'
import { ProblemError } from '../problem.ts'

const LogIn = z.strictObject({
  email: z.string().check(z.minLength(1), z.maxLength(320)),
  password: z.string().check(z.minLength(1), z.maxLength(1_024)),
  /** `cookie` is for browsers; `bearer` answers the token, for programs. */
  as: z.optional(z.enum(['cookie', 'bearer'])),
})

const WRONG = new ProblemError({
  status: 401,
  title: 'E-mail or password is wrong',
  code: 'credentials_wrong',
})
const NOT_HERE = new ProblemError({
  status: 403,
  title: 'The demo account works on localhost alone',
  code: 'demo_local_only',
})

/** The one cookie of the Worker. */
const cookie = sessionCookie()

/**
 * The middleware for routes that need a session. Limits unknown tokens by address.
 */
export function sessionRequired({ cache, redis, secret }: Sessions): ReturnType<typeof session> {
  const limiter = new RateLimiter({
    redis,
    secret,
    platform: workersPlatform(),
    policies: GUESS_POLICIES,
  })
  return session({ sessions: cache, cookie, guesses: { limiter, address: cloudflareAddress } })
}

/**
 * Builds the routes. Every answer is `no-store`. They answer 401 without a session, and 503 while Redis is
 * down.
 *
 * - `POST /` with `{ email, password, as? }`: 201 with `{ session }`, and the cookie or the token; 401
 *   for wrong credentials, 429 after too many of them, 503 while they cannot be checked.
 * - `GET /` lists the user's sessions: `{ sessions }`.
 * - `GET /current` answers the current session, checked in Redis; `DELETE /current` logs out.
 * - `DELETE /:id` ends another session of the user, 404 if there is none; `POST /revoke-others` ends all
 *   but the current one, and answers `{ revoked }`.
 */
export function sessionRoutes(sessions: Sessions): Hono {
  const { redis, secret, authenticate, isDemo } = sessions
  const limiter = new RateLimiter({
    redis,
    secret,
    platform: workersPlatform(),
    prefix: 'nc:login',
    policies: LOGIN_POLICIES,
  })
  const app = newApp()
  app.use(async function noStore(c, next) {
    await next()
    c.header('cache-control', 'no-store')
  })
  app.post(
    '/',
    refuseCrossSite(),
    rateLimit({ limiter, address: cloudflareAddress, account: accountIn, isSuccess: isNoGuess }),
    async (c) => {
      if (isDemo && !isLocal(c.req.url)) throw NOT_HERE
      const { email, password, as } = await readBody(c, LogIn)
      const known = await authenticate({ email, password }).catch(unavailable)
      if (!known) throw WRONG
      const issued = await openFor(c, sessions, known)
      if (as === 'bearer')
        return c.json({ token: issued.token, session: view(issued.session) }, 201)
      cookie.set(c, issued)
      return c.json({ session: view(issued.session) }, 201)
    },
  )
  app.route('/', ownSessions(sessions))
  return app
}

/** Opens a session, and ends the browser's previous one, which an attacker could have planted. */
async function openFor(c: Context, { cache }: Sessions, account: Account): Promise<Issued> {
  const { userId, email, permissions = [] } = account
  // If there are none, those of an earlier log-in must not hold any longer.
  await cache.cacheUserPermissions(userId, permissions)
  const ip = cloudflareAddress(c)
  const from = cookie.read(c)
  return cache.openSession(userId, email, {
    device: deviceOf(c.req.header('user-agent')),
    ...(ip !== undefined && { ip }),
    ...(from !== undefined && { from }),
  })
}

function ownSessions(sessions: Sessions): Hono<SessionEnv> {
  const { cache } = sessions
  return newApp<SessionEnv>()
    .use(sessionRequired(sessions), requireFresh())
    .get('/', async (c) => {
      const { id, userId } = c.var.session
      const all = await cache.listSessions(userId)
      return c.json({ sessions: all.map((one) => ({ ...view(one), isCurrent: one.id === id })) })
    })
    .get('/current', async (c) => c.json({ session: view(await c.var.session.fresh()) }))
    .delete('/current', async (c) => {
      await c.var.session.destroy()
      return c.body(null, 204)
    })
    .post('/revoke-others', async (c) => {
      return c.json({ revoked: await cache.revokeOthers(c.var.session.token) })
    })
    .delete('/:id', async (c) => {
      if (await cache.revokeSession(c.var.session.userId, c.req.param('id')))
        return c.body(null, 204)
      throw new ProblemError({ status: 404, title: 'There is no such session' })
    })
}

/** The fields of a session that its user sees. */
function view({ id, state, device, ip, createdAt, lastSeenAt, expiresAt }: SessionInfo): object {
  return { id, state, device, ip, createdAt, lastSeenAt, expiresAt }
}

/** The account that a log-in is tried for. */
async function accountIn(c: Context): Promise<string> {
  const { email } = await readBody(c, LogIn)
  return email
}

/** Whether an attempt is no wrong guess: it succeeded, or its credentials could not be checked. */
function isNoGuess({ res: { status } }: Context): boolean {
  return status < 400 || status === 503
}

/** Also answers for what is no answer: a page instead of JSON, or a service that cannot be reached. */
function unavailable(): never {
  throw new ProblemError({ status: 503, title: 'Credentials cannot be checked now', retryAfter: 5 })
}
