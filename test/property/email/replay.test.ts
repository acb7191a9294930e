import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { CachedEmailRepository } from '../../../src/email/cached/cached-email-repository.ts'
import type { CachedEmailRepositoryOptions } from '../../../src/email/cached/options.ts'
import { toSqlDriver } from '../../../src/email/database.ts'
import type { SqlDriver } from '../../../src/email/driver.ts'
import type { EmailRepository } from '../../../src/email/email-repository.ts'
import { type EmailQuery, MAX_LIMIT } from '../../../src/email/filter.ts'
import { migrate } from '../../../src/email/schema.ts'
import { SqlEmailRepository } from '../../../src/email/sql-email-repository.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'
import { make, move, query, START } from './stories.ts'

/** Two isolates on one Redis and one database, and the database itself. */
interface Mailbox {
  readonly isolates: readonly [CachedEmailRepository, CachedEmailRepository]
  readonly truth: SqlEmailRepository
  readonly driver: SqlDriver
}

async function open(options: Partial<CachedEmailRepositoryOptions> = {}): Promise<Mailbox> {
  const driver = toSqlDriver(new DatabaseSync(':memory:'))
  await migrate(driver)
  const platform = new ManualPlatform()
  const redis = embeddedTransport()
  const isolate = (): CachedEmailRepository => {
    const cache = new RedisCacheManager({ redis, platform, retries: 0 })
    return new CachedEmailRepository({ db: driver, cache, platform, ...options })
  }
  const truth = new SqlEmailRepository({ db: driver, platform })
  await truth.batchCreate(
    Array.from({ length: 50 }, (_, n) => ({
      id: `m${n}`,
      subject: ['order', 'invoice', 'late'][n % 3] ?? '',
      senderEmail: `s${(n % 3) + 1}@mail.example`,
      receivedAt: START + (n % 41) * 60_000,
      status: n % 2 ? ('new' as const) : ('in_progress' as const),
      threadId: n % 5 ? null : 't1',
    })),
  )
  return { isolates: [isolate(), isolate()], truth, driver }
}

/** The results of every method that takes this query. */
async function answers(repository: EmailRepository, asked: EmailQuery): Promise<unknown> {
  const {
    orderBy: _by,
    direction: _to,
    limit: _limit,
    offset: _offset,
    total: _total,
    cursor: _cursor,
    ...filter
  } = asked
  const page = await repository.queryEmails(asked)
  const { keys: _keys, ...ids } = await repository.queryEmailIds(asked)
  const cursor = asked.offset === undefined ? page.nextCursor : undefined
  return {
    page,
    ids,
    next: cursor && (await repository.queryEmails({ ...asked, cursor })),
    count: await repository.countEmails(filter),
  }
}

/** The page after the first one of each query, whose cursor stays the same whatever is changed. */
async function laterPages(
  repository: EmailRepository,
  queries: readonly EmailQuery[],
): Promise<readonly EmailQuery[]> {
  const firsts = queries.filter(({ offset }) => offset === undefined)
  const pages = firsts.map(async (asked) => {
    const { nextCursor: cursor } = await repository.queryEmails(asked)
    return cursor === undefined ? [] : [{ ...asked, cursor }]
  })
  return (await Promise.all(pages)).flat()
}

async function others(repository: EmailRepository): Promise<unknown> {
  return {
    thread: await repository.getThread('t1'),
    conversation: await repository.getConversation('c1'),
    analytics: await repository.getAnalytics(),
    range: await repository.getAnalytics({ start: START, end: START + 600_000 }),
    byGraph: await repository.getEmailByGraphId('g1'),
    byId: await repository.getEmailById('m1'),
    byIds: [...(await repository.getEmailsByIds(['m2', 'm55', 'm3']))],
  }
}

const FEW_COPIES = { maxMessages: 5, maxLists: 4 }

const story = fc.record({
  queries: fc.array(query, { minLength: 2, maxLength: 4 }),
  steps: fc.array(fc.tuple(move, fc.nat(1), fc.nat(1)), { minLength: 1, maxLength: 12 }),
})

describe('a cached mailbox', () => {
  test.each<[string, Partial<CachedEmailRepositoryOptions>]>([
    ['with room for all changes', {}],
    ['whose change log overflows', { logLength: 16 }],
    ['with near copies', { near: {} }],
    ['with few near copies and a short log', { near: FEW_COPIES, logLength: 16 }],
    ['in eventual mode, one call after the other', { consistency: 'eventual' }],
  ])(
    '%s returns the same as the database after each write',
    async (_name, options) => {
      // test.each passes no test context, so `found` is not called here; the next test reports counts.
      await fc.assert(
        fc.asyncProperty(story, async ({ queries, steps }) => {
          const { isolates, truth, driver } = await open(options)
          for (const asked of queries) await answers(isolates[0], asked)
          const pages = [...queries, ...(await laterPages(truth, queries))]
          for (const [step, writer, reader] of steps) {
            await make(isolates[writer] ?? isolates[0], driver, step)
            const isolate = isolates[reader] ?? isolates[0]
            for (const asked of pages) {
              expect(await answers(isolate, asked)).toEqual(await answers(truth, asked))
            }
            expect(await others(isolate)).toEqual(await others(truth))
          }
        }),
        { numRuns: amount(25, 1_500) },
      )
    },
    600_000,
  )

  test('answers most repeated queries without SQL', async ({ task }) => {
    let [lists, hits, steps] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(story, async ({ queries, steps: moves }) => {
        const { isolates, truth, driver } = await open()
        for (const [step, writer] of moves) {
          await make(isolates[writer] ?? isolates[0], driver, step)
          for (const asked of queries) {
            expect(await answers(isolates[0], asked)).toEqual(await answers(truth, asked))
          }
          steps++
        }
        const stats = isolates[0].getCacheStats()
        lists += stats.listHits + stats.listLoads + stats.listBypasses
        hits += stats.listHits
      }),
      { numRuns: amount(10, 400) },
    )
    found(task, 'cached mailbox against SQL', { steps, lists, hits, wrong: 0 })
    expect(hits / lists).toBeGreaterThan(0.4)
  }, 600_000)

  test('carries on a page of the maximum size, beyond whose end no rows are stored', async () => {
    const { isolates, truth } = await open()
    const [emails] = isolates
    const all = Array.from({ length: 1_000 }, (_, n) => ({
      id: `x${n}`,
      subject: 'order',
      senderEmail: 's1@mail.example',
      receivedAt: START + n * 1_000,
    }))
    await truth.batchCreate(all)
    const deep: EmailQuery = { limit: MAX_LIMIT }
    await emails.queryEmails(deep)

    for (const id of ['x3', 'm3', 'x999']) {
      await emails.updateEmail(id, { isRead: true })
      expect(await emails.queryEmails(deep)).toEqual(await truth.queryEmails(deep))
      await emails.deleteEmail(id)
      expect(await emails.queryEmails(deep)).toEqual(await truth.queryEmails(deep))
    }
    const { listHits, listLoads } = emails.getCacheStats()
    expect([listHits, listLoads]).toEqual([3, 4])
  })
})
