/**
 * Creates the Worker's parts, once for each isolate.
 *
 * @module
 */

import { RedisCacheManager, type Requester, type Transport } from 'nearcache'
import {
  CachedEmailRepository,
  type EmailRepository,
  RejectedMessages,
  SqlEmailRepository,
  toSqlDriver,
} from 'nearcache/email'
import {
  createSemanticMatcher,
  LLMResponseCache,
  type Matcher,
  workersAIEmbedder,
} from 'nearcache/llm'
import { workersPlatform } from 'nearcache/platform/workers'
import { SessionUserCache } from 'nearcache/session'
import { type Authenticate, authenticateBy, authenticateDemo } from './authenticate.ts'
import { type CountedDriver, countStatements } from './counting-driver.ts'
import type { CronTerms } from './cron.ts'
import type { RealtimeSettings } from './realtime.ts'
import { transportTo } from './redis.ts'
import type { LLMRouteSettings, OperationSettings, SessionSettings, Settings } from './settings.ts'
import { type Watch, watchOver } from './watch.ts'

/** The parts that exist only with the cache on. */
export interface Caching {
  readonly cache: RedisCacheManager
  readonly emails: CachedEmailRepository
  readonly answers: LLMResponseCache
  readonly watch: Watch
}

/** The parts that exist only if users can log in. */
export interface Sessions {
  readonly cache: SessionUserCache
  readonly redis: Requester
  /** Hashes the names in rate limits. */
  readonly secret: string
  readonly authenticate: Authenticate
  /** Whether only the demo account can log in. */
  readonly isDemo: boolean
}

/** What the routes are built from. */
export interface Composition {
  readonly emails: EmailRepository
  readonly rejected: RejectedMessages
  readonly caching: Caching | undefined
  /** The shared tier, also with the cache off. */
  readonly redis: Requester
  readonly sql: CountedDriver
  readonly adminToken: string | undefined
  /** Token of the mailbox. If `undefined`, only requests to localhost are admitted. */
  readonly mailToken: string | undefined
  readonly sessions: Sessions | undefined
  readonly llm: LLMRouteSettings | undefined
  readonly realtime: RealtimeSettings | undefined
  readonly operations: OperationSettings
  /** Settings of the warming jobs. */
  readonly cronTerms: CronTerms
}

/** Builds everything. Sends nothing before a request needs it. */
export function compose(settings: Settings): Composition {
  const { db, redis, isCached, nearTtl, version, sessions: sessionSettings, ...told } = settings
  const platform = workersPlatform()
  const sql = countStatements(toSqlDriver(db))
  const repository = new SqlEmailRepository({ db: sql.driver, platform })
  const rejected = new RejectedMessages({ db: sql.driver })
  const transport = transportTo(redis)
  const sessions = sessionsOn(transport, sessionSettings)
  const cronTerms = { llm: told.llm, ...(version !== undefined && { version }) }
  const base = { ...told, rejected, sql, sessions, cronTerms }
  if (!isCached) return { ...base, emails: repository, caching: undefined, redis: transport }
  const cache = new RedisCacheManager({
    redis: transport,
    platform,
    deadline: '2s',
    near: nearTtl === undefined ? false : { ttl: nearTtl },
  })
  const emails = new CachedEmailRepository({ db: { repository }, cache, platform })
  const answers = new LLMResponseCache({ cache, platform, ...matcherOf(cache, told.llm) })
  const caching = {
    cache,
    emails,
    answers,
    watch: watchOver(cache, platform, told.operations.alertWebhook),
  }
  return { ...base, emails, caching, redis: cache.redis }
}

/** Sessions have their own circuit breaker, so that an open circuit of the cache does not refuse all users. */
function sessionsOn(redis: Transport, settings: SessionSettings | undefined): Sessions | undefined {
  if (!settings) return undefined
  const { keys, retiredKeys, fastPath, authenticator } = settings
  const isDemo = authenticator === 'demo'
  return {
    redis,
    secret: keys[0]?.secret ?? '',
    isDemo,
    authenticate: isDemo ? authenticateDemo : authenticateBy(authenticator),
    cache: new SessionUserCache({
      redis,
      keys,
      retiredKeys,
      platform: workersPlatform(),
      deadline: '2s',
      // As long as a session, because permissions are only known at log-in.
      userTtl: '24h',
      ...(fastPath !== undefined && { fastPath }),
    }),
  }
}

/** Multilingual, with a fixed number of dimensions. */
const EMBEDDING = { model: '@cf/baai/bge-m3', dimensions: 1_024 }

function matcherOf(
  cache: RedisCacheManager,
  llm: LLMRouteSettings | undefined,
): { readonly matcher?: Matcher } {
  if (!llm || llm.matching === 'off') return {}
  if (llm.matching === 'wording') return { matcher: createSemanticMatcher({ cache }) }
  const embedder = workersAIEmbedder({ ai: llm.matching.ai, ...EMBEDDING })
  return { matcher: createSemanticMatcher({ cache, embedder }) }
}
