/**
 * The contenders that need nothing but this package.
 *
 * @module
 */

import { RedisCacheManager, restTransport, type Transport } from 'nearcache'
import {
  CachedEmailRepository,
  type CachedEmailRepositoryOptions,
  canonicalKey,
  type EmailPage,
  SqlEmailRepository,
} from 'nearcache/email'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { nodeFetch } from 'nearcache/redis/node'
import { tcpTransport } from 'nearcache/redis/tcp'
import { applyWrite, type Contender, type ContenderKind } from './contender.ts'

/** Where Redis is: over TCP, or with a token over HTTP. */
export interface RedisPlace {
  readonly url: string
  readonly token?: string
}

/** On that Redis, or without one on an engine of its own. */
export type KindOf = (redis?: RedisPlace) => ContenderKind

/** The repository of this package, as it comes. */
export const cachedRepository: KindOf = (redis) => ({
  name: 'nearcache',
  open: ({ driver }) => openRepository(redis, { db: driver }),
})

/** As it comes, but for lists and messages that are kept in the process too: strict as ever. */
export const nearRepository: KindOf = (redis) => ({
  name: 'nearcache, near',
  open: ({ driver }) => openRepository(redis, { db: driver, near: {} }),
})

/** How far the answers of {@link lagRepository} may lag, in milliseconds. */
export const LAG_MS = 1_000

/** As the last, with answers that may lag a second behind what other processes write. */
export const lagRepository: KindOf = (redis) => ({
  name: 'nearcache, near, lag 1 s',
  open: ({ driver }) => openRepository(redis, { db: driver, near: { lag: LAG_MS } }),
})

/** Copies of all there is, which may lag by so many milliseconds. */
export function nearCapacious(lag: number, redis: RedisPlace): ContenderKind {
  const near = { lag, maxLists: 20_000, maxMessages: 200_000, ttl: '10m' } as const
  return {
    name: `nearcache, near, lag ${lag} ms`,
    open: ({ driver }) => openRepository(redis, { db: driver, near }),
  }
}

/** Whole pages under one tag, which every write invalidates: the usual way. */
export const tableTag: KindOf = (redis) => ({
  name: 'one tag for the table',
  async open({ driver }) {
    const cache = cacheOn(redis)
    const emails = new SqlEmailRepository({ db: driver })
    const tags = ['emails']
    return {
      async read(query) {
        const load = (): Promise<EmailPage> => emails.queryEmails(query)
        const page = await cache.getOrSet(canonicalKey(query), load, { tags })
        return (page as EmailPage).emails
      },
      async write(write) {
        await applyWrite(emails, write)
        await cache.invalidateTags(tags)
      },
      close: () => cache.close(),
    }
  },
})

/** SQL alone. */
export const noCache: ContenderKind = {
  name: 'no cache',
  async open({ driver }) {
    const emails = new SqlEmailRepository({ db: driver })
    return {
      read: async (query) => (await emails.queryEmails(query)).emails,
      write: (write) => applyWrite(emails, write),
      close: async () => undefined,
    }
  },
}

/** Our repository, and writers that do not tell it: what a check of answers has to notice. */
export const untold: KindOf = (redis) => ({
  name: 'nearcache, writes untold',
  async open(database) {
    const [told, past] = [
      await cachedRepository(redis).open(database),
      await noCache.open(database),
    ]
    return { ...told, write: (write) => past.write(write) }
  },
})

async function openRepository(
  redis: RedisPlace | undefined,
  options: CachedEmailRepositoryOptions,
): Promise<Contender> {
  const cache = cacheOn(redis)
  const emails = new CachedEmailRepository({ ...options, cache })
  return {
    read: async (query) => (await emails.queryEmails(query)).emails,
    write: (write) => applyWrite(emails, write),
    close: () => cache.close(),
  }
}

function cacheOn(place: RedisPlace | undefined): RedisCacheManager {
  return new RedisCacheManager({ redis: transportTo(place), deadline: '10s' })
}

function transportTo(place: RedisPlace | undefined): Transport {
  if (place === undefined) return embeddedTransport()
  const { url, token } = place
  // As start-up connects on Node.
  return token === undefined
    ? tcpTransport({ url })
    : restTransport({ url, token, fetch: nodeFetch() })
}
