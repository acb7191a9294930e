/**
 * Reads of a cached mailbox: lists of ids, messages by id, counts and figures.
 *
 * @module
 */

import { isRemoteFailure } from '../../cache/context.ts'
import type { TtlClass } from '../../entry/duration.ts'
import type { Platform } from '../../platform/platform.ts'
import type { EmailAnalytics } from '../analytics.ts'
import type { DateRange } from '../conditions.ts'
import type { Email } from '../email.ts'
import type { EmailIdPage, EmailPage, EmailRepository } from '../email-repository.ts'
import {
  type CanonicalFilter,
  type CanonicalQuery,
  canonicalize,
  canonicalizeFilter,
  canonicalKey,
  MAX_LIMIT,
  withPage,
} from '../filter.ts'
import { type SortKey, sortKeyOf } from '../order.ts'
import { analyticsTtl, listTtl } from './lifetimes.ts'
import type { CachedLists, Filled } from './lists.ts'
import type { Found, KeptList, NearList, NearLists } from './near-lists.ts'
import { pageFrom, restOf } from './pages.ts'
import { analyticsQuestion, countQuestion, listQuestion, type Question } from './question.ts'
import type { CachedRows } from './rows.ts'
import type { ListCounts } from './stats.ts'
import { pageOf, spareFor } from './window.ts'

const DAY_MS = 86_400_000

/** Options of {@link CachedReads}. */
export interface ReadsOptions {
  readonly lists: CachedLists
  readonly rows: CachedRows
  /** Lists kept in this process; undefined if this is off. */
  readonly near: NearLists | undefined
  readonly counts: ListCounts
  readonly platform: Platform
  /** Opens a session for reads from SQL that sees every write acknowledged before. */
  source(): EmailRepository
}

/** The reads of a cached mailbox. */
export class CachedReads {
  readonly #lists: CachedLists
  readonly #rows: CachedRows
  readonly #near: NearLists | undefined
  readonly #counts: ListCounts
  readonly #platform: Platform
  readonly #source: () => EmailRepository

  constructor({ lists, rows, near, counts, platform, source }: ReadsOptions) {
    this.#lists = lists
    this.#rows = rows
    this.#near = near
    this.#counts = counts
    this.#platform = platform
    this.#source = source
  }

  async page(query: CanonicalQuery): Promise<EmailPage> {
    const name = pageName(query)
    const found = await this.#find(name)
    if (found.kind === 'in-doubt') return this.#source().queryEmails(query)
    const near = found.kind === 'kept' ? await this.#nearPage(name, found, query) : undefined
    return near ?? this.#farPage(name, query)
  }

  /** As {@link page}, and stores in Redis what is missing there, for all isolates. */
  sharedPage(query: CanonicalQuery): Promise<EmailPage> {
    return this.#farPage(pageName(query), query, true)
  }

  async ids(query: CanonicalQuery): Promise<EmailIdPage> {
    const window = await this.#window(pageName(query), {
      question: () => listQuestion(query),
      ttl: () => listTtl(query.branches, this.#platform.now()),
      fill: (question) => this.#fill(question, query),
    })
    const page = window && pageOf(window.window, window.question)
    if (page === undefined) return this.#source().queryEmailIds(query)
    // Copies, because reads share the list.
    const keys = page.keys.map((key) => [...key])
    return { ids: page.ids, keys, ...restOf(page, query) }
  }

  async count(filter: CanonicalFilter): Promise<number> {
    const found = await this.#window(nameOf('count', filter), {
      question: () => countQuestion(filter),
      ttl: () => listTtl(filter.branches, this.#platform.now()),
      fill: async () => ({ rows: [], end: null, total: await this.#source().countEmails(filter) }),
    })
    return found?.window.total ?? this.#source().countEmails(filter)
  }

  async analytics(range: DateRange | undefined): Promise<EmailAnalytics> {
    const { branches } = canonicalizeFilter(range === undefined ? {} : { dateRange: range })
    const received = branches[0]?.received
    const now = this.#platform.now()
    const dayStart = Math.floor(now / DAY_MS) * DAY_MS
    const found = await this.#window(nameOf('figures', [received, dayStart]), {
      question: () => analyticsQuestion(received, dayStart),
      ttl: () => analyticsTtl(received?.to, now),
      fill: async () => ({
        rows: [],
        end: null,
        figures: await this.#source().getAnalytics(range),
      }),
    })
    return found?.window.figures ?? this.#source().getAnalytics(range)
  }

  /** The messages of a thread or a conversation, oldest first. */
  async thread(of: { threadId: string } | { conversationId: string }): Promise<readonly Email[]> {
    const { emails } = await this.page(canonicalize({ ...of, direction: 'asc', limit: MAX_LIMIT }))
    return emails
  }

  async #find(name: string): Promise<Found> {
    const found: Found = (await this.#near?.find(name)) ?? { kind: 'none' }
    if (found.kind === 'in-doubt') this.#counts.bypassed++
    return found
  }

  /** @returns Undefined if the kept list and messages do not give the page. */
  async #nearPage(
    name: string,
    found: KeptList,
    query: CanonicalQuery,
  ): Promise<EmailPage | undefined> {
    const { list, looked } = found
    const made = list.page
    const window = made ? undefined : pageOf(list.window, list.question)
    if (made) this.#rows.reads += made.emails.length
    const listed = window && (await this.#rows.listed(window.ids, looked))
    const page = made ?? (window && listed && pageFrom(window, listed.emails, query))
    if (page === undefined) {
      this.#near?.forget(name)
      return undefined
    }
    this.#counts.hits++
    if (listed) this.#near?.putPage(name, found, page, listed.clearAt)
    return page
  }

  async #farPage(name: string, query: CanonicalQuery, isShared = false): Promise<EmailPage> {
    const question = listQuestion(query)
    const ttl = listTtl(query.branches, this.#platform.now())
    const read: { whole?: ReadWhole } = {}
    const fill = async (): Promise<Filled> => {
      if (!this.#near || isShared) return this.#fill(question, query)
      read.whole = await this.#fillWhole(question, query)
      return read.whole.filled
    }
    const found = await this.#lists.read(question, ttl, fill, isShared ? 'stored' : 'read')
    const window = found && pageOf(found.window, question)
    if (found === undefined || window === undefined) return this.#source().queryEmails(query)
    const looked = isShared ? undefined : found.looked
    const whole = read.whole?.filled.rows === found.window.rows ? read.whole : undefined
    const { emails, clearAt } = whole
      ? this.#rows.keep(whole.emails, question, looked)
      : await this.#rows.listed(window.ids, looked)
    // List and messages that come from one statement need no check that they agree.
    const page = whole ? { emails, ...restOf(window, query) } : pageFrom(window, emails, query)
    if (page === undefined) return this.#readPast(question, query, window.ids)
    if (found.looked) {
      const { view, since } = found.looked
      const list = { question, window: found.window, page }
      this.#near?.put(name, list, { view, since: Math.min(since, clearAt) })
    }
    return page
  }

  /** Reads a list without its messages; undefined if the caller must read from SQL directly. */
  async #window(
    name: string,
    { question: ask, ttl, fill }: Asked,
  ): Promise<Pick<NearList, 'question' | 'window'> | undefined> {
    const kept = await this.#find(name)
    if (kept.kind === 'in-doubt') return undefined
    if (kept.kind === 'kept') {
      this.#counts.hits++
      return kept.list
    }
    const question = ask()
    const found = await this.#lists.read(question, ttl(), () => fill(question))
    if (found === undefined) return undefined
    const { window, looked } = found
    if (looked) this.#near?.put(name, { question, window, page: undefined }, looked)
    return { question, window }
  }

  async #fill(question: Question, query: CanonicalQuery): Promise<Filled> {
    const wide = withPage(query, { limit: question.depth, offset: question.skipped })
    const { keys, nextCursor, total } = await this.#source().queryEmailIds(wide)
    return { rows: keys, end: endOf(keys, nextCursor), ...(total !== undefined && { total }) }
  }

  /**
   * As {@link CachedReads.#fill}, but reads whole messages, to keep them in this process: reading them by id
   * would take a second statement. They are not stored in Redis; a process without copies does that.
   */
  async #fillWhole(question: Question, query: CanonicalQuery): Promise<ReadWhole> {
    const limit = question.isRigid ? question.depth : spareFor(question.offset + question.limit)
    const wide = withPage(query, { limit, offset: question.skipped })
    const { emails, nextCursor, total } = await this.#source().queryEmails(wide)
    const rows = emails.map((email) => sortKeyOf(email, query.order.by))
    const end = endOf(rows, nextCursor)
    return { filled: { rows, end, ...(total !== undefined && { total }) }, emails }
  }

  /**
   * Reads a page from SQL if its list and messages do not agree, because a write came between the two
   * reads, or was made without this repository. One statement reads both together.
   */
  async #readPast(
    question: Question,
    query: CanonicalQuery,
    ids: readonly string[],
  ): Promise<EmailPage> {
    try {
      await Promise.all([this.#lists.forget(question), this.#rows.drop(ids)])
    } catch (error) {
      // A read does not need Redis. The next read finds the same mismatch and deletes again.
      if (!isRemoteFailure(error)) throw error
    }
    return this.#source().queryEmails(query)
  }
}

/** A list read from SQL, with its messages. */
interface ReadWhole {
  readonly filled: Filled
  readonly emails: readonly Email[]
}

/** How to read a list without its messages. */
interface Asked {
  question(): Question
  ttl(): TtlClass
  /** Reads from SQL. */
  fill(question: Question): Promise<Filled>
}

/** The last key if more rows follow. A copy: a value that has one object twice is not stored as plain JSON. */
function endOf(rows: readonly SortKey[], nextCursor: string | undefined): SortKey | null {
  const last = nextCursor === undefined ? undefined : rows.at(-1)
  return last ? [...last] : null
}

/** The name of a list in this process. */
function nameOf(kind: 'count' | 'figures', asked: CanonicalFilter | readonly unknown[]): string {
  return `${kind} ${JSON.stringify(asked)}`
}

function pageName(query: CanonicalQuery): string {
  return `page ${canonicalKey(query)}`
}
