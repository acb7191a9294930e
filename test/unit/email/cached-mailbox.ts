/**
 * A cached mailbox whose SQL statements are counted, and whose way to Redis can be cut.
 *
 * @module
 */

import { DatabaseSync } from 'node:sqlite'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import {
  CachedEmailRepository,
  type EmailRepository,
  migrate,
  type NewEmail,
  SqlEmailRepository,
  toSqlDriver,
} from '../../../src/email/index.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

export const DAY_MS = 86_400_000
/** The first instant of a {@link ManualPlatform}. */
export const NOW = 1_767_225_600_000

/** A mailbox, the parts it is made of, and what they are asked. */
export interface CachedMailbox {
  readonly emails: CachedEmailRepository
  /** The same database, past the cache. */
  readonly database: SqlEmailRepository
  readonly driver: SqlDriver
  readonly redis: { isCut: boolean }
  /** A repository over another one, on the same cache. */
  over(repository: EmailRepository): CachedEmailRepository
  /** How many SQL statements a call takes. */
  statementsOf(run: () => Promise<unknown>): Promise<number>
}

export async function openCachedMailbox(): Promise<CachedMailbox> {
  const sql = { statements: 0 }
  const driver = counting(toSqlDriver(new DatabaseSync(':memory:')), sql)
  await migrate(driver)
  const redis = { isCut: false }
  const platform = new ManualPlatform()
  const cache = new RedisCacheManager({ redis: severable(redis), platform, retries: 0 })
  return {
    emails: new CachedEmailRepository({ db: driver, cache, platform }),
    database: new SqlEmailRepository({ db: driver, platform }),
    driver,
    redis,
    over: (repository) => new CachedEmailRepository({ db: { repository }, cache, platform }),
    statementsOf: async (run) => {
      const before = sql.statements
      await run()
      return sql.statements - before
    },
  }
}

function counting(inner: SqlDriver, sql: { statements: number }): SqlDriver {
  return {
    all: (text, params) => {
      sql.statements += 1
      return inner.all(text, params)
    },
    run: (text, params) => inner.run(text, params),
    batch: (statements) => {
      sql.statements += statements.length
      return inner.batch(statements)
    },
  }
}

function severable(redis: { isCut: boolean }): Transport {
  const embedded = embeddedTransport()
  return {
    kind: 'embedded',
    close: () => embedded.close(),
    request: <Result>(request: RedisRequest) =>
      redis.isCut
        ? Promise.reject(new RemoteError({ operation: 'GET', reason: 'ECONNRESET', applied: 'no' }))
        : embedded.request<Result>(request),
  }
}

export function makeEmail(fields: Partial<NewEmail> = {}): NewEmail {
  return { subject: 'Order', senderEmail: 'ada@shop.example', receivedAt: NOW - 1_000, ...fields }
}
