/**
 * The contenders that need no other package.
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

/** Address of Redis: over TCP, or with a token over HTTP. */
export interface RedisPlace {
  readonly url: string
  readonly token?: string
}

/** Makes a contender on that Redis, or on an embedded engine if there is none. */
export type KindOf = (redis?: RedisPlace) => ContenderKind

/** The repository of this package with its defaults. */
export const cachedRepository: KindOf = (redis) => ({
  name: 'nearcache',
  open: ({ driver }) => openRepository(redis, { db: driver }),
})

/** As {@link cachedRepository}, with lists and messages also kept in the process; equally strict. */
export const nearRepository: KindOf = (redis) => ({
  name: 'nearcache, near',
  open: ({ driver }) => openRepository(redis, { db: driver, near: {} }),
})

/** How far the answers of {@link lagRepository} may lag, in milliseconds. */
export const LAG_MS = 1_000

/** As {@link nearRepository}, with answers up to a second behind the writes of other processes. */
export const lagRepository: KindOf = (redis) => ({
  name: 'nearcache, near, lag 1 s',
  open: ({ driver }) => openRepository(redis, { db: driver, near: { lag: LAG_MS } }),
})

/** With room for near copies of everything, which may lag by so many milliseconds. */
export function nearCapacious(lag: number, redis: RedisPlace): ContenderKind {
  const near = { lag, maxLists: 20_000, maxMessages: 200_000, ttl: '10m' } as const
  return {
    name: `nearcache, near, lag ${lag} ms`,
    open: ({ driver }) => openRepository(redis, { db: driver, near }),
  }
}

/** The usual way: whole pages under one tag, which every write invalidates. */
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

/** SQL without a cache. */
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

/** The cached repository with writes that bypass it: the check must find its wrong answers. */
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
  // As `nearcache/startup` does.
  return token === undefined
    ? tcpTransport({ url })
    : restTransport({ url, token, fetch: nodeFetch() })
}
