/**
 * The contenders that need nothing but this package.
 *
 * @module
 */

import { RedisCacheManager } from 'nearcache'
import { CachedEmailRepository, canonicalKey, SqlEmailRepository } from 'nearcache/email'
import { embeddedTransport } from 'nearcache/redis/embedded'
import { applyWrite, type ContenderKind } from './contender.ts'

const DEADLINE = '10s'

/** The repository of this package, as it comes. */
export const cachedRepository: ContenderKind = {
  name: 'nearcache',
  async open({ driver }) {
    const cache = new RedisCacheManager({ redis: embeddedTransport(), deadline: DEADLINE })
    const emails = new CachedEmailRepository({ db: driver, cache })
    return {
      read: async (query) => (await emails.queryEmails(query)).emails.map(({ id }) => id),
      write: (write) => applyWrite(emails, write),
      close: () => cache.close(),
    }
  },
}

/** Whole pages under one tag, which every write invalidates: the usual way. */
export const tableTag: ContenderKind = {
  name: 'one tag for the table',
  async open({ driver }) {
    const cache = new RedisCacheManager({ redis: embeddedTransport(), deadline: DEADLINE })
    const emails = new SqlEmailRepository({ db: driver })
    const tags = ['emails']
    return {
      async read(query) {
        const load = (): ReturnType<typeof emails.queryEmails> => emails.queryEmails(query)
        const page = await cache.getOrSet(canonicalKey(query), load, { tags })
        return (page as Awaited<ReturnType<typeof load>>).emails.map(({ id }) => id)
      },
      async write(write) {
        await applyWrite(emails, write)
        await cache.invalidateTags(tags)
      },
      close: () => cache.close(),
    }
  },
}

/** SQL alone. */
export const noCache: ContenderKind = {
  name: 'no cache',
  async open({ driver }) {
    const emails = new SqlEmailRepository({ db: driver })
    return {
      read: async (query) => (await emails.queryEmails(query)).emails.map(({ id }) => id),
      write: (write) => applyWrite(emails, write),
      close: async () => undefined,
    }
  },
}
