/**
 * Tests that need a real redis-server, and report if there is none.
 *
 * @module
 */

import { describe } from 'vitest'
import { findRedisServer } from './redis-server.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Why this machine cannot run the test; the reporter of what was left out lists it. */
    leftOut?: string
  }
}

/**
 * A `describe` whose tests are skipped, with the reason, on a machine without redis-server.
 *
 * @throws {Error} When there is none though `REQUIRE_REDIS=1` asks for it.
 */
export function describeWithRedis(name: string, tests: () => void): void {
  if (findRedisServer() !== undefined) describe(name, tests)
  else describe(name, { skip: true, meta: { leftOut: 'redis-server is not installed' } }, tests)
}
