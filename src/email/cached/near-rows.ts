/**
 * Messages kept in this process, for which the change log vouches: a read of a list goes by a view of
 * the log in any case, and whatever a writer has changed, or is about to change, is told there.
 *
 * A copy is right as of a position: it was read under a view of it, when the entry in Redis of every
 * message told up to there was that of afterwards, or taken. Whoever comes with a view drops what was
 * told since, and is not served what a mark names, but within the lag that was allowed.
 *
 * @module
 */

import type { LogView } from '../../cache/change-log.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Email } from '../email.ts'
import { type Ids, isWithin, type Looked, toldIn } from './looks.ts'

interface Copy {
  email: Email
  /** Epoch milliseconds. */
  until: number
  /** Epoch milliseconds at which no write under way could be of it. */
  clearAt: number
  /** Whether it was used since it was last passed over to make room. */
  isUsed: boolean
}

/** Bounds of copies. */
export interface NearRowsOptions {
  readonly platform: Platform
  readonly maxMessages: number
  readonly ttlMs: number
  readonly lagMs: number
}

/** Copies that were found. */
export interface TakenRows {
  readonly emails: Map<string, Email>
  /** Epoch milliseconds, not before the lag: all were right then, or later. */
  readonly clearAt: number
}

/** Copies of messages. All are right as of one position of the log. */
export class NearRows {
  readonly #copies = new Map<string, Copy>()
  readonly #options: NearRowsOptions
  #epoch = ''
  #at = 0

  constructor(options: NearRowsOptions) {
    this.#options = options
  }

  /** Whether copies are served that may be older than the read. */
  get isLagging(): boolean {
    return this.#options.lagMs > 0
  }

  /** The messages that are right under this view. */
  take(ids: readonly string[], { view, since, marked }: Looked): TakenRows {
    const emails = new Map<string, Email>()
    let clearAt = since
    this.#advance(view)
    if (view.epoch !== this.#epoch) return { emails, clearAt }
    const { platform, lagMs } = this.#options
    const now = platform.now()
    for (const id of ids) {
      const copy = this.#copies.get(id)
      if (copy === undefined || now >= copy.until) continue
      if (!isMarked(marked, id)) copy.clearAt = Math.max(copy.clearAt, since)
      else if (!isWithin(copy.clearAt, now, lagMs)) continue
      clearAt = Math.min(clearAt, copy.clearAt)
      copy.isUsed = true
      emails.set(id, copy.email)
    }
    return { emails, clearAt }
  }

  /** Keeps messages that were read after the look. */
  put(emails: Iterable<Email>, { view, since, marked }: Looked): void {
    // What was told since may be of them, and has been dropped already.
    if (view.epoch !== this.#epoch || view.at !== this.#at || marked === 'all') return
    const until = this.#options.platform.now() + this.#options.ttlMs
    for (const email of emails) if (!isMarked(marked, email.id)) this.#keep(email, until, since)
    this.#makeRoom()
  }

  /** Drops copies: these, or all. */
  forget(ids: readonly string[] | 'all'): void {
    this.#drop(ids === 'all' ? ids : new Set(ids))
  }

  /** Drops what was told since. A view that others have gone beyond tells nothing new. */
  #advance(view: LogView): void {
    if (view.epoch === this.#epoch && view.at <= this.#at) return
    const entries = view.epoch === this.#epoch ? view.since(this.#at) : undefined
    this.#drop(entries === undefined ? 'all' : toldIn(entries))
    this.#epoch = view.epoch
    this.#at = view.at
  }

  #keep(email: Email, until: number, clearAt: number): void {
    const known = this.#copies.get(email.id)
    if (known === undefined) {
      this.#copies.set(email.id, { email: frozen(email), until, clearAt, isUsed: false })
    } else {
      known.email = frozen(email)
      known.until = until
      known.clearAt = clearAt
      known.isUsed = true
    }
  }

  /**
   * The oldest leave first, but for those used since they were last passed over (Corbató, "A Paging
   * Experiment with the Multics System", 1968): a use changes a flag, and not the order.
   */
  #makeRoom(): void {
    const { maxMessages } = this.#options
    for (const [id, copy] of this.#copies) {
      if (this.#copies.size <= maxMessages) return
      this.#copies.delete(id)
      if (copy.isUsed) this.#copies.set(id, copy)
      copy.isUsed = false
    }
  }

  #drop(ids: Ids): void {
    if (ids === 'all') this.#copies.clear()
    else for (const id of ids) this.#copies.delete(id)
  }
}

export function isMarked(marked: Ids, id: string): boolean {
  return marked === 'all' || marked.has(id)
}

/** The fields of a message that are lists; named, as to look for them takes longer than to freeze them. */
type ListField = {
  [Field in keyof Email]: Email[Field] extends readonly unknown[] ? Field : never
}[keyof Email]
const LISTS: Readonly<Record<ListField, true>> = {
  references: true,
  recipients: true,
  cc: true,
  bcc: true,
  categories: true,
  attachments: true,
  entities: true,
}
const LIST_FIELDS = Object.keys(LISTS) as readonly ListField[]

/** A message of its own, with lists of its own. */
export function copied(email: Email): Email {
  const lists: Record<string, unknown> = {}
  for (const field of LIST_FIELDS) {
    lists[field] = email[field].map((one) => (typeof one === 'string' ? one : { ...one }))
  }
  return { ...email, ...lists }
}

/** A message that nobody can change, its lists included: reads share it. */
export function frozen(email: Email): Email {
  if (Object.isFrozen(email)) return email
  for (const field of LIST_FIELDS) {
    const list = email[field]
    if (Object.isFrozen(list) && list.length === 0) continue
    for (const one of list) Object.freeze(one)
    Object.freeze(list)
  }
  return Object.freeze(email)
}
