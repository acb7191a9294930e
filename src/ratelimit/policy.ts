/**
 * Rate limit policies: how many requests, from which clients, in which time.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkBoolean, checkFields, oneOf, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'

/**
 * Which requests share a count: those of one `address` (IPv4, or the /64 of IPv6), `account`, `pair` (an
 * account and an address together) or `client` (the account if there is one, else the address), or `all`.
 */
export type Partition = 'address' | 'account' | 'pair' | 'client' | 'all'

/** One limit. A request has to be within all the limits of its limiter. */
export interface RateLimitPolicy {
  /** Names the policy in headers and in Redis; 1 to 64 of `A-Za-z0-9_-`. */
  readonly name: string
  readonly by: Partition
  /** How many requests in the window; a whole number from 1 to 1,000,000. */
  readonly limit: number
  /** From one second to 30 days. */
  readonly window: Duration
  /**
   * `sliding-window` adds the previous window's count, weighted by how much of that window is still within
   * the last `window`. `fixed-window` restarts at multiples of the window, and admits up to twice the limit
   * around such an instant. `token-bucket` allows a burst of `limit`, then refills evenly, at steps of at
   * least 100 ms.
   * @default 'sliding-window'
   */
  readonly algorithm?: 'sliding-window' | 'fixed-window' | 'token-bucket'
  /**
   * `requests` counts every request. `failures` gives the unit back when the request is reported to have
   * succeeded, so that only failures stay counted. @default 'requests'
   */
  readonly counts?: 'requests' | 'failures'
  /**
   * Whether responses show the policy and the remaining units. The rest of an account's limit would show
   * its owner's activity to strangers. @default false for `account` and `pair`, else true
   */
  readonly disclose?: boolean
}

/** A validated policy. */
export interface ResolvedPolicy {
  readonly name: string
  readonly by: Partition
  readonly limit: number
  readonly windowMs: number
  readonly algorithm: NonNullable<RateLimitPolicy['algorithm']>
  readonly counts: NonNullable<RateLimitPolicy['counts']>
  readonly disclose: boolean
}

/**
 * Policies for a log-in: 5 failures in 15 minutes for an account from one address, 20 failures in 5 minutes
 * for an address with any account, and, against guessing from many addresses, 50 failures in an hour for an
 * account. The last limit is high, because strangers can use it up and so lock out the owner.
 */
export const LOGIN_POLICIES: readonly RateLimitPolicy[] = Object.freeze([
  { name: 'login-pair', by: 'pair', limit: 5, window: '15m', counts: 'failures' },
  { name: 'login-address', by: 'address', limit: 20, window: '5m', counts: 'failures' },
  { name: 'login-account', by: 'account', limit: 50, window: '1h', counts: 'failures' },
])

const FIELDS = ['name', 'by', 'limit', 'window', 'algorithm', 'counts', 'disclose']
const MAX_POLICIES = 8
const MAX_LIMIT = 1_000_000
const WINDOW = { min: 1_000, max: 30 * 86_400_000 }
const NAME = /^[\w-]{1,64}$/
const PARTITIONS: readonly Partition[] = ['address', 'account', 'pair', 'client', 'all']
const ALGORITHMS = ['sliding-window', 'fixed-window', 'token-bucket'] as const

/** @throws {InvalidOptionError} When a policy is invalid; names the first invalid field. */
export function resolvePolicies(policies: readonly RateLimitPolicy[]): readonly ResolvedPolicy[] {
  if (!Array.isArray(policies) || policies.length === 0 || policies.length > MAX_POLICIES) {
    throw new InvalidOptionError('policies', `a list of 1 to ${MAX_POLICIES} policies`)
  }
  const resolved = policies.map(resolve)
  if (new Set(resolved.map(({ name }) => name)).size < resolved.length) {
    throw new InvalidOptionError('policies', 'policies with different names')
  }
  return resolved
}

function resolve(policy: RateLimitPolicy, position: number): ResolvedPolicy {
  const path = `policies[${position}]`
  checkFields(policy, path, FIELDS)
  const { name, by, limit, window, algorithm = 'sliding-window', counts = 'requests' } = policy
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidOptionError(`${path}.name`, '1 to 64 of A-Za-z0-9_-')
  }
  oneOf(by, `${path}.by`, PARTITIONS)
  wholeNumber(limit, `${path}.limit`, 1, MAX_LIMIT)
  oneOf(algorithm, `${path}.algorithm`, ALGORITHMS)
  oneOf(counts, `${path}.counts`, ['requests', 'failures'])
  const { disclose = by !== 'account' && by !== 'pair' } = policy
  checkBoolean(disclose, `${path}.disclose`)
  const windowMs = toMilliseconds(window, `${path}.window`, WINDOW)
  return { name, by, limit, windowMs, algorithm, counts, disclose }
}
