/**
 * Creates and connects the parts of a `CachedEmailRepository`.
 *
 * @module
 */

import { changeLog } from '../../cache/change-log.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import { seeker } from '../../cache/seek.ts'
import type { Platform } from '../../platform/platform.ts'
import type { EmailRepository } from '../email-repository.ts'
import { GraphIds } from './graph-ids.ts'
import { CachedLists } from './lists.ts'
import { Looks } from './looks.ts'
import { NearLists } from './near-lists.ts'
import { NearRows } from './near-rows.ts'
import { type CachedEmailRepositoryOptions, resolveOptions } from './options.ts'
import { CachedReads } from './reads.ts'
import { QueryRecorder } from './recorder.ts'
import { CachedRows, COMPRESSION } from './rows.ts'
import type { ListCounts } from './stats.ts'
import type { ListWindow } from './window.ts'
import { CachedWriter } from './writer.ts'
import { CachedWrites } from './writes.ts'

/** The parts of a cached mailbox. */
export interface Assembled {
  /** The namespace of everything that is cached of the mailbox. */
  readonly cache: CacheNamespace<unknown>
  readonly platform: Platform
  readonly rows: CachedRows
  readonly looks: Looks
  readonly near: NearLists | undefined
  readonly graphIds: GraphIds
  readonly reads: CachedReads
  readonly writer: CachedWriter
  readonly writes: CachedWrites
  readonly recorder: QueryRecorder
  /** Opens a session for reads from SQL that sees every write acknowledged before. */
  source(): EmailRepository
}

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function assemble(options: CachedEmailRepositoryOptions, counts: ListCounts): Assembled {
  const policy = resolveOptions(options)
  const { repository, cache, platform, near: bounds } = policy
  // A read from a lagging replica would be stored under a log position that is newer than its data.
  const source = (): EmailRepository => repository.session?.() ?? repository
  const lists = cache.namespace<ListWindow>('email', { compression: COMPRESSION, near: false })
  const seeking = seeker(lists)
  // A list that was loaded is stored in the same request as the next command.
  const beside = seeking.sendHeld
  const log = changeLog(lists, { ...policy.log, beside })
  const looks = new Looks({ log, platform, lagMs: bounds?.lagMs ?? 0 })
  const near = bounds && new NearLists({ ...bounds, looks, platform })
  const rows = new CachedRows({
    cache,
    log,
    looks,
    source,
    beside,
    isStrict: policy.consistency === 'strict',
    near: bounds && new NearRows({ ...bounds, platform }),
  })
  const far = new CachedLists({ lists, seeker: seeking, looks, platform, counts })
  const graphIds = new GraphIds({ cache, source })
  const writer = new CachedWriter({ ...policy, log, rows, looks })
  return {
    cache: cache.namespace('email'),
    platform,
    rows,
    looks,
    near,
    graphIds,
    reads: new CachedReads({ lists: far, rows, near, counts, platform, source }),
    writer,
    writes: new CachedWrites({ repository, writer, platform, graphIds }),
    recorder: new QueryRecorder(cache, platform),
    source,
  }
}
