/**
 * Rate limits as a Hono middleware.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { checkFields, checkFunction, checkLimiter } from '../entry/option-checks.ts'
import type { RateLimitAllowance } from '../ratelimit/decision.ts'
import type { RateLimiter } from '../ratelimit/limiter.ts'
import { problemResponse } from '../web/problem.ts'

/** Options for {@link rateLimit}. */
export interface RateLimitOptions {
  /** The limiter; one per isolate. */
  readonly limiter: RateLimiter
  /**
   * Returns the client's address, from a source that the client cannot forge: {@link cloudflareAddress}
   * behind Cloudflare, the socket on Node. Never use the leftmost address of `X-Forwarded-For`.
   */
  readonly address: (c: Context) => string | undefined
  /** Returns the account of a request, or the name that a log-in is tried with. @default none */
  readonly account?: (c: Context) => string | undefined | Promise<string | undefined>
  /** Whether the response means success, for policies that count failures. @default status below 400 */
  readonly isSuccess?: (c: Context) => boolean
}

/** What {@link rateLimit} adds to the context. */
export interface RateLimitEnv {
  Variables: { rateLimit: RateLimitAllowance }
}

/**
 * Answers 429 or 503 with problem details once a limit is spent, and reports the limits to clients in
 * `RateLimit`, `RateLimit-Policy` and `Retry-After`. Redis is asked before the handler runs.
 *
 * @throws {InvalidOptionError} When an option is missing or unknown.
 *
 * @example
 * ```ts
 * app.use('/api/*', rateLimit({ limiter, address: cloudflareAddress }))
 * ```
 */
export function rateLimit(options: RateLimitOptions): MiddlewareHandler<RateLimitEnv> {
  checkFields(options, 'options', ['limiter', 'address', 'account', 'isSuccess'])
  const { limiter, address, account, isSuccess = (c) => c.res.status < 400 } = options
  checkLimiter(limiter)
  checkFunction(address, 'address')
  return async function limitRate(c, next) {
    const decision = await limiter.limit({ address: address(c), account: await account?.(c) })
    if (!decision.allowed) return problemResponse(decision.problem, decision.headers)
    c.set('rateLimit', decision)
    await next()
    if (isSuccess(c)) await decision.succeeded()
    // Changing headers copies the response, and one that opens a WebSocket cannot be copied.
    if (c.res.status === 101) return undefined
    // Lists: a limiter of the same route, or a server behind it, may have set its own members.
    for (const [name, value] of Object.entries(decision.headers)) {
      c.header(name, value, { append: true })
    }
    return undefined
  }
}

/**
 * The client's address as set by Cloudflare. Use it only behind Cloudflare: elsewhere a client can send
 * this header itself, and so evade the limit.
 */
export function cloudflareAddress(c: Context): string | undefined {
  return c.req.header('cf-connecting-ip')
}
