/**
 * A rate limiter on the embedded engine, over a transport whose failures the test controls.
 *
 * @module
 */

import { vi } from 'vitest'
import { RateLimiter, type RateLimiterOptions } from '../../../src/ratelimit/index.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { type FaultyRequester, faultyRequester } from '../../support/faulty-requester.ts'

/** A multiple of a day, at which every window that the tests use begins. */
export const MIDNIGHT: number = 20_000 * 86_400_000

/** What a test works with. */
export interface LimitsUnderTest {
  readonly platform: ManualPlatform
  readonly redis: FaultyRequester
  limiter(options: Omit<RateLimiterOptions, 'redis' | 'platform'>): RateLimiter
  /** Moves both clocks: the platform's, and the one that `@upstash/ratelimit` reads. */
  pass(ms: number): Promise<void>
}

/** Replaces the clock of the process; restore it with `vi.useRealTimers`. */
export function limitsUnderTest(): LimitsUnderTest {
  vi.useFakeTimers({ toFake: ['Date'], now: MIDNIGHT })
  const platform = new ManualPlatform({ startAt: MIDNIGHT })
  const redis = faultyRequester(embeddedTransport({ platform }))
  return {
    platform,
    redis,
    limiter: (options) => new RateLimiter({ redis, platform, ...options }),
    pass: async (ms) => {
      vi.setSystemTime(Date.now() + ms)
      await platform.advance(ms)
    },
  }
}
