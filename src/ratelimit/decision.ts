/**
 * The decision of a limiter, with the headers and the body of its HTTP response.
 *
 * The headers are those of draft-ietf-httpapi-ratelimit-headers-11, the problem types those of its
 * section 5.
 *
 * @module
 */

import type { Problem } from '../web/problem.ts'
import { stringList } from '../web/structured-field.ts'
import type { ResolvedPolicy } from './policy.ts'

/** How one policy judged a request. */
export type Verdict =
  /** Redis counted it, or refused it within the last second. */
  | {
      readonly kind: 'counted' | 'remembered'
      readonly policy: ResolvedPolicy
      readonly id: string
      readonly allowed: boolean
      readonly remaining: number
      /** Epoch milliseconds. */
      readonly resetAt: number
    }
  /** Redis could not be asked, so a token bucket of this isolate decided. */
  | {
      readonly kind: 'local'
      readonly policy: ResolvedPolicy
      readonly id: string
      readonly allowed: boolean
      /** Milliseconds until the client may try again; 0 when allowed. */
      readonly waitMs: number
    }

interface Decided {
  /** Where the request was counted: in Redis, or in this isolate while Redis could not be asked. */
  readonly source: 'redis' | 'local'
  /** `RateLimit` and `RateLimit-Policy`; and `Retry-After` with a refusal. */
  readonly headers: Readonly<Record<string, string>>
}

/** The request is within every limit, and was counted. */
export interface RateLimitAllowance extends Decided {
  readonly allowed: true
  /**
   * Reports that the request succeeded: policies that count failures give its unit back, once. Never rejects.
   * If Redis cannot be reached, or the unit's window has ended, nothing is given back.
   */
  succeeded(): Promise<void>
}

/** The request is over a limit, and no policy has counted it. */
export interface RateLimitRefusal extends Decided {
  readonly allowed: false
  /** 429 when a limit is spent; 503 when Redis is down and the local allowance is spent. */
  readonly status: 429 | 503
  /** Seconds until another try may succeed; at least 1. While Redis is down, at most 30. */
  readonly retryAfter: number
  /** The body of the response. */
  readonly problem: Problem
}

/** The decision on a request. */
export type RateLimitDecision = RateLimitAllowance | RateLimitRefusal

const TYPES = 'https://iana.org/assignments/http-problem-types'

/** The parts of a decision that an allowance and a refusal share. */
export function decided(verdicts: readonly Verdict[], now: number): Decided {
  const isLocal = verdicts.some(({ kind }) => kind === 'local')
  if (isLocal) return { source: 'local', headers: {} }
  return { source: 'redis', headers: rateLimitHeaders(verdicts, now) }
}

/** The refusal that follows from these verdicts, of which at least one is not allowed. */
export function refusal(verdicts: readonly Verdict[], now: number): RateLimitRefusal {
  const violated = verdicts.filter(({ allowed }) => !allowed)
  const isSpent = violated.some(({ kind }) => kind !== 'local')
  const retryAfter = Math.max(1, ...violated.map((verdict) => secondsUntil(verdict, now)))
  const { source, headers } = decided(verdicts, now)
  const status = isSpent ? 429 : 503
  const names = violated.filter(({ policy }) => policy.disclose).map(({ policy }) => policy.name)
  return {
    allowed: false,
    source,
    status,
    retryAfter,
    headers: { ...headers, 'retry-after': String(retryAfter) },
    problem: {
      status,
      type: `${TYPES}#${isSpent ? 'quota-exceeded' : 'temporary-reduced-capacity'}`,
      title: isSpent ? 'Too many requests' : 'Too many requests while limits are kept locally',
      ...(names.length > 0 && { extensions: { 'violated-policies': names } }),
      retryAfter,
    },
  }
}

function rateLimitHeaders(
  verdicts: readonly Verdict[],
  now: number,
): Readonly<Record<string, string>> {
  const disclosed = verdicts.filter(({ policy }) => policy.disclose)
  if (disclosed.length === 0) return {}
  const policies = disclosed.map(({ policy }) => ({
    value: policy.name,
    parameters: { q: policy.limit, w: Math.round(policy.windowMs / 1_000) },
  }))
  const limits = disclosed.map((verdict) => ({
    value: verdict.policy.name,
    parameters: {
      r: verdict.kind === 'local' ? 0 : verdict.remaining,
      t: secondsUntil(verdict, now),
    },
  }))
  return { 'ratelimit-policy': stringList(policies), ratelimit: stringList(limits) }
}

function secondsUntil(verdict: Verdict, now: number): number {
  // Redis may be available again long before a bucket of this isolate has a token.
  const ms = verdict.kind === 'local' ? Math.min(verdict.waitMs, 30_000) : verdict.resetAt - now
  return Math.max(0, Math.ceil(ms / 1_000))
}
