/**
 * What the parts of the answer cache work with.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import type { Platform } from '../platform/platform.ts'
import type { Accounts } from './accounting.ts'
import type { Tiers } from './tiers.ts'

/** Time limits of generating, in milliseconds. */
export interface GenerateLimits {
  readonly firstMs: number
  readonly idleMs: number
  readonly totalMs: number
  /** How long an answer in the making in another process is waited for. */
  readonly patienceMs: number
  readonly maxChars: number
}

/** What the parts of the cache work with. */
export interface AnswerContext {
  readonly platform: Platform
  readonly accounts: Accounts
  readonly limits: GenerateLimits
  readonly tiers: Tiers
  cache(): CacheNamespace<unknown>
}
