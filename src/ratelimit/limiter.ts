/**
 * Decides whether a request is within its limits, in bounded time, whatever Redis does.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { readSecret } from '../entry/key-ring.ts'
import { checkFields, namePrefix, numberWithin } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { Requester } from '../redis/requester.ts'
import {
  decided,
  type RateLimitDecision,
  type RateLimitRefusal,
  refusal,
  type Verdict,
} from './decision.ts'
import { identifierOf, nameKeyOf, type RequestFacts } from './identifier.ts'
import { LocalBuckets } from './local-buckets.ts'
import { type RateLimitPolicy, type ResolvedPolicy, resolvePolicies } from './policy.ts'
import { RecentRefusals } from './refusals.ts'
import { SharedCounts } from './shared-counts.ts'

/** Options for {@link RateLimiter}. */
export interface RateLimiterOptions {
  /** The Redis with the counts: `cache.redis`, a transport, or any `Requester`. */
  readonly redis: Requester
  /** One to eight policies; a request must be within all of them. */
  readonly policies: readonly RateLimitPolicy[]
  /**
   * 32 random bytes as hex, base64 or base64url, used to hash names in Redis; it may also be used elsewhere.
   * Without it, names are plain hashes, and addresses can be found by trying.
   * @default none
   */
  readonly secret?: string
  /** Begins every name in Redis; 1 to 64 characters without braces or spaces. @default 'nc:rl' */
  readonly prefix?: string
  /** How long Redis may take; 1 ms to 10 s. @default '250ms' */
  readonly timeout?: Duration
  /**
   * The share of each limit that an isolate admits by itself while Redis cannot be asked, at least one
   * request; 0 refuses all requests then. From 0 to 1. @default 0.1
   */
  readonly fallbackShare?: number
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** Counts of decisions of this limiter since it was created. */
export interface RateLimitCounts {
  /** Decided by Redis. */
  redis: number
  /** Refused again within a second, without asking Redis. */
  remembered: number
  /** Decided by a token bucket of this isolate, because Redis could not be asked. */
  local: number
  refused: number
}

const FIELDS = ['redis', 'policies', 'secret', 'prefix', 'timeout', 'fallbackShare', 'platform']

interface Asked {
  readonly policy: ResolvedPolicy
  readonly id: string
}

/**
 * Limits requests by address, account or both, with counts in Redis that hold for all isolates.
 *
 * All policies together take one request to Redis. Nothing readable is stored. While Redis is down, slow
 * or sends malformed replies, a token bucket of this isolate admits a share of each limit and refuses the
 * rest with 503: a limiter never admits everything, and never hangs. It has state of its own, so create
 * one limiter per isolate, not one per request.
 *
 * @example
 * ```ts
 * const limiter = new RateLimiter({ redis: cache.redis, policies: LOGIN_POLICIES })
 * const attempt = await limiter.limit({ address, account: email })
 * if (!attempt.allowed) return problemResponse(attempt.problem, attempt.headers)
 * if (await isPassword(email, password)) await attempt.succeeded()
 * ```
 */
export class RateLimiter {
  readonly #platform: Platform
  readonly #policies: readonly ResolvedPolicy[]
  readonly #nameKey: Uint8Array | undefined
  readonly #shared: SharedCounts
  readonly #local: ReadonlyMap<string, LocalBuckets>
  readonly #refusals = new RecentRefusals()
  readonly #counts: RateLimitCounts = { redis: 0, remembered: 0, local: 0, refused: 0 }

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: RateLimiterOptions) {
    checkFields(options, 'options', FIELDS)
    const { redis, platform = webPlatform(), prefix = 'nc:rl', timeout = '250ms' } = options
    const { secret, fallbackShare = 0.1 } = options
    if (typeof redis?.request !== 'function') {
      throw new InvalidOptionError('redis', 'a transport, or a Requester with a request method')
    }
    namePrefix(prefix, 'prefix')
    numberWithin(fallbackShare, 'fallbackShare', 0, 1)
    this.#platform = platform
    this.#policies = resolvePolicies(options.policies)
    this.#nameKey = secret === undefined ? undefined : nameKeyOf(readSecret(secret, 'secret'))
    const timeoutMs = toMilliseconds(timeout, 'timeout', { min: 1, max: 10_000 })
    this.#shared = new SharedCounts({ redis, platform, prefix, timeoutMs })
    this.#local = new Map(
      this.#policies.map((policy) => [policy.name, bucketsOf(policy, fallbackShare)]),
    )
  }

  /** Counts of the decisions so far. */
  get counts(): Readonly<RateLimitCounts> {
    return this.#counts
  }

  /**
   * Counts a request, and returns whether it is allowed. A refused request is not counted by any policy,
   * so that a refused client cannot use up a limit that it shares with others.
   *
   * @throws {InvalidKeyError} Before any I/O, when a policy needs an account that is absent or too
   * long. Never because of Redis.
   */
  async limit(facts: RequestFacts): Promise<RateLimitDecision> {
    const asked = this.#ask(facts)
    const remembered = this.#remembered(asked)
    if (remembered) return remembered
    const verdicts = await Promise.all(asked.map((one) => this.#judge(one)))
    const isLocal = verdicts.some(({ kind }) => kind === 'local')
    this.#counts[isLocal ? 'local' : 'redis']++
    if (verdicts.every(({ allowed }) => allowed)) {
      const failures = verdicts.filter(({ policy }) => policy.counts === 'failures')
      let told: Promise<void> | undefined
      return {
        allowed: true,
        ...decided(verdicts, this.#platform.now()),
        // Once, because the middleware and a handler may both report it.
        succeeded: () => (told ??= this.#giveBack(failures)),
      }
    }
    this.#counts.refused++
    this.#platform.defer(this.#giveBack(verdicts.filter(isCounted)))
    return refusal(verdicts, this.#platform.now())
  }

  #ask(facts: RequestFacts): readonly Asked[] {
    return this.#policies.map((policy) => ({
      policy,
      id: identifierOf(policy.by, facts, this.#nameKey),
    }))
  }

  #remembered(asked: readonly Asked[]): RateLimitRefusal | undefined {
    const now = this.#platform.now()
    const verdicts = asked.flatMap(({ policy, id }): Verdict[] => {
      const resetAt = this.#refusals.resetAt(nameOf(policy, id), now)
      if (resetAt === undefined) return []
      return [{ kind: 'remembered', policy, id, allowed: false, remaining: 0, resetAt }]
    })
    if (verdicts.length === 0) return undefined
    this.#counts.remembered++
    this.#counts.refused++
    return refusal(verdicts, now)
  }

  async #judge({ policy, id }: Asked): Promise<Verdict> {
    try {
      const count = await this.#shared.take(policy, id)
      if (!count.allowed) {
        this.#refusals.remember(nameOf(policy, id), count.resetAt, this.#platform.now())
      }
      return { kind: 'counted', policy, id, ...count }
    } catch {
      // Any failure of Redis. The error is dropped, because its text may contain the identifier (I5).
      const waitMs = this.#local.get(policy.name)?.take(id, this.#platform.now()) ?? 0
      return { kind: 'local', policy, id, allowed: waitMs === 0, waitMs }
    }
  }

  async #giveBack(verdicts: readonly Verdict[]): Promise<void> {
    const now = this.#platform.now()
    const work = verdicts.map(async (verdict) => {
      const { policy, id } = verdict
      if (verdict.kind === 'local') this.#local.get(policy.name)?.giveBack(id, now)
      else await this.#shared.giveBack(policy, id, verdict)
    })
    // Failures are ignored: a unit that is not given back only makes a limit stricter until its window ends.
    await Promise.allSettled(work)
  }
}

function bucketsOf({ limit, windowMs }: ResolvedPolicy, share: number): LocalBuckets {
  const capacity = share === 0 ? 0 : Math.max(1, Math.floor(limit * share))
  return new LocalBuckets({ capacity, windowMs })
}

/** Whether a unit was taken. A fixed window also counts what it refuses. */
function isCounted({ allowed, kind, policy }: Verdict): boolean {
  return allowed || (kind === 'counted' && policy.algorithm === 'fixed-window')
}

function nameOf({ name }: ResolvedPolicy, id: string): string {
  return `${name} ${id}`
}
