/**
 * The default system of this process, as live bindings: after start-up what was started, before it
 * objects whose every use throws a `NotStartedError` that says what to call.
 *
 * A copy does not follow: import a binding, and use it where it is needed. After `stop()` they stay as
 * they are, so that calls which come later fail with a `ClosedError` and are not lost elsewhere.
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

/** What stands behind the bindings. */
export interface Bound {
  readonly cacheManager: RedisCacheManager
  readonly llmCache: LLMResponseCache
  /** `undefined` where there are no keys, `false` where it is switched off. */
  readonly sessionUserCache: SessionUserCache | undefined | false
  /** `undefined` where it is switched off; so are those below. */
  readonly webSocketCache: WebSocketCache | undefined
  readonly cacheMonitor: CacheMonitor<WarmingJob> | undefined
}

const NO_KEYS = 'set SESSION_KEYS, or give startupCacheSystem() the option session.keys'
const SWITCHED_OFF = 'startupCacheSystem() was told not to make one'

/** Puts a system behind the bindings. */
export function bind(bound: Bound): void {
  cacheManager = bound.cacheManager
  llmCache = bound.llmCache
  const lack = bound.sessionUserCache === false ? SWITCHED_OFF : NO_KEYS
  sessionUserCache = bound.sessionUserCache || placeholder('sessionUserCache', lack)
  webSocketCache = bound.webSocketCache ?? placeholder('webSocketCache', SWITCHED_OFF)
  cacheMonitor = bound.cacheMonitor ?? placeholder('cacheMonitor', SWITCHED_OFF)
}
