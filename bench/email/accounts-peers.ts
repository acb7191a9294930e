/**
 * Other caches in front of the mail of accounts. They store whole lists by the text of the query; a write deletes
 * the lists that it may have changed.
 *
 * @module
 */

import { canonicalKey, type EmailStatus, SqlEmailRepository } from 'nearcache/email'
import { loadPeer } from '../peers.ts'
import { bentocache, cacheable, type RemoteCache } from '../remote-caches.ts'
import type { Accounts } from './accounts.ts'
import {
  applyWrite,
  type Contender,
  type ContenderKind,
  type MailDatabase,
  type SeenEmail,
} from './contender.ts'
import type { MailWrite } from './workload.ts'

/** A cache of lists by key. */
type Lists = Pick<RemoteCache, 'close' | 'drop' | 'read'>

/** Enough that no list is evicted. */
const MAX_LISTS = 20_000
const TTL_MS = 3_600_000

/** Each opens on the Redis at a port of this machine; the `Map` uses none. */
const KINDS = {
  'a Map in the process': async () => inProcess(),
  bentocache: (port: number) => bentocache(port, MAX_LISTS),
  cacheable,
  'cache-manager': cacheManager,
} satisfies Readonly<Record<string, (port: number) => Promise<Lists>>>

/** Names of {@link peerOf}. */
export type AccountsPeer = keyof typeof KINDS

/** All of these caches. */
export const ACCOUNTS_PEERS: readonly AccountsPeer[] = Object.keys(KINDS) as AccountsPeer[]

/** One of these caches in front of the mail of these accounts. */
export function peerOf(name: AccountsPeer, accounts: Accounts, redis: URL): ContenderKind {
  return {
    name,
    open: async (database) => before(database, await KINDS[name](Number(redis.port)), accounts),
  }
}

function before({ driver }: MailDatabase, lists: Lists, accounts: Accounts): Contender {
  const emails = new SqlEmailRepository({ db: driver })
  const stock = new Map(accounts.emails.map((email) => [email.id, email]))
  const statuses = new Map<string, EmailStatus>()

  /** Keys of the lists that a message leaves or enters, and of those that contain it before and after. */
  function touchedBy(id: string, status: EmailStatus | undefined): string[] {
    const email = stock.get(id)
    if (email === undefined) throw new Error('There is no such message')
    const [old, now] = [statuses.get(id) ?? email.status, status]
    if (now !== undefined) statuses.set(id, now)
    return accounts
      .queriesOf(email)
      .filter(({ statuses: [asked] = [] }) => asked === undefined || asked === old || asked === now)
      .map(canonicalKey)
  }

  return {
    async read(query) {
      const load = async (): Promise<unknown> => (await emails.queryEmails(query)).emails
      return (await lists.read(canonicalKey(query), load)) as readonly SeenEmail[]
    },
    async write(write: MailWrite) {
      await applyWrite(emails, write)
      if (write.kind !== 'update') return
      await Promise.all(touchedBy(write.id, write.changes.status).map((key) => lists.drop(key)))
    },
    close: async () => {
      await lists.close()
    },
  }
}

/** An upper limit for any cache: one process, no requests, no copies, no metrics, no events. */
function inProcess(): Lists {
  const lists = new Map<string, Promise<unknown>>()
  return {
    read(key, load) {
      const loading = lists.get(key) ?? load()
      lists.set(key, loading)
      return loading
    },
    drop: async (key) => lists.delete(key),
    close: async () => undefined,
  }
}

async function cacheManager(port: number): Promise<Lists> {
  const { createCache } = await loadPeer<{
    createCache(options: object): {
      wrap(key: string, load: () => Promise<unknown>): Promise<unknown>
      del(key: string): Promise<unknown>
      disconnect(): Promise<unknown>
    }
  }>('cache-manager')
  const { Keyv } = await loadPeer<{ Keyv: new (options: object) => object }>('keyv')
  const { default: KeyvRedis } = await loadPeer<{ default: new (url: string) => object }>(
    '@keyv/redis',
  )
  const redis = new KeyvRedis(`redis://127.0.0.1:${port}`)
  const cache = createCache({ ttl: TTL_MS, stores: [new Keyv({}), new Keyv({ store: redis })] })
  return {
    read: (key, load) => cache.wrap(key, load),
    drop: (key) => cache.del(key),
    close: () => cache.disconnect(),
  }
}
