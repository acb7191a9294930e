/**
 * Middleware for Hono, on every runtime it runs on.
 *
 * Exported as `'nearcache/hono'`.
 *
 * @module
 */

export { type Problem, problemResponse } from '../http/problem.ts'
export {
  cloudflareAddress,
  type RateLimitEnv,
  type RateLimitOptions,
  rateLimit,
} from './rate-limit.ts'
