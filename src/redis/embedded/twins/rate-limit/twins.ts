/**
 * JavaScript twins of the Lua scripts of `@upstash/ratelimit` 2.2.0, so that all its limiters run on
 * the embedded engine. A differential test compares them with a real Redis, and another test fails if
 * the package has a script without a twin.
 *
 * The scripts of its dashboards are part of another package (`@upstash/core-analytics`) and have no twins.
 * What a limiter records for them are plain commands.
 *
 * @module
 */

import type { ScriptTwin, TwinBody } from '../../scripting.ts'
import * as multi from './multi-region.ts'
import * as single from './single-region.ts'

/** `KEYS: pattern`. Deletes the matching keys, which resets the limits of an identifier. */
const reset: TwinBody = (call, [pattern = '']) => {
  let cursor = '0'
  do {
    const [next, keys] = call('SCAN', cursor, 'MATCH', pattern) as [string, string[]]
    cursor = next
    for (const key of keys) call('DEL', key)
  } while (cursor !== '0')
  return null
}

/** How long one caller has to fetch the deny list before another caller tries, in seconds. */
const PENDING_SECONDS = 30

/** `KEYS: deny list, status  ARGV: members…` → for each member whether it is denied, and the status. */
const checkDenyList: TwinBody = (call, [listKey = '', statusKey = ''], members) => {
  const denied = call('SMISMEMBER', listKey, ...members)
  const status = call('TTL', statusKey)
  if (status === -2) call('SETEX', statusKey, PENDING_SECONDS, 'pending')
  return [denied, status]
}

/** Twins by the SHA-1 of the Lua source. */
const BODIES: Readonly<Record<string, TwinBody>> = {
  b2efc02798c8e9b471a10f9b1d5745db89923ff3: single.fixedWindow,
  '823cb2a5a902d69681244f5e28e5ebb8f2a89edd': single.fixedWindowRemaining,
  '74740bb3d7792848093cdef586b6b6037c455fd6': single.slidingWindow,
  '7ca36169e0fc9caedd81b4eef8e99854c157f9b5': single.slidingWindowRemaining,
  d60be5bd3d83482ae229309f1f7425424f891204: single.tokenBucket,
  '40daf4a441df736f5c99f8b77bbe176c909e5de4': single.tokenBucketRemaining,
  '1861a700bafe96c833a483af6b1c28a8897cfdb0': single.cachedFixedWindow,
  eb82f0e853d2fc9a236fa9bfbe704fda6ac2fc36: single.cachedFixedWindowRemaining,
  e04b753a75909b7f99aae4c04cf8869a8de02a9e: multi.fixedWindow,
  e066c8ce3eaca142b0894ad1541e0a58c9924819: multi.fixedWindowRemaining,
  aeb4d8f381e8dafc8e69041baae1324d254ded44: multi.slidingWindow,
  '87828c1088f6a8d1f512a434ea330189982a1c0a': multi.slidingWindowRemaining,
  '54bd274ddc59fb3be0f42deee2f64322a10e2b50': reset,
  e8062088fe7e67994f617766e5d766490de1afb8: checkDenyList,
}

/** The twins of the limiters. Engines have them by default. */
export const RATE_LIMIT_TWINS: readonly ScriptTwin[] = Object.entries(BODIES).map(
  ([sha1, run]) => ({
    sha1,
    run,
  }),
)
