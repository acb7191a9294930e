/**
 * Rate limits and log-in protection, with counts in Redis.
 *
 * Exported as `'nearcache/ratelimit'`.
 *
 * @module
 */

export { type Problem, problemResponse } from '../web/problem.ts'
export type { RateLimitAllowance, RateLimitDecision, RateLimitRefusal } from './decision.ts'
export type { RequestFacts } from './identifier.ts'
export { type RateLimitCounts, RateLimiter, type RateLimiterOptions } from './limiter.ts'
export { LOGIN_POLICIES, type Partition, type RateLimitPolicy } from './policy.ts'
export {
  type TrpcCall,
  TrpcRateLimitError,
  type TrpcRateLimitOptions,
  trpcRateLimit,
} from './trpc.ts'
