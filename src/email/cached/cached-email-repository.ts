/**
 * The cached mailbox: lists are cached as ids, messages separately by id.
 *
 * @module
 */

import type { CacheNamespace } from '../../cache/namespace.ts'
import { carriedOn } from '../../platform/carried-on.ts'
import type { Platform } from '../../platform/platform.ts'
import type { EmailAnalytics } from '../analytics.ts'
import type { DateRange, EmailFilter } from '../conditions.ts'
import type { Email, EmailChanges, EmailEntity, EmailImage, NewEmail } from '../email.ts'
import type {
  BatchResult,
  EmailChange,
  EmailIdPage,
  EmailPage,
  EmailRepository,
  EmailUpsert,
} from '../email-repository.ts'
import { readList, readName } from '../fields.ts'
import {
  type CanonicalFilter,
  type CanonicalQuery,
  canonicalize,
  canonicalizeFilter,
  type EmailQuery,
  isCanonical,
} from '../filter.ts'
import type { WorkflowChain, WorkflowChainChange, WorkflowChainInput } from '../workflow-chain.ts'
import { AskedQueries } from './asked.ts'
import { assemble } from './assemble.ts'
import { type Change, changeOf } from './change.ts'
import type { GraphIds } from './graph-ids.ts'
import { imageOf } from './image.ts'
import type { Looks } from './looks.ts'
import type { NearLists } from './near-lists.ts'
import type { CachedEmailRepositoryOptions, NotifiedChange } from './options.ts'
import type { CachedReads } from './reads.ts'
import type { QueryRecorder } from './recorder.ts'
import type { CachedRows } from './rows.ts'
import { cacheStats, type EmailCacheStats, type ListCounts } from './stats.ts'
import { type WarmOptions, type WarmResult, warm } from './warming.ts'
import type { CachedWriter } from './writer.ts'
import type { CachedWrites } from './writes.ts'

/**
 * An {@link EmailRepository} that reads from SQL only what the cache does not have.
 *
 * A read that starts after a write has returned sees that write. Each message that a read returns, and its
 * list, was in that state at some instant during the read. If a writer dies, nothing stale is served:
 * data that it may have changed is read from SQL until its state is known.
 *
 * If Redis is down, reads go to SQL. A write commits first and then updates the cache; if the update
 * fails, the write rejects with the cache's error although the message is stored. The repository then
 * updates the cache as soon as possible; repeating the write repairs it at once.
 *
 * @example
 * ```ts
 * const emailRepo = new CachedEmailRepository({ db })
 * const { emails } = await emailRepo.queryEmails({ statuses: ['new', 'in_progress'], limit: 50 })
 * await emailRepo.warmCache({ recentDays: 7, priorityEmails: true })
 * ```
 */
export class CachedEmailRepository implements EmailRepository {
  readonly #cache: CacheNamespace<unknown>
  /** Opens a session for reads from SQL that sees every write acknowledged before. */
  readonly #source: () => EmailRepository
  readonly #platform: Platform
  readonly #rows: CachedRows
  readonly #looks: Looks
  readonly #near: NearLists | undefined
  readonly #graphIds: GraphIds
  readonly #reads: CachedReads
  readonly #writer: CachedWriter
  readonly #writes: CachedWrites
  readonly #asked = new AskedQueries()
  readonly #recorder: QueryRecorder
  readonly #counts: ListCounts = { hits: 0, loaded: 0, bypassed: 0 }

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: CachedEmailRepositoryOptions) {
    const parts = assemble(options, this.#counts)
    this.#cache = parts.cache
    this.#source = parts.source
    this.#platform = parts.platform
    this.#rows = parts.rows
    this.#looks = parts.looks
    this.#near = parts.near
    this.#graphIds = parts.graphIds
    this.#reads = parts.reads
    this.#writer = parts.writer
    this.#writes = parts.writes
    this.#recorder = parts.recorder
  }

  async queryEmails(query: EmailQuery | CanonicalQuery): Promise<EmailPage> {
    const canonical = isCanonical(query) ? query : this.#noted(query)
    if (await this.#isBehind()) return this.#source().queryEmails(canonical)
    return this.#reads.page(canonical)
  }

  #noted(query: EmailQuery): CanonicalQuery {
    const asked = this.#asked.of(query)
    this.#recorder.note(asked)
    return asked.canonical
  }

  async queryEmailIds(query: EmailQuery | CanonicalQuery): Promise<EmailIdPage> {
    const canonical = canonicalize(query)
    if (await this.#isBehind()) return this.#source().queryEmailIds(canonical)
    return this.#reads.ids(canonical)
  }

  async countEmails(filter: EmailFilter | CanonicalFilter): Promise<number> {
    const canonical = canonicalizeFilter(filter)
    if (await this.#isBehind()) return this.#source().countEmails(canonical)
    return this.#reads.count(canonical)
  }

  async getEmailById(id: string): Promise<Email | undefined> {
    readName(id, 'id')
    if (await this.#isBehind()) return this.#source().getEmailById(id)
    return this.#rows.byId(id)
  }

  async getEmailByGraphId(graphId: string): Promise<Email | undefined> {
    readName(graphId, 'graphId')
    if (await this.#isBehind()) return this.#source().getEmailByGraphId(graphId)
    const id = await this.#graphIds.idOf(graphId)
    const email = id === undefined ? undefined : await this.#rows.byId(id)
    if (email?.graphId === graphId) return email
    // The message was deleted; another one may have its graph id now.
    if (id !== undefined) await this.#graphIds.forget(graphId)
    return this.#source().getEmailByGraphId(graphId)
  }

  async getEmailsByIds(ids: readonly string[]): Promise<Map<string, Email>> {
    const wanted = readList(ids, 'ids', readName)
    if (await this.#isBehind()) return this.#source().getEmailsByIds(wanted)
    return this.#rows.byIds(wanted)
  }

  async getThread(threadId: string): Promise<readonly Email[]> {
    readName(threadId, 'threadId')
    if (await this.#isBehind()) return this.#source().getThread(threadId)
    return this.#reads.thread({ threadId })
  }

  async getConversation(conversationId: string): Promise<readonly Email[]> {
    readName(conversationId, 'conversationId')
    if (await this.#isBehind()) return this.#source().getConversation(conversationId)
    return this.#reads.thread({ conversationId })
  }

  async getAnalytics(range?: DateRange): Promise<EmailAnalytics> {
    if (await this.#isBehind()) return this.#source().getAnalytics(range)
    return this.#reads.analytics(range)
  }

  async createEmail(email: NewEmail): Promise<Email> {
    return this.#writes.create(email)
  }

  async createOrUpdate(email: NewEmail): Promise<EmailUpsert> {
    return this.#writes.createOrUpdate(email)
  }

  async batchCreate(emails: readonly NewEmail[]): Promise<BatchResult> {
    return this.#writes.batchCreate(emails)
  }

  async updateEmail(id: string, changes: EmailChanges): Promise<Email | undefined> {
    return (await this.#writes.change(id, changes))?.after
  }

  async changeEmail(id: string, changes: EmailChanges): Promise<EmailChange | undefined> {
    return this.#writes.change(id, changes)
  }

  async bulkUpdate(
    ids: readonly string[],
    changes: EmailChanges,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#writes.bulkUpdate(ids, changes)
  }

  async bulkAssign(
    ids: readonly string[],
    assignedTo: string | null,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#writes.bulkAssign(ids, assignedTo)
  }

  async markAsRead(
    ids: readonly string[],
    isRead: boolean = true,
  ): Promise<readonly EmailChange<EmailImage>[]> {
    return this.#writes.markAsRead(ids, isRead)
  }

  async storeEmailEntities(
    id: string,
    entities: readonly EmailEntity[],
  ): Promise<EmailChange | undefined> {
    return this.#writes.storeEntities(id, entities)
  }

  async noteRecipient(id: string, address: string): Promise<EmailChange | undefined> {
    return this.#writes.noteRecipient(id, address)
  }

  async deleteEmail(id: string): Promise<Email | undefined> {
    return this.#writes.delete(id)
  }

  /** Chains are few and small, so they are not cached. */
  async getWorkflowChain(id: string): Promise<WorkflowChain | undefined> {
    return this.#source().getWorkflowChain(id)
  }

  async createOrUpdateWorkflowChain(chain: WorkflowChainInput): Promise<WorkflowChainChange> {
    return this.#writes.storeChain(chain)
  }

  /**
   * Call it after messages were changed without this repository, for example by a migration or another
   * program. Their old state is unknown, so every list that had one of them, or has it now, is read again.
   * An empty list of ids does nothing.
   *
   * @throws {InvalidFilterError} When `ids` is not a list of at most 1000 ids.
   * @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When the change could not be recorded in Redis.
   */
  async notifyChanged({ ids }: NotifiedChange = {}): Promise<void> {
    const wanted = ids === undefined ? ids : [...new Set(readList(ids, 'ids', readName))]
    if (wanted?.length === 0) return
    return carriedOn(this.#platform, this.#tellOf(wanted))
  }

  /**
   * Loads in advance what is likely to be read next: the most frequent queries, the first views of a
   * mailbox, and what the options name. Stops if Redis is unavailable.
   *
   * @throws {InvalidFilterError} When an option is unknown or out of its range.
   */
  async warmCache(options: WarmOptions = {}): Promise<WarmResult> {
    const recorder = this.#recorder
    const read = async (query: EmailQuery): Promise<EmailPage | undefined> => {
      const canonical = canonicalize(query)
      if (await this.#isBehind()) return undefined
      const { failed } = this.#looks
      const page = await this.#reads.sharedPage(canonical)
      return this.#looks.failed === failed ? page : undefined
    }
    return warm({ recorder, platform: this.#platform, read }, options)
  }

  /** Hit rates and other figures of this instance. */
  getCacheStats(): EmailCacheStats {
    return cacheStats(this.#counts, this.#rows)
  }

  /** Clears the cached mailbox in every process. Other processes drop their copies when they read the change log. */
  async clearCache(): Promise<void> {
    return carriedOn(this.#platform, this.#clear())
  }

  async #clear(): Promise<void> {
    await this.#cache.clear()
    await this.#tellOf(undefined)
    this.#rows.forgetNear()
    this.#near?.forget()
    this.#looks.expire()
  }

  async #tellOf(ids: readonly string[] | undefined): Promise<void> {
    if (ids === undefined) {
      return this.#writer.notify({ rows: undefined, fields: undefined }, undefined)
    }
    const emails = await this.#source().getEmailsByIds(ids)
    const change: Change = changeOf(
      ids.map((id) => {
        const email = emails.get(id)
        return { id, before: undefined, after: email ? imageOf(email) : null, fields: undefined }
      }),
    )
    return this.#writer.notify(change, ids)
  }

  /**
   * Records earlier changes that Redis missed. True if the cache does not show all of them yet, because Redis is
   * still down, or another call is recording them.
   */
  async #isBehind(): Promise<boolean> {
    if (this.#writer.owes) await carriedOn(this.#platform, this.#writer.settle())
    return this.#writer.owes
  }
}
