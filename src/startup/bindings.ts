/**
 * The default system of this process, as live bindings. Before start-up, any use of them throws a
 * `NotStartedError` that says what to call.
 *
 * A copy is not updated: import a binding, and use it where it is needed. After `stop()` the bindings do not
 * change, so that later calls fail with a `ClosedError` and do not go to another cache.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { LLMResponseCache } from '../llm/llm-cache.ts'
import type { CacheMonitor } from '../monitor/monitor.ts'
import type { SessionUserCache } from '../session/session-user-cache.ts'
import type { WarmingJob } from '../warming/job.ts'
import type { WebSocketCache } from '../websocket/websocket-cache.ts'
import { placeholder } from './placeholder.ts'

/** The cache of this process. */
export let cacheManager: RedisCacheManager = placeholder('cacheManager')

/** The cache for language models, on {@link cacheManager}; the same object as in `nearcache/llm`. */
export let llmCache: LLMResponseCache = placeholder('llmCache')

/** Sessions, if `SESSION_KEYS` or the option `session` has keys. */
export let sessionUserCache: SessionUserCache = placeholder('sessionUserCache')

/** Connections, rooms and presence, unless `websocket` is `false`. */
export let webSocketCache: WebSocketCache = placeholder('webSocketCache')

/** Health, alerts, reports and warming jobs, unless `monitor` is `false`. */
export let cacheMonitor: CacheMonitor<WarmingJob> = placeholder('cacheMonitor')

/** The values of the bindings. */
export interface Bound {
  readonly cacheManager: RedisCacheManager
  readonly llmCache: LLMResponseCache
  /** `undefined` if there are no keys, `false` if it is switched off. */
  readonly sessionUserCache: SessionUserCache | undefined | false
  /** `undefined` if it is switched off; the same below. */
  readonly webSocketCache: WebSocketCache | undefined
  readonly cacheMonitor: CacheMonitor<WarmingJob> | undefined
}

const NO_KEYS = 'set SESSION_KEYS, or give startupCacheSystem() the option session.keys'
const SWITCHED_OFF = 'startupCacheSystem() was told not to make one'

/** Sets the bindings. */
export function bind(bound: Bound): void {
  cacheManager = bound.cacheManager
  llmCache = bound.llmCache
  const lack = bound.sessionUserCache === false ? SWITCHED_OFF : NO_KEYS
  sessionUserCache = bound.sessionUserCache || placeholder('sessionUserCache', lack)
  webSocketCache = bound.webSocketCache ?? placeholder('webSocketCache', SWITCHED_OFF)
  cacheMonitor = bound.cacheMonitor ?? placeholder('cacheMonitor', SWITCHED_OFF)
}
