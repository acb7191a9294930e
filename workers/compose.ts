/**
 * Puts the Worker's parts together, once for each isolate.
 *
 * @module
 */

import { RedisCacheManager, type Requester, restTransport, type Transport } from 'nearcache'
import {
  CachedEmailRepository,
  type EmailRepository,
  RejectedMessages,
  SqlEmailRepository,
  toSqlDriver,
} from 'nearcache/email'
import { workersPlatform } from 'nearcache/platform/workers'
import { durableTransport } from 'nearcache/redis/durable'
import { type CountedDriver, countStatements } from './counting-driver.ts'
import type { RedisSettings, Settings } from './env.ts'

/** What there is only with the cache on. */
export interface Caching {
  readonly cache: RedisCacheManager
  readonly emails: CachedEmailRepository
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
}

/** Builds everything; nothing is sent before the first request asks for it. */
export function compose({ db, redis, adminToken, isCached, nearTtl }: Settings): Composition {
  const platform = workersPlatform()
  const sql = countStatements(toSqlDriver(db))
  const repository = new SqlEmailRepository({ db: sql.driver, platform })
  const rejected = new RejectedMessages({ db: sql.driver })
  const transport = transportTo(redis)
  if (!isCached) {
    return { emails: repository, rejected, caching: undefined, redis: transport, sql, adminToken }
  }
  const cache = new RedisCacheManager({
    redis: transport,
    platform,
    deadline: '2s',
    near: nearTtl === undefined ? false : { ttl: nearTtl },
  })
  const emails = new CachedEmailRepository({ db: { repository }, cache, platform })
  return { emails, rejected, caching: { cache, emails }, redis: cache.redis, sql, adminToken }
}

function transportTo(redis: RedisSettings): Transport {
  switch (redis.kind) {
    case 'upstash':
      return restTransport({ url: redis.url, token: redis.token })
    case 'durable':
      return durableTransport({ namespace: redis.namespace })
  }
}
