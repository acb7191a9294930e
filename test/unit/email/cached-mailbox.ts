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
  type CachedEmailRepositoryOptions,
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
import { turns } from '../../support/turns.ts'

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
  readonly transport: Transport
  readonly platform: ManualPlatform
  /** A repository over another one, on the same Redis, as another isolate has it. */
  over(
    repository: EmailRepository,
    transport?: Transport,
    options?: Partial<CachedEmailRepositoryOptions>,
  ): CachedEmailRepository
  /** Lets everything that is ready run to its next real wait. */
  turn(): Promise<void>
  /** How many SQL statements a call takes. */
  statementsOf(run: () => Promise<unknown>): Promise<number>
}

export async function openCachedMailbox(): Promise<CachedMailbox> {
  const sql = { statements: 0 }
  const driver = counting(toSqlDriver(new DatabaseSync(':memory:')), sql)
  await migrate(driver)
  const redis = { isCut: false }
  const platform = new ManualPlatform()
  const transport = severable(redis, embeddedTransport({ platform }))
  const cacheOn = (redis: Transport): RedisCacheManager =>
    new RedisCacheManager({ redis, platform, retries: 0, breaker: { threshold: 1_000 } })
  const cache = cacheOn(transport)
  return {
    emails: new CachedEmailRepository({ db: driver, cache }),
    database: new SqlEmailRepository({ db: driver, platform }),
    driver,
    redis,
    transport,
    platform,
    over: (repository, to = transport, options = {}) =>
      new CachedEmailRepository({ db: { repository }, cache: cacheOn(to), ...options }),
    turn: turns,
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

/** A transport that never answers its nth request, nor any after it, and does not send them. */
export function holding(inner: Transport, nth: number): Transport {
  let sent = 0
  return {
    kind: inner.kind,
    close: () => inner.close(),
    request: <Result>(request: RedisRequest) =>
      ++sent < nth ? inner.request<Result>(request) : new Promise<never>(() => undefined),
  }
}

function severable(redis: { isCut: boolean }, embedded: Transport): Transport {
  return {
    kind: 'embedded',
    close: () => embedded.close(),
    request: <Result>(request: RedisRequest) =>
      redis.isCut
        ? Promise.reject(new RemoteError({ operation: 'GET', reason: 'ECONNRESET', applied: 'no' }))
        : embedded.request<Result>(request),
  }
}

/** A repository with some of its methods replaced. */
export function overriding(
  repository: EmailRepository,
  methods: Partial<EmailRepository>,
): EmailRepository {
  return new Proxy(repository, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A repository whose `changeEmail` commits at once, and says so when `tell` is called. */
export function tellingLate(repository: EmailRepository): {
  readonly repository: EmailRepository
  tell(): void
} {
  const told = Promise.withResolvers<void>()
  const changeEmail: EmailRepository['changeEmail'] = async (id, changes) => {
    const change = await repository.changeEmail(id, changes)
    await told.promise
    return change
  }
  return { repository: overriding(repository, { changeEmail }), tell: () => told.resolve() }
}

export function makeEmail(fields: Partial<NewEmail> = {}): NewEmail {
  return { subject: 'Order', senderEmail: 'ada@shop.example', receivedAt: NOW - 1_000, ...fields }
}
