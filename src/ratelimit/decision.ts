/**
 * What a limiter decided, as an HTTP response tells it.
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
  /** Redis could not be asked, and a bucket of this isolate judged. */
  | {
      readonly kind: 'local'
      readonly policy: ResolvedPolicy
      readonly id: string
      readonly allowed: boolean
      /** Milliseconds until another try; 0 when allowed. */
      readonly waitMs: number
    }

interface Decided {
  /** Where the counts were: in Redis, or, while it could not be asked, in this isolate. */
  readonly source: 'redis' | 'local'
  /** `RateLimit` and `RateLimit-Policy`; and `Retry-After` with a refusal. */
  readonly headers: Readonly<Record<string, string>>
}

/** The request is within every limit, and was counted. */
export interface RateLimitAllowance extends Decided {
  readonly allowed: true
  /**
   * Reports that the request succeeded: policies that count failures get their unit back. The counts
   * are better than they would be without it once this resolves; it never rejects.
   */
  succeeded(): Promise<void>
}

/** The request is over a limit, and was counted by none. */
export interface RateLimitRefusal extends Decided {
  readonly allowed: false
  /** 429 when a limit is spent; 503 when Redis is away and what is allowed meanwhile is spent. */
  readonly status: 429 | 503
  /** Seconds until another try may succeed; at least 1, and while Redis is away at most 30. */
  readonly retryAfter: number
  /** The answer's body. */
  readonly problem: Problem
}

/** What became of a request. */
export type RateLimitDecision = RateLimitAllowance | RateLimitRefusal

const TYPES = 'https://iana.org/assignments/http-problem-types'

/** The parts of a decision that an allowance and a refusal share. */
export function decided(verdicts: readonly Verdict[], now: number): Decided {
  const isLocal = verdicts.some(({ kind }) => kind === 'local')
  if (isLocal) return { source: 'local', headers: {} }
  return { source: 'redis', headers: rateLimitHeaders(verdicts, now) }
}

/** The refusal that these verdicts come to; at least one of them is not allowed. */
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
  // Redis may be back long before a bucket of this isolate has a token.
  const ms = verdict.kind === 'local' ? Math.min(verdict.waitMs, 30_000) : verdict.resetAt - now
  return Math.max(0, Math.ceil(ms / 1_000))
}
