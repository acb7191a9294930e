/**
 * Questions to a cached mailbox: lists as ids, messages apart by id, counts and figures.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import { isRemoteFailure } from '../../cache/context.ts'
import type { Platform } from '../../platform/platform.ts'
import type { EmailAnalytics } from '../analytics.ts'
import { encodeCursor } from '../cursor.ts'
import type { Email } from '../email.ts'
import type { EmailIdPage, EmailPage, EmailRepository } from '../email-repository.ts'
import {
  type CanonicalFilter,
  type CanonicalQuery,
  canonicalize,
  canonicalizeFilter,
  type DateRange,
  MAX_LIMIT,
  withPage,
} from '../filter.ts'
import { matchesImage } from '../match.ts'
import { compareInOrder } from '../order.ts'
import { analyticsTtl, listTtl } from './lifetimes.ts'
import type { CachedLists, Filled } from './lists.ts'
import { analyticsQuestion, countQuestion, listQuestion, type Question } from './question.ts'
import type { CachedRows } from './rows.ts'
import { pageOf, type WindowPage } from './window.ts'

const DAY_MS = 86_400_000

/** What the reads of a mailbox work with. */
export interface ReadsOptions {
  readonly lists: CachedLists
  readonly rows: CachedRows
  readonly platform: Platform
  /** Where SQL is asked, on a view as new as every write acknowledged before. */
  source(): EmailRepository
}

/** The reads of a mailbox. */
export class CachedReads {
  readonly #lists: CachedLists
  readonly #rows: CachedRows
  readonly #platform: Platform
  readonly #source: () => EmailRepository

  constructor({ lists, rows, platform, source }: ReadsOptions) {
    this.#lists = lists
    this.#rows = rows
    this.#platform = platform
    this.#source = source
  }

  async page(query: CanonicalQuery): Promise<EmailPage> {
    const question = listQuestion(query)
    const found = await this.#pageOf(question, query)
    if (found === undefined) return this.#source().queryEmails(query)
    const { page, view } = found
    const rows = await this.#rows.byIds(page.ids, view)
    const emails = [...rows.values()]
    if (!isCoherent(query, page.ids, emails)) return this.#readPast(question, query, page.ids)
    return { emails, ...restOf(page, query) }
  }

  async ids(query: CanonicalQuery): Promise<EmailIdPage> {
    const found = await this.#pageOf(listQuestion(query), query)
    if (found === undefined) return this.#source().queryEmailIds(query)
    const { page } = found
    return { ids: page.ids, keys: page.keys, ...restOf(page, query) }
  }

  async count(filter: CanonicalFilter): Promise<number> {
    const ttl = listTtl(filter.branches, this.#platform.now())
    const fill = async (): Promise<Filled> => ({
      rows: [],
      end: null,
      total: await this.#source().countEmails(filter),
    })
    const found = await this.#lists.read(countQuestion(filter), ttl, fill)
    return found?.window.total ?? this.#source().countEmails(filter)
  }

  async analytics(range: DateRange | undefined): Promise<EmailAnalytics> {
    const { branches } = canonicalizeFilter(range === undefined ? {} : { dateRange: range })
    const received = branches[0]?.received
    const now = this.#platform.now()
    const question = analyticsQuestion(received, Math.floor(now / DAY_MS) * DAY_MS)
    const fill = async (): Promise<Filled> => ({
      rows: [],
      end: null,
      figures: await this.#source().getAnalytics(range),
    })
    const found = await this.#lists.read(question, analyticsTtl(received?.to, now), fill)
    return found?.window.figures ?? this.#source().getAnalytics(range)
  }

  /** The messages of a thread or a conversation, oldest first. */
  async thread(of: { threadId: string } | { conversationId: string }): Promise<readonly Email[]> {
    const { emails } = await this.page(canonicalize({ ...of, direction: 'asc', limit: MAX_LIMIT }))
    return emails
  }

  async #pageOf(
    question: Question,
    query: CanonicalQuery,
  ): Promise<{ readonly page: WindowPage; readonly view: LogView | undefined } | undefined> {
    const ttl = listTtl(query.branches, this.#platform.now())
    const found = await this.#lists.read(question, ttl, () => this.#fill(question, query))
    const page = found && pageOf(found.window, question)
    return page && { page, view: found.view }
  }

  async #fill(question: Question, query: CanonicalQuery): Promise<Filled> {
    const wide = withPage(query, { limit: question.depth, offset: question.skipped })
    const { keys, nextCursor, total } = await this.#source().queryEmailIds(wide)
    const end = nextCursor === undefined ? null : (keys.at(-1) ?? null)
    return { rows: keys, end, ...(total !== undefined && { total }) }
  }

  /**
   * Answers a query whose list and messages do not fit together: a write came between the two looks,
   * or one was made past this repository. One statement sees them together.
   */
  async #readPast(
    question: Question,
    query: CanonicalQuery,
    ids: readonly string[],
  ): Promise<EmailPage> {
    try {
      await Promise.all([this.#lists.forget(question), this.#rows.drop(ids)])
    } catch (error) {
      // A read needs no cache; the next one will come here again.
      if (!isRemoteFailure(error)) throw error
    }
    return this.#source().queryEmails(query)
  }
}

/** Whether the messages are those of the list, and in its order: words and dates never change. */
function isCoherent(
  query: CanonicalQuery,
  ids: readonly string[],
  emails: readonly Email[],
): boolean {
  return (
    emails.length === ids.length &&
    emails.every((email, i) => {
      const next = emails[i + 1]
      const isInOrder = next === undefined || compareInOrder(email, next, query.order) < 0
      return isInOrder && matchesImage(email, query, () => true)
    })
  )
}

function restOf(
  { next, total }: WindowPage,
  { order }: CanonicalQuery,
): { nextCursor?: string; total?: number } {
  return {
    ...(next !== undefined && { nextCursor: encodeCursor(next, order.by) }),
    ...(total !== undefined && { total }),
  }
}
