/**
 * What the middleware adds to a tRPC query, compared with the same query without it. The resolver has its
 * 1 KB record in memory and is called through a server-side caller of tRPC, without HTTP.
 *
 * @module
 */

import { initTRPC } from '@trpc/server'
import { RedisCacheManager } from 'nearcache'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { createCacheMiddleware } from 'nearcache/trpc'
import { compare, type Report, type Subject } from './measure.ts'
import { recordOf } from './record.ts'

const ROUNDS = 11
const COUNT = 20_000
const NO_MIDDLEWARE = 'no middleware'
const OWN = {
  nothing: 'a middleware that does nothing',
  near: 'near hit',
  remote: 'hit, embedded engine',
  miss: 'miss, embedded engine',
  declined: 'declined by shouldCache',
} as const

/** Runs the benchmark. */
export async function benchTrpc(): Promise<Report> {
  const t = initTRPC.context<{ readonly user: { readonly id: string } }>().create()
  const near = new RedisCacheManager({ redis: embeddedTransport(), near: { ttl: '1h' } })
  const remote = new RedisCacheManager({ redis: embeddedTransport() })
  const records = Array.from({ length: 256 }, (_, id) => recordOf(id))
  const idOf = (input: unknown): number => (input as { readonly id: number }).id
  const resolve = (input: unknown): object => records[idOf(input) & 255] as object

  const withNear = createCacheMiddleware({ cache: near })
  const withRemote = createCacheMiddleware({ cache: remote })
  const declining = createCacheMiddleware({ cache: remote, shouldCache: () => false })
  const router = t.router({
    none: t.procedure.input(idle).query(({ input }) => resolve(input)),
    nothing: t.procedure
      .use(({ next }) => next())
      .input(idle)
      .query(({ input }) => resolve(input)),
    near: t.procedure
      .use(withNear)
      .input(idle)
      .query(({ input }) => resolve(input)),
    remote: t.procedure
      .use(withRemote)
      .input(idle)
      .query(({ input }) => resolve(input)),
    miss: t.procedure
      .use(withRemote)
      .input(idle)
      .query(({ input }) => resolve(input)),
    declined: t.procedure
      .use(declining)
      .input(idle)
      .query(({ input }) => resolve(input)),
  })
  const caller = t.createCallerFactory(router)({ user: { id: 'ada' } })

  let nextMiss = 0
  const subjects: Subject[] = [
    subject(NO_MIDDLEWARE, (i) => caller.none({ id: i })),
    subject(OWN.nothing, (i) => caller.nothing({ id: i })),
    subject(OWN.near, (i) => caller.near({ id: i })),
    subject(OWN.remote, (i) => caller.remote({ id: i })),
    subject(OWN.miss, () => caller.miss({ id: nextMiss++ }), 0.25),
    subject(OWN.declined, (i) => caller.declined({ id: i })),
  ]
  const found = await compare({
    subjects,
    concurrency: 1,
    count: COUNT,
    rounds: ROUNDS,
    ratios: Object.values(OWN).map((name) => [name, NO_MIDDLEWARE] as const),
  })
  const stats = { near: withNear.stats(), remote: withRemote.stats(), declined: declining.stats() }
  check(stats.near.misses === 256 && stats.remote.misses === 256 + nextMiss)
  check(stats.declined.hits + stats.declined.misses === 0)
  await Promise.all([near.close(), remote.close()])
  const usOf = (name: string): number =>
    1_000_000 / (found.figures.find(({ subject: of }) => of === name)?.opsPerSecond ?? Number.NaN)
  return {
    title: 'tRPC middleware',
    rounds: ROUNDS,
    ...found,
    counts: {},
    tables: [
      {
        title: 'added to a query',
        heads: ['added to a query', 'microseconds'],
        rows: Object.values(OWN).map((name) => [
          name,
          (usOf(name) - usOf(NO_MIDDLEWARE)).toFixed(2),
        ]),
      },
    ],
    notes: ['A cache pays if the resolver takes longer than the time that a near hit adds.'],
  }
}

/** An input validator that costs nothing. */
function idle(input: unknown): unknown {
  return input
}

/** A subject that awaits one query after another, with 256 different inputs. */
function subject(name: string, query: (i: number) => Promise<unknown>, share = 1): Subject {
  return {
    name,
    share,
    run: async (count) => {
      for (let i = 0; i < count; i++) await query(i & 255)
    },
  }
}

function check(holds: boolean): void {
  if (!holds) throw new Error('the subjects did not do what they are named for')
}
