/**
 * Protects routes with a token. For the admin routes, too many wrong tokens from one address block that
 * address for a while.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { Requester } from 'nearcache'
import { bearerIn, cloudflareAddress, isSameSecret, refuseCrossSite } from 'nearcache/hono'
import { workersPlatform } from 'nearcache/platform/workers'
import { RateLimiter } from 'nearcache/ratelimit'
import { isLocal } from './authenticate.ts'
import { ProblemError } from './problem.ts'

/** Wrong tokens that one address may send within a minute. */
const MAX_FAILURES = 10

const CLOSED = new ProblemError({
  status: 403,
  title: 'The admin routes are closed',
  detail: 'No ADMIN_TOKEN is configured. Set one with: wrangler secret put ADMIN_TOKEN',
})
const REFUSED = new ProblemError({
  status: 401,
  title: 'The token is wrong',
  detail: 'Send the configured token as: Authorization: Bearer TOKEN',
})
const FOREIGN = new ProblemError({
  status: 403,
  title: 'The request comes from another site',
  code: 'cross_site',
})
const MAILBOX_CLOSED = new ProblemError({
  status: 403,
  title: 'The mailbox is closed',
  detail: 'No MAIL_TOKEN is configured. Set one with: wrangler secret put MAIL_TOKEN',
})

/**
 * A limit that is kept in the shared tier, so that it holds for all isolates. While the tier is down, each
 * isolate counts for itself: operators need the routes most then, and guessing stays limited.
 */
export function failureLimit(redis: Requester): RateLimiter {
  return new RateLimiter({
    redis,
    platform: workersPlatform(),
    prefix: 'nc:admin',
    fallbackShare: 1,
    policies: [
      {
        name: 'wrong-tokens',
        by: 'address',
        limit: MAX_FAILURES,
        window: '1m',
        counts: 'failures',
        disclose: false,
      },
    ],
  })
}

/** Admits requests that send the token as `Authorization: Bearer`; all others get a problem. */
export function requireToken(token: string | undefined, limit: RateLimiter): MiddlewareHandler {
  return async function admission(c, next) {
    c.header('cache-control', 'no-store')
    if (token === undefined) throw CLOSED
    const attempt = await limit.limit({ address: cloudflareAddress(c) })
    if (!attempt.allowed) {
      throw new ProblemError({ ...attempt.problem, title: 'Too many wrong tokens' })
    }
    if (!(await hasToken(c.req.raw, token))) throw REFUSED
    await attempt.succeeded()
    await next()
  }
}

/**
 * Admits requests that send the token as `Authorization: Bearer`. If no token is configured, admits only
 * requests to localhost, so that a forgotten token does not open the mailbox to everybody. Of these it
 * refuses requests, even reads, that a page of another site has made the browser send: that page cannot see
 * the answer, but could measure how long it takes.
 */
export function requireMailToken(token: string | undefined): MiddlewareHandler {
  const guard = refuseCrossSite()
  return async function mailAdmission(c, next) {
    c.header('cache-control', 'no-store')
    if (token === undefined) {
      if (!isLocal(c.req.url)) throw MAILBOX_CLOSED
      if (/^(?:cross|same)-site$/.test(c.req.header('sec-fetch-site') ?? '')) throw FOREIGN
      return guard(c, next)
    }
    if (!(await hasToken(c.req.raw, token))) throw REFUSED
    return next()
  }
}

/** Whether a request carries the token as `Authorization: Bearer`. */
export function hasToken({ headers }: Request, token: string): Promise<boolean> {
  return isSameSecret(bearerIn(headers), token)
}
