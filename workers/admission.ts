/**
 * Who may call the admin routes: whoever has the token, unless too many wrong ones came before.
 *
 * @module
 */

import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis'
import type { Context, MiddlewareHandler } from 'hono'
import type { RedisCacheManager } from 'nearcache'
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
const LIMITED = new ProblemError({
  status: 429,
  title: 'Too many wrong tokens',
  retryAfter: 60,
})

/** Counts wrong tokens by address. */
export interface FailureLimit {
  isReached(address: string): Promise<boolean>
  count(address: string): Promise<void>
}

/**
 * A limit kept in the shared tier, so that it holds for all isolates. While the tier is away nothing
 * is counted: the routes are needed most then, and the token is checked as ever.
 */
export function failureLimit(cache: RedisCacheManager): FailureLimit {
  const limit = new Ratelimit({
    redis: new Redis(cache.redis),
    limiter: Ratelimit.fixedWindow(MAX_FAILURES, '1 m'),
    prefix: 'nc:admin',
    // What the isolate remembers would keep an address out after the window has passed elsewhere.
    ephemeralCache: false,
    timeout: 0,
  })
  return {
    isReached: (address) =>
      limit.getRemaining(address).then(
        ({ remaining }) => remaining <= 0,
        () => false,
      ),
    count: (address) =>
      limit.limit(address).then(
        () => undefined,
        () => undefined,
      ),
  }
}

/** Lets through whoever sends the token as `Authorization: Bearer`; all others get a problem. */
export function requireToken(
  token: string | undefined,
  limit: FailureLimit | undefined,
): MiddlewareHandler {
  return async function admission(c, next) {
    c.header('cache-control', 'no-store')
    if (token === undefined) throw CLOSED
    const address = c.req.header('cf-connecting-ip') ?? 'unknown'
    if (await limit?.isReached(address)) throw LIMITED
    if (!(await isSame(bearerOf(c), token))) {
      await limit?.count(address)
      throw REFUSED
    }
    await next()
  }
}

function bearerOf(c: Context): string {
  return /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
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
