/**
 * Middleware for Hono, on every runtime that Hono supports.
 *
 * Exported as `'nearcache/hono'`.
 *
 * @module
 */

export { bearerIn, isSameSecret } from '../web/bearer.ts'
export { type Problem, problemResponse } from '../web/problem.ts'
export { type HonoHttpCacheOptions, httpCache } from './http-cache.ts'
export {
  cloudflareAddress,
  type RateLimitEnv,
  type RateLimitOptions,
  rateLimit,
} from './rate-limit.ts'
export {
  GUESS_POLICIES,
  type OptionalSessionEnv,
  requireFresh,
  type SessionEnv,
  type SessionOptions,
  session,
} from './session.ts'
export {
  type AssertedSession,
  type SessionAssertionOptions,
  SessionAssertions,
} from './session-assertion.ts'
export { type SessionCookie, type SessionCookieOptions, sessionCookie } from './session-cookie.ts'
export { type ForwardOptions, forwarder } from './session-forward.ts'
export { type CrossSiteOptions, refuseCrossSite } from './session-origin.ts'
export type { MissingSession } from './session-problems.ts'
export type { RequestSession } from './session-request.ts'
