/**
 * The steps of a write: what is sent to the cache before and after the write to the database.
 *
 * Strict: the writer sets a mark in the change log and takes over or deletes the entries of its messages;
 * commits the write; then appends the change, which removes the mark. If the writer dies at any step, the
 * mark prevents the cache from serving data that the write may have changed. At its deadline the mark
 * becomes an entry that invalidates the lists that it may concern. Eventual: only the last step.
 *
 * @module
 */

import type { Appended, AppendOptions, ChangeLog, LogMark } from '../../cache/change-log.ts'
import { isRemoteFailure } from '../../cache/context.ts'
import type { Ticket } from '../../cache/write.ts'
import { carriedOn } from '../../platform/carried-on.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Email } from '../email.ts'
import { type Change, changeOf, isMarked, isShared, packChange, packIntent } from './change.ts'
import type { LookedBehind, Looks } from './looks.ts'
import { OneAtATime } from './one-at-a-time.ts'
import type { CachedRows } from './rows.ts'
import { touchedTags } from './shape.ts'
import type { Told, Write } from './write.ts'

/** When the cache is informed of a write: before and after it, or only after it. */
export type EmailConsistency = 'strict' | 'eventual'

/** What happens to a write that cannot be marked: it is committed anyway, or refused. */
export type UnmarkedWrites = 'commit' | 'refuse'

/** Options of {@link CachedWriter}. */
export interface WriterOptions {
  readonly log: ChangeLog
  readonly rows: CachedRows
  readonly platform: Platform
  readonly consistency: EmailConsistency
  readonly unmarked: UnmarkedWrites
  /** The longest time that a write may take, in milliseconds. */
  readonly writeTimeoutMs: number
  readonly looks: Looks
}

/** What was done before the write. */
interface Prepared {
  readonly mark: LogMark | undefined
  readonly ticket: Ticket<Email | undefined> | undefined
  /** The messages whose entries were taken over or deleted under the mark: older states are gone from Redis. */
  readonly taken: ReadonlySet<string>
}

/** How a change is appended. */
interface Appending {
  readonly mark: LogMark | undefined
  /** Whether no other write under way may change the same messages, so that their order is known. */
  readonly isAlone: boolean
  /** Sends further commands in the same request. */
  readonly next: (() => void) | undefined
}

/** A change that could not be recorded in Redis yet. */
interface Debt {
  readonly change: Change
  readonly ids: readonly string[] | undefined
}

/** The writes of a mailbox. */
export class CachedWriter {
  readonly #options: WriterOptions
  #debts: Debt[] = []
  readonly #paying: OneAtATime
  readonly #settling: OneAtATime

  constructor(options: WriterOptions) {
    this.#options = options
    this.#paying = new OneAtATime(options.platform)
    this.#settling = new OneAtATime(options.platform)
  }

  /** Whether there are changes that could not be recorded yet. */
  get owes(): boolean {
    return this.#debts.length > 0
  }

  /**
   * Writes to the database and updates the cache.
   *
   * @throws Whatever the write rejected with, unchanged.
   * @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When the write was committed but the
   *   change could not be recorded; or when the write could not be marked, and such writes are refused.
   */
  write<T>(write: Write<T>): Promise<T> {
    return carriedOn(this.#options.platform, this.#settleAndWrite(write))
  }

  async #settleAndWrite<T>(write: Write<T>): Promise<T> {
    await this.settle()
    let looked: LookedBehind | undefined
    try {
      const done = await this.#write(write)
      looked = done.looked
      return done.result
    } finally {
      // Also after a failure: the write may have been committed.
      this.#options.looks.expire(looked)
    }
  }

  async #write<T>(write: Write<T>): Promise<{ result: T; looked: LookedBehind | undefined }> {
    const prepared = await this.#prepare(write)
    let result: T
    try {
      result = await write.run()
    } catch (error) {
      await this.#giveUp(write, prepared)
      throw error
    }
    return { result, looked: await this.#tell(write, prepared, write.told(result)) }
  }

  /** Records a change that was made without this repository. */
  async notify(change: Change, ids: readonly string[] | undefined): Promise<void> {
    await this.settle()
    await this.#pay({ change, ids })
  }

  /** Records the outstanding changes, if Redis is available again. Never rejects because of Redis. */
  settle(): Promise<void> {
    return this.#paying.run(async () => {
      try {
        for (let debt = this.#debts[0]; debt; [debt] = this.#debts) {
          await this.#pay(debt)
          this.#debts = this.#debts.filter((other) => other !== debt)
        }
      } catch (error) {
        // Redis is still unavailable, so the remaining changes are not tried.
        if (!isRemoteFailure(error)) throw error
      }
    })
  }

  async #prepare<T>({ intent, row }: Write<T>): Promise<Prepared> {
    const { log, rows, consistency, writeTimeoutMs } = this.#options
    const none: ReadonlySet<string> = new Set()
    if (consistency === 'eventual') return { mark: undefined, ticket: undefined, taken: none }
    let taken = none
    const taking = async (): Promise<Ticket<Email | undefined> | undefined> => {
      const begun = row && (await rows.begin(row.id, row.ttl))
      if (!row && intent.ids && intent.ids.length > 0) await rows.drop(intent.ids)
      taken = new Set(row ? [row.id] : intent.ids)
      return begun
    }
    // The mark must be applied before the entries are taken, so that a load that has not seen it loses its
    // lease. One request keeps the order of its commands, except for many commands and on a cluster.
    let beside: Promise<Ticket<Email | undefined> | undefined> | undefined
    const takeBeside = (): void => {
      beside = this.#unlessAway(taking)
      // If the mark also fails, the write rejects with that error.
      beside.catch(() => undefined)
    }
    const isOne = row !== undefined || intent.ids?.length === 1
    const next = isOne && log.isOrdered ? takeBeside : undefined
    const marked = await this.#unlessAway(() => log.mark(packIntent(intent), writeTimeoutMs, next))
    const begun = await (beside ?? this.#unlessAway(taking))
    return { mark: marked, ticket: begun, taken: marked ? taken : none }
  }

  /** Ignores failures of Redis, unless writes that cannot be marked are refused. */
  async #unlessAway<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task()
    } catch (error) {
      if (this.#options.unmarked === 'refuse' || !isRemoteFailure(error)) throw error
      return undefined
    }
  }

  /** The write failed but may have been committed, so data that it may have changed must not be served. */
  async #giveUp<T>({ intent }: Write<T>, { mark }: Prepared): Promise<void> {
    const { log, rows } = this.#options
    const change: Change = { rows: undefined, fields: intent.fields }
    try {
      await (intent.ids ? rows.drop(intent.ids) : rows.dropAll())
      await (mark
        ? log.append(packIntent(intent), 'all', { token: mark.token, kind: 'unknown' })
        : log.append(packChange(change), 'all'))
    } catch (error) {
      // The caller gets the error of the write. A remaining mark ends at its deadline.
      if (!isRemoteFailure(error)) throw error
      this.#owe({ change, ids: intent.ids })
    }
  }

  async #tell<T>(
    write: Write<T>,
    prepared: Prepared,
    told: Told,
  ): Promise<LookedBehind | undefined> {
    const { looks, rows } = this.#options
    const ids = told.rows.map(({ id }) => id)
    const change = told.fields ? { rows: undefined, fields: told.fields } : changeOf(told.rows)
    const { mark } = prepared
    const { intent } = write
    const isAlone = mark !== undefined && isMarked(intent, ids) && !isShared(intent, mark.others)
    const stored = isAlone ? told.stored : undefined
    const replace = (): Promise<void> => this.#replaceRows(prepared, stored, told)
    let beside: Promise<void> | undefined
    const replaceBeside = (): void => {
      beside = replace()
      // If appending also fails, the write rejects with that error.
      beside.catch(() => undefined)
    }
    // Once the change is appended, readers take an entry in Redis for the new state: see `NearRows`.
    const isTaken = ids.every((id) => prepared.taken.has(id))
    const next = isTaken ? replaceBeside : undefined
    try {
      if (!isTaken) await replace()
      const looked = await looks.behind(() => this.#append(told, change, { mark, isAlone, next }))
      if (isTaken) await (beside ?? replace())
      if (looked && stored) rows.adopt(stored, looked)
      return looked
    } catch (error) {
      if (isRemoteFailure(error)) this.#owe({ change, ids })
      throw error
    }
  }

  async #append(
    told: Told,
    change: Change,
    { mark, isAlone, next }: Appending,
  ): Promise<Appended | undefined> {
    const { log, rows, consistency } = this.#options
    const packed = packChange(change)
    if (mark === undefined) {
      if (change.rows?.length === 0) return undefined
      // Without a mark the registered shapes are unknown, so all tags are touched.
      await (consistency === 'eventual' ? log.record(packed, 'all') : log.append(packed, 'all'))
      return undefined
    }
    const tags = told.fields ? 'all' : touchedTags(mark.shapes, told.rows)
    const kind = isAlone ? 'ordered' : 'unordered'
    const options: AppendOptions = { token: mark.token, kind, ...(next && { next }) }
    if (rows.hasCopies) return log.appendAndLook(packed, tags, options)
    await log.append(packed, tags, options)
    return undefined
  }

  /** Stores the message whose entry was taken over; deletes the entries of other changed messages. */
  async #replaceRows({ ticket }: Prepared, stored: Email | undefined, told: Told): Promise<void> {
    const { rows } = this.#options
    const ids = told.rows.map(({ id }) => id)
    if (ticket && stored) {
      if ((await ticket.commit(stored)) === 'stored') return
      // Another writer has taken the entry over since, and may store a state from before this write.
    } else if (ticket && ids.length === 0) {
      return ticket.release()
    }
    if (ids.length > 0) await rows.drop(ids, told.gone?.graphId)
  }

  async #pay({ change, ids }: Debt): Promise<void> {
    const { log, rows, looks } = this.#options
    await (ids ? rows.drop(ids) : rows.dropAll())
    await log.append(packChange(change), 'all')
    looks.expire()
  }

  /** Remembers a change that could not be recorded, and retries in the background for about 10 s. */
  #owe(debt: Debt): void {
    if (this.#debts.length < MOST_DEBTS) this.#debts.push(debt)
    // In a long outage, one change of all messages replaces the single ones.
    else this.#debts = [{ change: { rows: undefined, fields: undefined }, ids: undefined }]
    const { platform } = this.#options
    platform.defer(this.#settling.run(() => this.#settleBehind()))
  }

  async #settleBehind(): Promise<void> {
    for (const ms of SETTLING_PAUSES_MS) {
      await this.#options.platform.delay(ms)
      await this.settle()
      if (!this.owes) return
    }
  }
}

/** The most changes that are remembered one by one. */
const MOST_DEBTS = 100
/** Pauses between retries, for an outage of seconds; after a longer one, the next call of this instance retries. */
const SETTLING_PAUSES_MS = [100, 500, 2_000, 8_000]
