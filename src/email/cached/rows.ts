/**
 * Reads of messages by id: one look-up in Redis for all, one SQL statement for those that are missing.
 *
 * A writer marks a message, then takes over or deletes its entry, and only then writes. So a loader
 * either sees the mark, and does not store the message, or got its lease before the writer took the entry,
 * and its commit is dropped.
 *
 * @module
 */

import type { ChangeLog } from '../../cache/change-log.ts'
import { isRemoteFailure } from '../../cache/context.ts'
import type { CacheNamespace } from '../../cache/namespace.ts'
import type { Ticket } from '../../cache/write.ts'
import type { TtlClass } from '../../entry/duration.ts'
import type { Email } from '../email.ts'
import type { EmailRepository } from '../email-repository.ts'
import type { Intent } from './change.ts'
import { graphKeyOf } from './graph-ids.ts'
import { ABSENT_TTL, rowTtl } from './lifetimes.ts'
import type { Looked, LookedBehind, Looks } from './looks.ts'
import { copied, type NearRows } from './near-rows.ts'
import type { PagePlace } from './window.ts'

/** The tag of every message, so that one command can invalidate all. */
const ROWS_TAG = 'rows'

/**
 * Only long bodies are compressed. A page has dozens of small rows, and decompression takes over ten times
 * as long as decoding: 8 ms instead of 0.6 ms for a page of 50.
 */
export const COMPRESSION = { thresholdBytes: 16_384 } as const

/** Options of {@link CachedRows}. */
export interface RowsOptions {
  readonly cache: CacheNamespace<unknown>
  readonly log: ChangeLog
  /** Whether the near tier of the cache must not be used, because it can be stale. */
  readonly isStrict: boolean
  /** Copies in this process that are checked against the change log. */
  readonly near: NearRows | undefined
  readonly looks: Looks
  /** Called when messages are looked up; commands that it sends go in the same request. */
  beside(): void
  /** Opens a session for reads from SQL that sees every write acknowledged before. */
  source(): Pick<EmailRepository, 'getEmailsByIds' | 'getEmailById'>
}

/** Messages of a list. */
export interface Listed {
  readonly emails: readonly Email[]
  /** Epoch milliseconds: each copy among `emails` was current then or later. The others were read since. */
  readonly clearAt: number
}

/** The messages of a mailbox, by id. */
export class CachedRows {
  reads = 0
  loads = 0
  readonly #rows: CacheNamespace<Email | undefined>
  readonly #log: ChangeLog
  readonly #near: NearRows | undefined
  readonly #looks: Looks
  readonly #beside: () => void
  readonly #source: RowsOptions['source']

  constructor({ cache, log, looks, source, beside, isStrict, near }: RowsOptions) {
    this.#near = near
    this.#looks = looks
    this.#rows = cache.namespace<Email | undefined>('email', {
      tags: [ROWS_TAG],
      negativeTtl: ABSENT_TTL,
      compression: COMPRESSION,
      ...(isStrict && { near: false }),
    })
    this.#log = log
    this.#beside = beside
    this.#source = source
  }

  /** Whether messages, including those written here, are kept in this process. */
  get hasCopies(): boolean {
    return this.#near !== undefined
  }

  async byId(id: string): Promise<Email | undefined> {
    this.reads++
    if (!this.#near?.isLagging) return this.#byId(id)
    const looked = await this.#looks.view()
    const copy = looked && this.#near.take([id], looked).emails.get(id)
    if (copy) return copy
    const email = await this.#byId(id)
    if (looked && email) this.#near.put([email], looked)
    return email
  }

  /** The messages that exist, in the order of the ids. */
  async byIds(ids: readonly string[]): Promise<Map<string, Email>> {
    // Without a lag, a copy needs a look at the log, which costs as much as reading the messages.
    const looked = this.#near?.isLagging ? await this.#looks.view() : undefined
    const { emails } = await this.listed(ids, looked)
    return new Map(emails.map((email) => [email.id, email]))
  }

  /**
   * The messages of a list, in the order of the ids.
   *
   * @param looked A look that this read made before. Without it, no copy in this process is used.
   */
  async listed(ids: readonly string[], looked: Looked | undefined): Promise<Listed> {
    this.reads += ids.length
    const taken = looked && this.#near?.take(ids, looked)
    const copies = taken?.emails ?? new Map<string, Email>()
    const missing = copies.size === 0 ? ids : ids.filter((id) => !copies.has(id))
    const found = missing.length === 0 ? copies : await this.#remote(missing)
    if (looked && found !== copies) this.#near?.put(found.values(), looked)
    const emails = ids.flatMap((id) => copies.get(id) ?? found.get(id) ?? [])
    return { emails, clearAt: taken?.clearAt ?? Infinity }
  }

  /** Cuts a page from messages that were read from SQL after the look, and keeps all of them in this process. */
  keep(
    read: readonly Email[],
    { offset, limit }: Pick<PagePlace, 'offset' | 'limit'>,
    looked: Looked | undefined,
  ): Listed {
    const emails = read.slice(offset, offset + limit)
    this.reads += emails.length
    this.loads += read.length
    if (looked) {
      // `take` moves the copies on to the position of the look, which `put` requires.
      this.#near?.take([], looked)
      this.#near?.put(read, looked)
    }
    return { emails, clearAt: Infinity }
  }

  async #byId(id: string): Promise<Email | undefined> {
    return this.#rows.getOrSet(keyOf(id), async ({ skip, setTtl }) => {
      this.loads++
      const [isMarked, email] = await Promise.all([this.#marked(), this.#source().getEmailById(id)])
      if (isMarked(id)) skip()
      if (email) setTtl(rowTtl(email))
      return email
    })
  }

  async #remote(ids: readonly string[]): Promise<Map<string, Email>> {
    this.#beside()
    const found = await this.#rows.getOrSetMany(ids.map(keyOf), async (keys, { skip, setTtl }) => {
      this.loads += keys.length
      const [isMarked, emails] = await Promise.all([
        this.#marked(),
        this.#source().getEmailsByIds(keys.map(idOf)),
      ])
      for (const key of keys) if (isMarked(idOf(key))) skip(key)
      for (const [id, email] of emails) setTtl(keyOf(id), rowTtl(email))
      return new Map([...emails].map(([id, email]) => [keyOf(id), email]))
    })
    return new Map(
      ids.flatMap((id) => {
        const email = found.get(keyOf(id))
        return email ? [[id, email]] : []
      }),
    )
  }

  /** Keeps a message that was written here in this process. */
  adopt(email: Email, looked: LookedBehind): void {
    // Otherwise another change, appended before or after this one, may be of the same message.
    if (looked.view.at !== looked.at || !looked.isOrdered) return
    this.#near?.take([], looked)
    // A copy, because the caller of the write has the original and may modify it.
    this.#near?.put([copied(email)], looked)
  }

  /** Takes over the entry of a message before a write, so that loads that began earlier cannot store it. */
  begin(id: string, ttl: TtlClass): Promise<Ticket<Email | undefined>> {
    // A short lease, because readers of the message wait for it and the writer may die.
    return this.#rows.begin(keyOf(id), { ttl, loaderTimeout: { hard: '1ms' } })
  }

  /**
   * Deletes the entries of messages, and revokes the leases of loads under way. One command.
   *
   * @param graphId A graph id whose message was deleted.
   */
  async drop(ids: readonly string[], graphId?: string | null): Promise<void> {
    this.#near?.forget(ids)
    const keys = ids.map(keyOf)
    await this.#rows.delete(...keys, ...(graphId ? [graphKeyOf(graphId)] : []))
  }

  /** Invalidates every message. One command. */
  dropAll(): Promise<void> {
    this.forgetNear()
    return this.#rows.invalidateTags([ROWS_TAG])
  }

  /** Drops the copies in this process. */
  forgetNear(): void {
    this.#near?.forget('all')
  }

  /** Which messages writes under way may change. Called by a loader, hence after it got the lease. */
  async #marked(): Promise<(id: string) => boolean> {
    try {
      const marks = (await this.#log.look()).marks as readonly (Intent | undefined)[]
      const ids = new Set(marks.flatMap((intent) => intent?.ids ?? []))
      const isOpen = marks.some((intent) => intent?.ids === undefined)
      return (id) => isOpen || ids.has(id)
    } catch (error) {
      if (!isRemoteFailure(error)) throw error
      return () => true
    }
  }
}

function keyOf(id: string): string {
  return `row/${id}`
}

function idOf(key: string): string {
  return key.slice('row/'.length)
}
