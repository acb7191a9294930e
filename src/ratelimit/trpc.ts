/**
 * The limiter as a tRPC middleware, by the shape of one: nothing of tRPC is imported.
 *
 * @module
 */

import type { RateLimitDecision, RateLimitRefusal } from './decision.ts'
import type { RequestFacts } from './identifier.ts'
import type { RateLimiter } from './limiter.ts'

/** What tRPC hands to a middleware, as far as this one looks at it. */
export interface TrpcCall<Context> {
  readonly ctx: Context
  readonly path: string
}

/** Options for {@link trpcRateLimit}. */
export interface TrpcRateLimitOptions<Context> {
  /** Decides; one for an isolate. */
  readonly limiter: RateLimiter
  /** What is known of the call; from its context, which the client does not write. */
  readonly facts: (call: TrpcCall<Context>) => RequestFacts
  /** Told every decision, to send its headers on: `resHeaders.set(…)`. Must not throw. @default none */
  readonly onDecision?: (decision: RateLimitDecision, call: TrpcCall<Context>) => void
}

/**
 * What a refused call fails with. tRPC knows an error of its own by this name, also one of another
 * copy of itself, and answers 429 or 503 by the code.
 */
export class TrpcRateLimitError extends Error {
  override readonly name = 'TRPCError'
  readonly code: 'TOO_MANY_REQUESTS' | 'SERVICE_UNAVAILABLE'
  /** Seconds until another try may succeed. */
  readonly retryAfter: number

  constructor({ status, retryAfter, problem }: RateLimitRefusal) {
    super(problem.title)
    this.code = status === 429 ? 'TOO_MANY_REQUESTS' : 'SERVICE_UNAVAILABLE'
    this.retryAfter = retryAfter
  }
}

/**
 * Limits procedures: `procedure.use(trpcRateLimit({ limiter, facts }))`. Policies that count failures
 * get their unit back when the procedure has succeeded.
 *
 * @throws {TrpcRateLimitError} From the middleware, when the call is refused.
 */
export function trpcRateLimit<Context>(
  options: TrpcRateLimitOptions<Context>,
): <Result extends { readonly ok: boolean }>(
  call: TrpcCall<Context> & { next(): Promise<Result> },
) => Promise<Result> {
  const { limiter, facts, onDecision } = options
  return async function rateLimit(call) {
    const decision = await limiter.limit(facts(call))
    onDecision?.(decision, call)
    if (!decision.allowed) throw new TrpcRateLimitError(decision)
    const result = await call.next()
    if (result.ok) await decision.succeeded()
    return result
  }
}
