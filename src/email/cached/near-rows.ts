/**
 * Messages kept in this process, for which the change log vouches: a read of a list looks at the log
 * in any case, and whatever a writer has changed, or is about to change, is told there.
 *
 * A copy is right as of a position: it was read under a view of it, when the entry in Redis of every
 * message told up to there was that of afterwards, or taken. Whoever comes with a view drops what was
 * told since, and is not served what a mark names.
 *
 * @module
 */

import type { LogEntry, LogView } from '../../cache/change-log.ts'
import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Email } from '../email.ts'
import { type Intent, unpackChange } from './change.ts'

/** How messages are kept in this process. Reads share them, so they are frozen. */
export interface NearMessages {
  /** 1 to 1_000_000; the ones longest unused leave first. @default 5_000 */
  readonly maxMessages?: number
  /**
   * How long a copy is kept, at most an hour. What is written through the repository, or notified, is
   * seen at once; what is changed or cleared in other ways, after so long. @default '30s'
   */
  readonly ttl?: Duration
}

interface Copy {
  readonly email: Email
  /** Epoch milliseconds. */
  readonly until: number
}

/** Which messages are meant; `all` where it is not known. */
type Ids = ReadonlySet<string> | 'all'

/** Copies of messages. All are right as of one position of the log. */
export class NearRows {
  readonly #copies = new Map<string, Copy>()
  readonly #max: number
  readonly #ttlMs: number
  readonly #platform: Platform
  #epoch = ''
  #at = 0

  /** @throws {InvalidOptionError} When an option is out of its range. */
  constructor({ maxMessages = 5_000, ttl = '30s' }: NearMessages, platform: Platform) {
    if (!Number.isSafeInteger(maxMessages) || maxMessages < 1 || maxMessages > 1_000_000) {
      throw new InvalidOptionError('near.maxMessages', 'a whole number, 1 to 1_000_000')
    }
    this.#max = maxMessages
    this.#ttlMs = toMilliseconds(ttl, 'near.ttl', { min: 1, max: 3_600_000 })
    this.#platform = platform
  }

  /** The messages that are right under this view. */
  take(ids: readonly string[], view: LogView): Map<string, Email> {
    const taken = new Map<string, Email>()
    this.#advance(view)
    const marked = idsOf(view.marks.map((intent) => intent as Intent | undefined))
    if (view.epoch !== this.#epoch || marked === 'all') return taken
    const now = this.#platform.now()
    for (const id of ids) {
      const copy = this.#copies.get(id)
      if (copy === undefined || marked.has(id) || now >= copy.until) continue
      // Behind the others: it was used last.
      this.#copies.delete(id)
      this.#copies.set(id, copy)
      taken.set(id, copy.email)
    }
    return taken
  }

  /** Keeps messages that were read after the view was had. */
  put(emails: Iterable<Email>, view: LogView): void {
    // What was told since may be of them, and has been dropped already.
    if (view.epoch !== this.#epoch || view.at !== this.#at) return
    const marked = idsOf(view.marks.map((intent) => intent as Intent | undefined))
    if (marked === 'all') return
    const until = this.#platform.now() + this.#ttlMs
    for (const email of emails) {
      if (marked.has(email.id)) continue
      this.#copies.delete(email.id)
      this.#copies.set(email.id, { email: frozen(email), until })
    }
    for (const id of this.#copies.keys()) {
      if (this.#copies.size <= this.#max) return
      this.#copies.delete(id)
    }
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

  #drop(ids: Ids): void {
    if (ids === 'all') this.#copies.clear()
    else for (const id of ids) this.#copies.delete(id)
  }
}

/** A message that nobody can change, its lists included. */
function frozen(email: Email): Email {
  for (const list of Object.values(email)) {
    if (!Array.isArray(list)) continue
    for (const one of list) Object.freeze(one)
    Object.freeze(list)
  }
  return Object.freeze(email)
}

function toldIn(entries: readonly LogEntry[]): Ids {
  const ids = new Set<string>()
  for (const { kind, value } of entries) {
    const told = kind === 'unknown' ? idsOf([value as Intent | undefined]) : changedIn(value)
    if (told === 'all') return 'all'
    for (const id of told) ids.add(id)
  }
  return ids
}

function changedIn(value: unknown): Ids {
  const rows = unpackChange(value)?.rows
  return rows === undefined ? 'all' : new Set(rows.map(({ id }) => id))
}

function idsOf(intents: readonly (Intent | undefined)[]): Ids {
  const ids = new Set<string>()
  for (const intent of intents) {
    if (intent?.ids === undefined) return 'all'
    for (const id of intent.ids) ids.add(id)
  }
  return ids
}
