/**
 * Messages kept in this process, checked against the change log. A read of a list looks at the log in any
 * case, and the log has what writers have changed and, as marks, what they are about to change.
 *
 * All copies are valid at one log position. They were read after a look at it, when the Redis entries of
 * all messages changed up to that position were already new, deleted or taken over. A reader with a newer
 * view first drops the messages changed since. It gets marked messages only within the allowed lag.
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
  /** The last time when no write under way could change it, in epoch milliseconds. */
  clearAt: number
  /** Whether it was used since eviction last passed over it. */
  isUsed: boolean
}

/** Options of {@link NearRows}. */
export interface NearRowsOptions {
  readonly platform: Platform
  readonly maxMessages: number
  readonly ttlMs: number
  readonly lagMs: number
}

/** Copies that were found. */
export interface TakenRows {
  readonly emails: Map<string, Email>
  /** Epoch milliseconds, at most the lag ago: all copies were current then or later. */
  readonly clearAt: number
}

/** Copies of messages, all valid at one position of the log. */
export class NearRows {
  readonly #copies = new Map<string, Copy>()
  readonly #options: NearRowsOptions
  #epoch = ''
  #at = 0

  constructor(options: NearRowsOptions) {
    this.#options = options
  }

  /** Whether a read may get copies that are older than the read. */
  get isLagging(): boolean {
    return this.#options.lagMs > 0
  }

  /** The copies that a reader with this view may use. */
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
    // The copies are already at a later position, and the messages may have changed in between.
    if (view.epoch !== this.#epoch || view.at !== this.#at || marked === 'all') return
    const until = this.#options.platform.now() + this.#options.ttlMs
    for (const email of emails) if (!isMarked(marked, email.id)) this.#keep(email, until, since)
    this.#makeRoom()
  }

  /** Drops these copies, or all. */
  forget(ids: readonly string[] | 'all'): void {
    this.#drop(ids === 'all' ? ids : new Set(ids))
  }

  /** Moves the copies on to the view: drops messages changed since. An older view changes nothing. */
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
   * Evicts the oldest copies, but passes over those used since the last time (second chance: Corbató, "A
   * Paging Experiment with the Multics System", 1968). A use only sets a flag and moves nothing.
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

/** The fields that are lists, spelled out because finding them takes longer than freezing them. */
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

/** A copy of a message and its lists. */
export function copied(email: Email): Email {
  const lists: Record<string, unknown> = {}
  for (const field of LIST_FIELDS) {
    lists[field] = email[field].map((one) => (typeof one === 'string' ? one : { ...one }))
  }
  return { ...email, ...lists }
}

/** Freezes a message with its lists, because reads share it. */
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
