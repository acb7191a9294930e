/**
 * Counts in Redis, by the scripts of `@upstash/ratelimit`. Its own handling of failures is not used.
 *
 * @module
 */

// Its `main` is CommonJS, of which a bundler cannot leave anything out.
import { Ratelimit } from '@upstash/ratelimit/dist/index.mjs'
import { RemoteError, RemoteTimeoutError } from '../errors.ts'
import { withDeadline } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { guard } from '../redis/guard.ts'
import { RedisLink } from '../redis/link.ts'
import type { Argument, Requester } from '../redis/requester.ts'
import type { ResolvedPolicy } from './policy.ts'
import { UpstashScripts } from './upstash-scripts.ts'

/** The state of a count in Redis. */
export interface Count {
  readonly allowed: boolean
  readonly remaining: number
  /** Epoch milliseconds. */
  readonly resetAt: number
}

/** Options for {@link SharedCounts}. */
export interface SharedCountsOptions {
  readonly redis: Requester
  readonly platform: Platform
  readonly prefix: string
  readonly timeoutMs: number
}

type Options = ConstructorParameters<typeof Ratelimit>[0]

/** The methods that the library calls, and `pexpire`. Upstash's own client would add all commands to the bundle. */
interface ScriptClient {
  evalsha(sha1: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  eval(lua: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>
  pexpire(key: string, ms: number): Promise<unknown>
}

/** The counts of a limiter's policies. Calls in one tick are sent as one request. */
export class SharedCounts {
  readonly #platform: Platform
  readonly #timeoutMs: number
  readonly #prefix: string
  readonly #redis: ScriptClient
  readonly #limits = new Map<string, Ratelimit>()

  constructor({ redis, platform, prefix, timeoutMs }: SharedCountsOptions) {
    this.#platform = platform
    this.#timeoutMs = timeoutMs
    this.#prefix = prefix
    this.#redis = batching(redis, platform, timeoutMs)
  }

  /**
   * Takes a unit.
   *
   * @throws {RemoteTimeoutError} When the answer takes longer than the timeout.
   * @throws When Redis cannot be asked, refuses the script, or sends a malformed reply.
   */
  async take(policy: ResolvedPolicy, id: string): Promise<Count> {
    const { success, remaining, reset, limit } = await this.#ask(policy, id, 1)
    // Every script returns the limit that it was given, so a different limit means a malformed reply.
    if (limit !== policy.limit) throw NO_COUNT
    return { allowed: success, remaining: Math.floor(remaining), resetAt: reset }
  }

  /** Returns a unit of a count that {@link take} returned. Throws as that does. */
  async giveBack(policy: ResolvedPolicy, id: string, count: Count): Promise<void> {
    const now = this.#platform.now()
    if (policy.algorithm !== 'token-bucket') {
      // The next window has a count of its own, from which this unit was not taken.
      if (now < count.resetAt) await this.#ask(policy, id, -1)
      return
    }
    // Redis has forgotten a full bucket, and the script would create it again without an expiry.
    if (fullAt(policy, count) <= now + this.#timeoutMs) return
    const { remaining } = await this.#ask(policy, id, -1)
    // Other units that were given back may have filled it earlier.
    if (remaining >= policy.limit) {
      await this.#redis.pexpire(`${this.#prefix}:${policy.name}:{${id}}`, policy.windowMs)
    }
  }

  #ask(policy: ResolvedPolicy, id: string, rate: number): ReturnType<Ratelimit['limit']> {
    const timedOut = (): unknown => new RemoteTimeoutError('EVALSHA', this.#timeoutMs)
    return withDeadline(this.#platform, this.#timeoutMs, timedOut, () =>
      // The braces keep both windows of an identifier in one slot of a cluster.
      this.#limitOf(policy).limit(`{${id}}`, { rate }),
    )
  }

  #limitOf(policy: ResolvedPolicy): Ratelimit {
    const known = this.#limits.get(policy.name)
    if (known) return known
    const limit = new Ratelimit({
      redis: this.#redis as unknown as Options['redis'],
      limiter: limiterOf(policy),
      prefix: `${this.#prefix}:${policy.name}`,
      // The library's cache of refusals is unbounded, and on its timeout it admits every request.
      ephemeralCache: false,
      timeout: 0,
    })
    this.#limits.set(policy.name, limit)
    return limit
  }
}

const NO_COUNT = new RemoteError({
  operation: 'EVALSHA',
  reason: 'malformed reply',
  applied: 'unknown',
})

function limiterOf({ algorithm, limit, windowMs }: ResolvedPolicy): Options['limiter'] {
  switch (algorithm) {
    case 'sliding-window':
      return Ratelimit.slidingWindow(limit, `${windowMs} ms`)
    case 'fixed-window':
      return Ratelimit.fixedWindow(limit, `${windowMs} ms`)
    case 'token-bucket': {
      const { tokens, everyMs } = refillOf({ limit, windowMs })
      return Ratelimit.tokenBucket(tokens, `${everyMs} ms`, limit)
    }
  }
}

/** The script refills at whole milliseconds, so refills that are closer would have a very different rate. */
const LEAST_REFILL_MS = 100

function refillOf({ limit, windowMs }: Pick<ResolvedPolicy, 'limit' | 'windowMs'>): {
  readonly tokens: number
  readonly everyMs: number
} {
  const tokens = Math.ceil((limit * LEAST_REFILL_MS) / windowMs)
  return { tokens, everyMs: Math.round((tokens * windowMs) / limit) }
}

/** When a token bucket will be full if nobody takes from it or gives back. */
function fullAt(policy: ResolvedPolicy, { remaining, resetAt }: Count): number {
  const { tokens, everyMs } = refillOf(policy)
  return resetAt + (Math.ceil((policy.limit - remaining) / tokens) - 1) * everyMs
}

/**
 * A client that sends the scripts of one tick together, times out, and rejects at once while the circuit is
 * open. It never retries: to count twice would be worse than to lose a count.
 */
function batching(redis: Requester, platform: Platform, timeoutMs: number): ScriptClient {
  const guarded = guard(redis, { platform, deadlineMs: timeoutMs, retries: 0 })
  const link = new RedisLink(guarded)
  const scripts = new UpstashScripts(link)
  const run =
    (name: string): ScriptClient['eval'] =>
    async (script, keys, args) => {
      const reply = await scripts.run([name, script, keys.length, ...keys, ...args])
      // A nil reply would compare as zero, and the limit would admit every request.
      if (!Array.isArray(reply) || !reply.every(Number.isFinite)) throw NO_COUNT
      return reply
    }
  const pexpire = (key: string, ms: number): Promise<unknown> => link.send(['PEXPIRE', key, ms])
  return { evalsha: run('EVALSHA'), eval: run('EVAL'), pexpire }
}
