/**
 * The limiter as a tRPC middleware. Typed structurally, without an import of tRPC.
 *
 * @module
 */

import { checkFields, checkFunction, checkLimiter } from '../entry/option-checks.ts'
import type { RateLimitDecision, RateLimitRefusal } from './decision.ts'
import type { RequestFacts } from './identifier.ts'
import type { RateLimiter } from './limiter.ts'

/** The arguments of a tRPC middleware that this one uses. */
export interface TrpcCall<Context> {
  readonly ctx: Context
  readonly path: string
}

/** Options for {@link trpcRateLimit}. */
export interface TrpcRateLimitOptions<Context> {
  /** The limiter; one per isolate. */
  readonly limiter: RateLimiter
  /** Returns the properties to limit a call by, from its context, which the client cannot forge. */
  readonly facts: (call: TrpcCall<Context>) => RequestFacts
  /** Called with each decision, to send its headers: `resHeaders.set(…)`. Must not throw. @default none */
  readonly onDecision?: (decision: RateLimitDecision, call: TrpcCall<Context>) => void
}

/**
 * The error of a refused call. tRPC recognises its errors by this name, even across duplicate installs,
 * and answers 429 or 503 by the code.
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
 * give the unit back when the procedure has succeeded.
 *
 * @throws {InvalidOptionError} When an option is missing or unknown.
 * @throws {TrpcRateLimitError} From the middleware, when the call is refused.
 */
export function trpcRateLimit<Context>(
  options: TrpcRateLimitOptions<Context>,
): <Result extends { readonly ok: boolean }>(
  call: TrpcCall<Context> & { next(): Promise<Result> },
) => Promise<Result> {
  checkFields(options, 'options', ['limiter', 'facts', 'onDecision'])
  const { limiter, facts, onDecision } = options
  checkLimiter(limiter)
  checkFunction(facts, 'facts')
  return async function rateLimit(call) {
    const decision = await limiter.limit(facts(call))
    onDecision?.(decision, call)
    if (!decision.allowed) throw new TrpcRateLimitError(decision)
    const result = await call.next()
    if (result.ok) await decision.succeeded()
    return result
  }
}
