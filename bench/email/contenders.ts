/**
 * The contenders that need nothing but this package.
 *
 * @module
 */

import { RedisCacheManager } from 'nearcache'
import {
  CachedEmailRepository,
  type CachedEmailRepositoryOptions,
  canonicalKey,
  type EmailPage,
  SqlEmailRepository,
} from 'nearcache/email'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { tcpTransport } from 'nearcache/redis/tcp'
import { applyWrite, type Contender, type ContenderKind } from './contender.ts'

/** On the Redis at `url`, or without one on an engine of its own. */
export type KindOf = (url?: string) => ContenderKind

/** The repository of this package, as it comes. */
export const cachedRepository: KindOf = (url) => ({
  name: 'nearcache',
  open: ({ driver }) => openRepository(url, { db: driver }),
})

/** As it comes, but for messages that are kept in the process too. */
export const nearRepository: KindOf = (url) => ({
  name: 'nearcache, near',
  open: ({ driver }) => openRepository(url, { db: driver, near: {} }),
})

/** Whole pages under one tag, which every write invalidates: the usual way. */
export const tableTag: KindOf = (url) => ({
  name: 'one tag for the table',
  async open({ driver }) {
    const cache = cacheOn(url)
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
export const untold: KindOf = (url) => ({
  name: 'nearcache, writes untold',
  async open(database) {
    const [told, past] = [await cachedRepository(url).open(database), await noCache.open(database)]
    return { ...told, write: (write) => past.write(write) }
  },
})

async function openRepository(
  url: string | undefined,
  options: CachedEmailRepositoryOptions,
): Promise<Contender> {
  const cache = cacheOn(url)
  const emails = new CachedEmailRepository({ ...options, cache })
  return {
    read: async (query) => (await emails.queryEmails(query)).emails,
    write: (write) => applyWrite(emails, write),
    close: () => cache.close(),
  }
}

function cacheOn(url: string | undefined): RedisCacheManager {
  const redis = url === undefined ? embeddedTransport() : tcpTransport({ url })
  return new RedisCacheManager({ redis, deadline: '10s' })
}
