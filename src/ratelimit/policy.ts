/**
 * What a limiter is told: how many, of whom, and within which time.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkBoolean, oneOf, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'

/**
 * Who shares a count: `address` (an IPv4 address, or the /64 of an IPv6 one), `account`, `pair` (an
 * account as tried from one address), `client` (the account where there is one, else the address),
 * or `all` (everybody together).
 */
export type Partition = 'address' | 'account' | 'pair' | 'client' | 'all'

/** One limit. A request has to be within all the limits of its limiter. */
export interface RateLimitPolicy {
  /** Names the policy in headers and in Redis; 1 to 64 of `A-Za-z0-9_-`. */
  readonly name: string
  readonly by: Partition
  /** How many within the window; a whole number from 1 to 1,000,000. */
  readonly limit: number
  /** From one second to 30 days. */
  readonly window: Duration
  /**
   * `sliding-window` weighs the window before by how much of it still lies within the last window's
   * length; `fixed-window` starts anew at multiples of the window, and lets up to twice the limit
   * through around such an instant; `token-bucket` allows a burst of `limit`, then refills evenly.
   * @default 'sliding-window'
   */
  readonly algorithm?: 'sliding-window' | 'fixed-window' | 'token-bucket'
  /**
   * `requests` counts every request; `failures` gives a request its unit back when it is reported to
   * have succeeded, so that only failures stay. @default 'requests'
   */
  readonly counts?: 'requests' | 'failures'
  /**
   * Whether clients are told the policy and what remains of it. What remains of an account's limit
   * tells a stranger what its owner does. @default false for `account` and `pair`, else true
   */
  readonly disclose?: boolean
}

/** A policy, checked. */
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
 * Guards a log-in: 5 failures in 15 minutes for an account as tried from one address, 20 failures in
 * 5 minutes for an address whatever the account, and, against guessing from many addresses, 50
 * failures an hour for an account. The last is wide, since strangers can spend it for its owner.
 */
export const LOGIN_POLICIES: readonly RateLimitPolicy[] = Object.freeze([
  { name: 'login-pair', by: 'pair', limit: 5, window: '15m', counts: 'failures' },
  { name: 'login-address', by: 'address', limit: 20, window: '5m', counts: 'failures' },
  { name: 'login-account', by: 'account', limit: 50, window: '1h', counts: 'failures' },
])

const MAX_POLICIES = 8
const MAX_LIMIT = 1_000_000
const WINDOW = { min: 1_000, max: 30 * 86_400_000 }
const NAME = /^[\w-]{1,64}$/
const PARTITIONS: readonly Partition[] = ['address', 'account', 'pair', 'client', 'all']
const ALGORITHMS = ['sliding-window', 'fixed-window', 'token-bucket'] as const

/** @throws {InvalidOptionError} Naming the field of the first policy that cannot be one. */
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
  const { name, by, limit, window, algorithm = 'sliding-window', counts = 'requests' } = policy
  const path = `policies[${position}]`
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
