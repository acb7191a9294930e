/**
 * Reads of messages by id: one look for all of them, one statement for those that are missing.
 *
 * A writer marks a message, then takes its entry, and only then writes. So whoever loads a message
 * either sees the mark, and does not store it, or had its lease before the entry was taken, and
 * cannot.
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

/** Every message, so that all can be dropped at once. */
const ROWS_TAG = 'rows'

/**
 * A page is dozens of small rows, and inflating one takes ten times as long as reading it: 8 ms a
 * page of 50 in place of 0.6 ms. Long bodies are worth it.
 */
export const COMPRESSION = { thresholdBytes: 16_384 } as const

/** What the reads of messages work with. */
export interface RowsOptions {
  readonly cache: CacheNamespace<unknown>
  readonly log: ChangeLog
  /** Whether near copies are out of the question, since they lag. */
  readonly isStrict: boolean
  /** Copies for which the log vouches. */
  readonly near: NearRows | undefined
  readonly looks: Looks
  /** Called where messages are looked for: what is sent in it goes in the same request. */
  beside(): void
  /** Where missing messages are read, on a view as new as every write acknowledged before. */
  source(): Pick<EmailRepository, 'getEmailsByIds' | 'getEmailById'>
}

/** Messages of a list. */
export interface Listed {
  readonly emails: readonly Email[]
  /** Epoch milliseconds: each copy among them was right then, or later. The others were read since. */
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

  /** Whether messages are kept in this process, so that those written here go among them. */
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

  /** The messages there are, in the order of the ids. */
  async byIds(ids: readonly string[]): Promise<Map<string, Email>> {
    // A strict copy would take a look at the log, which costs no less than the messages.
    const looked = this.#near?.isLagging ? await this.#looks.view() : undefined
    const { emails } = await this.listed(ids, looked)
    return new Map(emails.map((email) => [email.id, email]))
  }

  /**
   * The messages of a list, in the order of the ids.
   *
   * @param looked Had by this read, before. Without it, no copy in this process is used.
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

  /** The messages of a page of what this read has from SQL since the look; all of it is kept. */
  keep(
    read: readonly Email[],
    { offset, limit }: Pick<PagePlace, 'offset' | 'limit'>,
    looked: Looked | undefined,
  ): Listed {
    const emails = read.slice(offset, offset + limit)
    this.reads += emails.length
    this.loads += read.length
    if (looked) {
      // None is taken; but copies have to be as of the look before others are put to them.
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

  /** Keeps a message in this process, as it was written here. */
  adopt(email: Email, looked: LookedBehind): void {
    // Of what was told behind that, or of what came between, something may be of it.
    if (looked.view.at !== looked.at || !looked.isOrdered) return
    this.#near?.take([], looked)
    // Whoever wrote it has the other one, and may change it.
    this.#near?.put([copied(email)], looked)
  }

  /** Takes the place of one message before it is written: nobody older may store it. */
  begin(id: string, ttl: TtlClass): Promise<Ticket<Email | undefined>> {
    // A short lease: readers of the message wait for it, and its writer may die.
    return this.#rows.begin(keyOf(id), { ttl, loaderTimeout: { hard: '1ms' } })
  }

  /**
   * Drops messages, and the right of loads under way to store them: one command.
   *
   * @param graphId One that none of them has any more.
   */
  async drop(ids: readonly string[], graphId?: string | null): Promise<void> {
    this.#near?.forget(ids)
    const keys = ids.map(keyOf)
    await this.#rows.delete(...keys, ...(graphId ? [graphKeyOf(graphId)] : []))
  }

  /** Drops every message: one command. */
  dropAll(): Promise<void> {
    this.forgetNear()
    return this.#rows.invalidateTags([ROWS_TAG])
  }

  /** Drops the copies in this process. */
  forgetNear(): void {
    this.#near?.forget('all')
  }

  /** Which messages a writer under way may be writing. Asked after the lease, so beside the load. */
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
