/**
 * The dependencies that the parts of the answer cache share.
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
  /** How long a call waits for an answer that another process is generating. */
  readonly patienceMs: number
  readonly maxChars: number
}

/** What the parts of the answer cache depend on. */
export interface AnswerContext {
  readonly platform: Platform
  readonly accounts: Accounts
  readonly limits: GenerateLimits
  readonly tiers: Tiers
  cache(): CacheNamespace<unknown>
}
