/**
 * The mailbox with a cache before it: lists as ids, messages apart by id.
 *
 * @module
 */

import { isRemoteFailure } from '../cache/context.ts'
import { defaultCache } from '../cache/default-cache.ts'
import type { CacheNamespace } from '../cache/namespace.ts'
import { InvalidFilterError, InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { EmailAnalytics } from './analytics.ts'
import { idOfRow, LIST_TAG, listKey, listTtl, rowKey, touchesLists } from './cached-names.ts'
import { readWarmOptions, type WarmOptions, warmingPlan } from './cached-warming.ts'
import type { SqlDatabase } from './driver.ts'
import type { Email, EmailChanges, EmailEntity, EmailImage, NewEmail } from './email.ts'
import type {
  BatchResult,
  EmailChange,
  EmailIdPage,
  EmailPage,
  EmailRepository,
  EmailUpsert,
} from './email-repository.ts'
import { readList, readName } from './fields.ts'
import {
  type CanonicalFilter,
  type CanonicalQuery,
  canonicalize,
  type DateRange,
  type EmailFilter,
  type EmailQuery,
} from './filter.ts'
import { matchesFilter } from './match.ts'
import { SqlEmailRepository } from './sql-email-repository.ts'
import type { WorkflowChain, WorkflowChainChange, WorkflowChainInput } from './workflow-chain.ts'

/** Options for {@link CachedEmailRepository}. */
export interface CachedEmailRepositoryOptions {
  /** What {@link SqlEmailRepository} takes, or a ready repository. */
  readonly db: SqlDatabase | { readonly repository: EmailRepository }
  /** Its namespace `email` is used. @default defaultCache(), as it is at construction */
  readonly cache?: CacheNamespace<unknown>
  /** Gives the time for lifetimes, and for the repository built on `db`. @default webPlatform() */
  readonly platform?: Platform
}

/**
 * A page is dozens of small rows, and inflating one takes ten times as long as reading it: 8 ms a
 * page of 50 in place of 0.6 ms. Long bodies are worth it.
 */
const COMPRESSION = { thresholdBytes: 16_384 }

/**
 * An {@link EmailRepository} that asks SQL only for what the cache does not have.
 *
 * A read that starts after a write has returned sees that write. Each message of an answer, and its
 * list, is as it was at some instant between the beginning of the read and its end.
 *
 * With Redis away, reads go to SQL. A write commits first and tells the cache then; if it cannot,
 * it rejects with the cache's error although the message is stored. Made again, it heals the cache.
 *
 * @example
 * ```ts
 * const emailRepo = new CachedEmailRepository({ db })
 * const { emails } = await emailRepo.queryEmails({ statuses: ['new', 'in_progress'], limit: 50 })
 * await emailRepo.warmCache({ recentDays: 7, priorityEmails: true })
 * ```
 */
export class CachedEmailRepository implements EmailRepository {
  readonly #repository: EmailRepository
  readonly #lists: CacheNamespace<EmailIdPage>
  readonly #rows: CacheNamespace<Email | undefined>
  readonly #platform: Platform

  /** @throws {InvalidOptionError} When `db` or `cache` is none this library knows. */
  constructor({
    db,
    cache = defaultCache(),
    platform = webPlatform(),
  }: CachedEmailRepositoryOptions) {
    if (typeof cache?.namespace !== 'function') {
      throw new InvalidOptionError('cache', 'a RedisCacheManager or a namespace of one')
    }
    this.#repository =
      typeof db === 'object' && db !== null && 'repository' in db
        ? db.repository
        : new SqlEmailRepository({ db, platform })
    this.#lists = cache.namespace<EmailIdPage>('email', {
      tags: [LIST_TAG],
      compression: COMPRESSION,
    })
    this.#rows = cache.namespace<Email | undefined>('email', { compression: COMPRESSION })
    this.#platform = platform
  }

  async queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage> {
    const canonical = canonicalize(query)
    const { ids, ...rest } = await this.queryEmailIds(canonical)
    const rows = await this.#rowsOf(ids)
    const misfits = ids.filter((id) => {
      const email = rows.get(id)
      return email === undefined || !matchesFilter(email, canonical)
    })
    if (misfits.length > 0) return this.#readPast(canonical, misfits)
    return { emails: [...rows.values()], ...rest }
  }

  queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage> {
    return this.#attempt(() => {
      const canonical = canonicalize(query)
      return this.#lists.getOrSet(
        listKey(canonical),
        () => this.#repository.queryEmailIds(canonical),
        { ttl: listTtl(canonical, this.#platform.now()) },
      )
    })
  }

  getEmailById(id: string): Promise<Email | undefined> {
    return this.#attempt(() => {
      const key = rowKey(readName(id, 'id'))
      return this.#rows.getOrSet(key, () => this.#repository.getEmailById(id))
    })
  }

  async getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>> {
    return this.#rowsOf(readList(ids, 'ids', readName))
  }

  async createEmail(email: NewEmail): Promise<Email> {
    const stored = await this.#commit(() => this.#repository.createEmail(email), email?.id, true)
    // The id may have been asked for before there was a message.
    await this.#invalidate(stored.id, true)
    return stored
  }

  async updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined> {
    return (await this.changeEmail(id, changes))?.after
  }

  async changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined> {
    const lists = typeof changes === 'object' && changes !== null && touchesLists(changes)
    const change = await this.#commit(() => this.#repository.changeEmail(id, changes), id, lists)
    if (change !== undefined) await this.#invalidate(id, lists)
    return change
  }

  countEmails(filter: EmailFilter | CanonicalFilter): Promise<number> {
    return this.#repository.countEmails(filter)
  }

  getEmailByGraphId(graphId: string): Promise<Email | undefined> {
    return this.#repository.getEmailByGraphId(graphId)
  }

  getThread(threadId: string): Promise<readonly Email[]> {
    return this.#repository.getThread(threadId)
  }

  getConversation(conversationId: string): Promise<readonly Email[]> {
    return this.#repository.getConversation(conversationId)
  }

  getAnalytics(range?: DateRange): Promise<EmailAnalytics> {
    return this.#repository.getAnalytics(range)
  }

  async createOrUpdate(email: NewEmail): Promise<EmailUpsert> {
    const upsert = await this.#repository.createOrUpdate(email)
    await this.#invalidate(upsert.after.id, true)
    return upsert
  }

  async batchCreate(emails: readonly NewEmail[]): Promise<BatchResult> {
    const result = await this.#repository.batchCreate(emails)
    await this.#invalidateAll(result.created)
    return result
  }

  bulkUpdate(
    ids: readonly string[],
    changes: EmailChanges,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#changeAll(() => this.#repository.bulkUpdate(ids, changes))
  }

  bulkAssign(
    ids: readonly string[],
    assignedTo: string | null,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#changeAll(() => this.#repository.bulkAssign(ids, assignedTo))
  }

  markAsRead(
    ids: readonly string[],
    isRead?: boolean,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#changeAll(() => this.#repository.markAsRead(ids, isRead))
  }

  async storeEmailEntities(
    id: string,
    entities: readonly EmailEntity[],
  ): Promise<EmailChange | undefined> {
    const change = await this.#repository.storeEmailEntities(id, entities)
    if (change !== undefined) await this.#invalidate(id, false)
    return change
  }

  async deleteEmail(id: string): Promise<Email | undefined> {
    const deleted = await this.#commit(() => this.#repository.deleteEmail(id), id, true)
    await this.#invalidate(id, true)
    return deleted
  }

  getWorkflowChain(id: string): Promise<WorkflowChain | undefined> {
    return this.#repository.getWorkflowChain(id)
  }

  createOrUpdateWorkflowChain(chain: WorkflowChainInput): Promise<WorkflowChainChange> {
    return this.#repository.createOrUpdateWorkflowChain(chain)
  }

  /**
   * Reads what is likely to be asked for next, so that it is in the cache: the views a mailbox opens
   * with, and what the options name. What is there already costs SQL nothing.
   *
   * @returns How many different messages were read.
   * @throws {InvalidFilterError} When an option is unknown or out of its range.
   */
  async warmCache(options: WarmOptions = {}): Promise<number> {
    const { maxEmails, ...wanted } = readWarmOptions(options)
    const seen = new Set<string>()
    for (const { query, isWalked } of warmingPlan(wanted, this.#platform.now())) {
      let cursor: string | undefined
      do {
        const page = await this.queryEmails({ ...query, ...(cursor !== undefined && { cursor }) })
        for (const { id } of page.emails) seen.add(id)
        cursor = isWalked ? page.nextCursor : undefined
      } while (cursor !== undefined && seen.size < maxEmails)
    }
    return seen.size
  }

  /** The messages there are, in the order of the ids; those missing are read by one statement. */
  async #rowsOf(ids: readonly string[]): Promise<Map<string, Email>> {
    const found = await this.#rows.getOrSetMany(ids.map(rowKey), async (keys) => {
      const emails = await this.#repository.getEmailsByIds(keys.map(idOfRow))
      return new Map([...emails].map(([id, email]) => [rowKey(id), email]))
    })
    return new Map(
      ids.flatMap((id) => {
        const email = found.get(rowKey(id))
        return email ? [[id, email]] : []
      }),
    )
  }

  /**
   * Answers a query whose list and messages do not fit together: a write came between the two looks,
   * or one was made past this repository. One statement sees them together.
   */
  async #readPast(query: CanonicalQuery, misfits: readonly string[]): Promise<EmailPage> {
    try {
      await this.#lists.delete(listKey(query), ...misfits.map(rowKey))
    } catch (error) {
      // A read needs no cache; the next one will come here again.
      if (!isRemoteFailure(error)) throw error
    }
    return this.#repository.queryEmails(query)
  }

  /**
   * Runs a write. If it fails the cache is told nevertheless: the database may have committed, and
   * a message that is there already may be this caller's own, of a try whose invalidation failed.
   */
  async #commit<T>(write: () => Promise<T>, id: string | undefined, lists: boolean): Promise<T> {
    try {
      return await write()
    } catch (error) {
      // Bad input has not reached the database. Else the failure of the write is the one to tell.
      if (!(error instanceof InvalidFilterError)) {
        await this.#invalidate(id, lists).catch(() => undefined)
      }
      throw error
    }
  }

  /** One request: both commands are of the same tick. */
  async #invalidate(id: string | undefined, lists: boolean): Promise<void> {
    await Promise.all([
      id !== undefined && this.#rows.delete(rowKey(id)),
      lists && this.#lists.invalidateTags([LIST_TAG]),
    ])
  }

  async #changeAll(
    write: () => Promise<readonly EmailChange<EmailImage>[]>,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    const changes = await write()
    await this.#invalidateAll(changes.map(({ after }) => after))
    return changes
  }

  async #invalidateAll(emails: readonly { readonly id: string }[]): Promise<void> {
    if (emails.length === 0) return
    await Promise.all([
      this.#rows.delete(...emails.map(({ id }) => rowKey(id))),
      this.#lists.invalidateTags([LIST_TAG]),
    ])
  }

  /** What throws at once rejects. */
  async #attempt<T>(run: () => Promise<T>): Promise<T> {
    return run()
  }
}
