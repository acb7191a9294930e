/**
 * Who may call the admin routes: whoever has the token, unless too many wrong ones came before.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { Requester } from 'nearcache'
import { cloudflareAddress } from 'nearcache/hono'
import { workersPlatform } from 'nearcache/platform/workers'
import { RateLimiter } from 'nearcache/ratelimit'
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
/**
 * A limit kept in the shared tier, so that it holds for all isolates. While the tier is away each
 * isolate counts for itself: the routes are needed most then, and still nobody guesses without end.
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

/** Lets through whoever sends the token as `Authorization: Bearer`; all others get a problem. */
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

/** Whether a request carries the token as `Authorization: Bearer`. */
export function hasToken({ headers }: Request, token: string): Promise<boolean> {
  const [, bearer = ''] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
  return isSame(bearer, token)
}

/** Compares hashes of equal length in full, so that the time taken tells nothing of the token. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const [a, b] = await Promise.all([digest(given), digest(expected)])
  let difference = 0
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0)
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
