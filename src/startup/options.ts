/**
 * What start-up may be told.
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

/** How the cache of this process is watched. */
export interface MonitoringOptions
  extends Pick<CacheMonitorOptions, 'window' | 'rules' | 'memoryLimitBytes' | 'notify'> {
  /** Time from one health check to the next; at least a second. @default '5m' */
  readonly interval?: Duration
  /** Where figures go besides Redis, such as `statsdSink(…)`. @default none */
  readonly sinks?: readonly MetricsSink[]
  /** How long figures wait at most while operations go on. @default '10s' */
  readonly flushInterval?: Duration
}

/** What keeps the cache of this process warm. */
export interface WarmingSettings
  extends Pick<WarmingOptions, 'version' | 'lease' | 'timeBudget' | 'grace'> {
  /** Time from one look for jobs that are due to the next; at least a second. @default '30s' */
  readonly interval?: Duration
  /** Jobs besides those of the parts there are. @default none */
  readonly jobs?: readonly WarmingJob[]
}

/** Answers of language models. */
export interface LLMSettings
  extends Omit<LLMResponseCacheOptions, 'cache' | 'platform' | 'matcher'> {
  /**
   * As of the cache of answers, or what makes it on the cache of this process; `false` for none.
   * @default one with the built-in embedder, which finds nearly the same wording
   */
  readonly matcher?: Matcher | ((cache: RedisCacheManager) => Matcher) | false
  /** Questions whose answers the job `llm` has ready, and how they are generated. @default none */
  readonly warm?: {
    readonly questions:
      | readonly LLMRequest[]
      | (() => readonly LLMRequest[] | Promise<readonly LLMRequest[]>)
    generate(request: LLMRequest, context: { readonly signal: AbortSignal }): Promise<string>
  }
}

/** What a user's own mailbox is to a change of permissions; `CachedEmailRepository` is one. */
export interface Clearable {
  clearCache(): Promise<void>
}

/** Options for `startupCacheSystem`: those of the cache, where to find Redis, and the parts around. */
export interface StartupOptions extends Omit<CacheOptions, 'redis'> {
  /** Used in place of what the environment names; `stop` closes it. @default what the environment names */
  readonly redis?: Requester | Transport
  /** @default process.env */
  readonly env?: Environment
  /** Gets each warning once a process. @default console.warn */
  readonly warn?: (message: string) => void
  /** Stops the system at SIGINT and SIGTERM. @default false */
  readonly signals?: boolean
  /**
   * The mailbox's database: makes `emails` of the system, kept warm by the jobs `mail` and `analytics`.
   * @default none: there is no mailbox
   */
  readonly db?: CachedEmailRepositoryOptions['db']
  /** What the `llmCache` here and of nearcache/llm is made with. @default nothing */
  readonly llm?: LLMSettings
  /**
   * `false` for none. @default with the keys of SESSION_KEYS; where the cache is in this process alone, so
   * that no session outlives it, with a key drawn at random; else none
   */
  readonly session?: Omit<SessionOptions, 'redis' | 'platform' | 'prefix'> | false
  /** `false` for none. @default connections, rooms and presence by the defaults of `WebSocketCache` */
  readonly websocket?: Omit<WebSocketCacheOptions, 'redis' | 'platform' | 'prefix'> | false
  /**
   * Of a user who has a mailbox of his own in the cache: what is cleared when his permissions change.
   * @default nothing
   */
  readonly mailboxOf?: (userId: string) => Clearable | undefined
  /** `false` for none. @default health checks every five minutes, figures in Redis */
  readonly monitor?: MonitoringOptions | false
  /** `false` for none. @default jobs by the clock, looked for every half minute */
  readonly warming?: WarmingSettings | false
}
