/**
 * Reads the warming jobs of all processes from Redis.
 *
 * @module
 */

import { scan } from '../cache/scan.ts'
import { RedisLink } from '../redis/link.ts'
import { Ledger } from '../warming/ledger.ts'
import type { LastRun } from '../warming/state.ts'
import type { OpenNamespace } from './connection.ts'
import { globOf } from './keys/names.ts'

/** A job as recorded in Redis. Instants are epoch milliseconds. */
export interface KnownJob {
  readonly id: string
  /** The slot that is running, or waits to be continued. */
  readonly open: number | null
  /** Items of the open slot that are done. */
  readonly progress: number
  readonly last: LastRun | null
}

/** All jobs that were ever started under this prefix, sorted by id. Scans the whole database. */
export async function readJobs({ cache, prefix }: OpenNamespace): Promise<readonly KnownJob[]> {
  const link = new RedisLink(cache.redis)
  const ledger = new Ledger(cache.redis, prefix, 0)
  const ids = new Set<string>()
  for await (const names of scan(link, `${globOf(prefix)}:{warming/*}`)) {
    for (const name of names) ids.add(name.slice(prefix.length + ':{warming/'.length, -1))
  }
  return Promise.all(
    [...ids].sort().map(async (id): Promise<KnownJob> => {
      const { open, last } = await ledger.read(id)
      return { id, open: open?.slot ?? null, progress: open?.items ?? 0, last: last ?? null }
    }),
  )
}
