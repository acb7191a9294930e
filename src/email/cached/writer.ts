/**
 * The order in which a write and what the cache is told of it take place.
 *
 * Strict: the write is marked in the change log and its messages' entries are taken; it is committed;
 * then what it changed is appended, which takes the mark away. Wherever the writer dies, the mark
 * keeps what it may have changed from being served from the cache, and at its deadline becomes an
 * entry that ends the lists it may have changed. Eventual: the last step alone.
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

/** When a write is told to the cache: before and after it, or after it alone. */
export type EmailConsistency = 'strict' | 'eventual'

/** What becomes of a write that cannot be marked: it is made all the same, or refused. */
export type UnmarkedWrites = 'commit' | 'refuse'

/** What a write works with. */
export interface WriterOptions {
  readonly log: ChangeLog
  readonly rows: CachedRows
  readonly platform: Platform
  readonly consistency: EmailConsistency
  readonly unmarked: UnmarkedWrites
  /** How long a write may take at most, in milliseconds. */
  readonly writeTimeoutMs: number
  readonly looks: Looks
}

/** What was done before the write: the mark, and the entry that was taken. */
interface Prepared {
  readonly mark: LogMark | undefined
  readonly ticket: Ticket<Email | undefined> | undefined
  /** The messages whose entries were taken under the mark: nothing older can be found after it. */
  readonly taken: ReadonlySet<string>
}

/** How a change is told. */
interface Appending {
  readonly mark: LogMark | undefined
  /** Whether it is later than every other change of its messages that was told before. */
  readonly isAlone: boolean
  /** What is to be sent behind it. */
  readonly next: (() => void) | undefined
}

/** What the cache has still to be told. */
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

  /** Whether something could not be told yet. */
  get owes(): boolean {
    return this.#debts.length > 0
  }

  /**
   * Writes, and tells the cache.
   *
   * @throws Whatever the write rejected with, unchanged.
   * @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When the write was made and the
   *   cache could not be told; or when it could not be marked, and such writes are refused.
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
      // One that failed may have been committed.
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

  /** Tells of a change that was made past this repository. */
  async notify(change: Change, ids: readonly string[] | undefined): Promise<void> {
    await this.settle()
    await this.#pay({ change, ids })
  }

  /** Tells what could not be told when it happened, if Redis can be asked by now. Never rejects. */
  settle(): Promise<void> {
    return this.#paying.run(async () => {
      try {
        for (let debt = this.#debts[0]; debt; [debt] = this.#debts) {
          await this.#pay(debt)
          this.#debts = this.#debts.filter((other) => other !== debt)
        }
      } catch (error) {
        // What Redis could not be told of one, it is not to be asked for all.
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
    // The mark comes first: a load that has not seen it must lose its lease. A request keeps the
    // order of its commands, unless they are many or go to several places.
    let beside: Promise<Ticket<Email | undefined> | undefined> | undefined
    const takeBeside = (): void => {
      beside = this.#unlessAway(taking)
      // Should the mark fail, that is what the write fails with.
      beside.catch(() => undefined)
    }
    const isOne = row !== undefined || intent.ids?.length === 1
    const next = isOne && log.isOrdered ? takeBeside : undefined
    const marked = await this.#unlessAway(() => log.mark(packIntent(intent), writeTimeoutMs, next))
    const begun = await (beside ?? this.#unlessAway(taking))
    return { mark: marked, ticket: begun, taken: marked ? taken : none }
  }

  /** Without Redis a write goes on, unless it is to be refused. */
  async #unlessAway<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task()
    } catch (error) {
      if (this.#options.unmarked === 'refuse' || !isRemoteFailure(error)) throw error
      return undefined
    }
  }

  /** The write failed, but may have been committed: what it may have changed is not to be served. */
  async #giveUp<T>({ intent }: Write<T>, { mark }: Prepared): Promise<void> {
    const { log, rows } = this.#options
    const change: Change = { rows: undefined, fields: intent.fields }
    try {
      await (intent.ids ? rows.drop(intent.ids) : rows.dropAll())
      await (mark
        ? log.append(packIntent(intent), 'all', { token: mark.token, kind: 'unknown' })
        : log.append(packChange(change), 'all'))
    } catch (error) {
      // The failure of the write is the one to tell. A mark that is left ends by itself.
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
      // Should the entry fail, that is what the write fails with.
      beside.catch(() => undefined)
    }
    // Once it is told, a message found in Redis counts as that of afterwards: see `NearRows`.
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
      // Without a mark it is not known which shapes there are.
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

  /** Stores the message whose entry was taken; drops what was changed otherwise. */
  async #replaceRows({ ticket }: Prepared, stored: Email | undefined, told: Told): Promise<void> {
    const { rows } = this.#options
    const ids = told.rows.map(({ id }) => id)
    if (ticket && stored) {
      if ((await ticket.commit(stored)) === 'stored') return
      // Another writer took the entry since, and may store a state from before this write.
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

  /** Remembers what could not be told, and tries to tell it behind, for a while. */
  #owe(debt: Debt): void {
    if (this.#debts.length < MOST_DEBTS) this.#debts.push(debt)
    // In an outage that lasts, one stands for all.
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

/** What is owed one by one, at most. */
const MOST_DEBTS = 100
/** Long enough for an outage of seconds; one that lasts is ended by the next call of this instance. */
const SETTLING_PAUSES_MS = [100, 500, 2_000, 8_000]
