/**
 * The options of start-up.
 *
 * @module
 */

import type { RedisCacheManager } from '../cache/manager.ts'
import type { CacheOptions } from '../cache/options.ts'
import type { CachedEmailRepositoryOptions } from '../email/cached/options.ts'
import type { Duration } from '../entry/duration.ts'
import type { LLMResponseCacheOptions } from '../llm/options.ts'
import type { LLMRequest } from '../llm/request.ts'
import type { Matcher } from '../llm/semantic/matcher.ts'
import type { MetricsSink } from '../monitor/metrics.ts'
import type { CacheMonitorOptions } from '../monitor/monitor-options.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { SessionOptions } from '../session/options.ts'
import type { WarmingJob } from '../warming/job.ts'
import type { WarmingOptions } from '../warming/options.ts'
import type { WebSocketCacheOptions } from '../websocket/options.ts'
import type { Environment } from './environment.ts'

/** How the cache of this process is monitored. */
export interface MonitoringOptions
  extends Pick<CacheMonitorOptions, 'window' | 'rules' | 'memoryLimitBytes' | 'notify'> {
  /** Time from one health check to the next; at least a second. @default '5m' */
  readonly interval?: Duration
  /** Additional sinks for figures, such as `statsdSink(…)`. @default none */
  readonly sinks?: readonly MetricsSink[]
  /** How often figures are written while there are operations. @default '10s' */
  readonly flushInterval?: Duration
}

/** The jobs that keep the cache of this process warm. */
export interface WarmingSettings
  extends Pick<WarmingOptions, 'version' | 'lease' | 'timeBudget' | 'grace'> {
  /** Time between two checks for due jobs; at least a second. @default '30s' */
  readonly interval?: Duration
  /** Additional jobs. @default none */
  readonly jobs?: readonly WarmingJob[]
}

/** Answers of language models. */
export interface LLMSettings
  extends Omit<LLMResponseCacheOptions, 'cache' | 'platform' | 'matcher'> {
  /**
   * A matcher, or a function that creates one for the cache of this process; `false` for none.
   * @default one with the built-in embedder, which matches near-identical wording
   */
  readonly matcher?: Matcher | ((cache: RedisCacheManager) => Matcher) | false
  /** Questions that the job `llm` answers in advance, and how to generate answers. @default none */
  readonly warm?: {
    readonly questions:
      | readonly LLMRequest[]
      | (() => readonly LLMRequest[] | Promise<readonly LLMRequest[]>)
    generate(request: LLMRequest, context: { readonly signal: AbortSignal }): Promise<string>
  }
}

/** A mailbox that a change of permissions clears, such as a `CachedEmailRepository`. */
export interface Clearable {
  clearCache(): Promise<void>
}

/** Options for `startupCacheSystem`: those of the cache, where to find Redis, and the parts around. */
export interface StartupOptions extends Omit<CacheOptions, 'redis'> {
  /** A transport, instead of the Redis of the environment; `stop` closes it. @default by the environment */
  readonly redis?: Requester | Transport
  /** @default process.env */
  readonly env?: Environment
  /** Called with each warning, once per process. @default console.warn */
  readonly warn?: (message: string) => void
  /** Stops the system at SIGINT and SIGTERM. @default false */
  readonly signals?: boolean
  /**
   * The mail database: adds `emails` to the system, with the warming jobs `mail` and `analytics`.
   * @default none: there is no mailbox
   */
  readonly db?: CachedEmailRepositoryOptions['db']
  /** Options of `llmCache`, here and of nearcache/llm. @default none */
  readonly llm?: LLMSettings
  /**
   * Options of `sessionUserCache`; `false` for none. @default on with the keys of SESSION_KEYS; with a random
   * key if the cache is only in this process, where sessions end with it; otherwise none
   */
  readonly session?: Omit<SessionOptions, 'redis' | 'platform' | 'prefix'> | false
  /** Options of `webSocketCache`; `false` for none. @default on, with the defaults of `WebSocketCache` */
  readonly websocket?: Omit<WebSocketCacheOptions, 'redis' | 'platform' | 'prefix'> | false
  /**
   * Returns the cached mailbox of a user, which is cleared when the user's permissions change.
   * @default nothing
   */
  readonly mailboxOf?: (userId: string) => Clearable | undefined
  /** Options of monitoring; `false` for none. @default health checks every five minutes, figures in Redis */
  readonly monitor?: MonitoringOptions | false
  /** Options of warming; `false` for none. @default on, with a check for due jobs every 30 seconds */
  readonly warming?: WarmingSettings | false
}
