/**
 * Stores snapshots of an engine in the SQLite storage of its Durable Object, so that the data
 * outlives an eviction of the object.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkFields, oneOf } from '../../entry/option-checks.ts'
import { InvalidOptionError, isNearcacheError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import type { EmbeddedRedis } from '../embedded/engine.ts'

/** A row has at most 2 MB. This length leaves room for the overhead of SQLite. */
const CHUNK_BYTES = 1024 * 1024

type Row = Readonly<Record<string, unknown>>

/** The part of a `DurableObjectStorage` with SQLite that is used, written structurally. */
export interface DurableStorageLike {
  readonly sql: {
    exec(query: string, ...bindings: (ArrayBuffer | number)[]): Iterable<Row>
  }
  transactionSync<T>(change: () => T): T
  getAlarm(): Promise<number | null>
  setAlarm(at: number): Promise<void>
}

/** Options for {@link DurableSnapshot}. */
export interface DurableSnapshotOptions {
  /** The engine to store. It must not be written to before `restore`. */
  readonly engine: EmbeddedRedis
  /** `ctx.storage` of an object whose class is under `new_sqlite_classes`. */
  readonly storage: DurableStorageLike
  /**
   * How long after a change the next snapshot is written, from 1 s. An object that is not used for ten seconds
   * can be evicted, and what it has not written by then is lost.
   * @default '5s'
   */
  readonly interval?: Duration
  /**
   * What to do with a snapshot that lacks acknowledged changes, because the object was restarted before
   * the next snapshot. A cache must discard it: it may hold entries that were invalidated since.
   * Where losing everything is worse than losing the last changes, use `restore`.
   * @default 'discard'
   */
  readonly outdated?: 'discard' | 'restore'
  /** The clock of the alarm. @default webPlatform() */
  readonly platform?: Platform
}

const FIELDS = ['engine', 'storage', 'interval', 'outdated', 'platform']

/**
 * Writes a snapshot in the object's alarm, an interval after a change.
 *
 * The first change after a snapshot marks the snapshot as outdated. The platform holds back answers until
 * earlier writes are on disk, so a snapshot that is not marked contains every acknowledged change.
 * One transaction replaces all chunks of the previous snapshot.
 *
 * @example
 * ```ts
 * constructor(ctx: DurableObjectState, env: Env) {
 *   super(ctx, env)
 *   this.#snapshot = new DurableSnapshot({ engine: this.#engine, storage: ctx.storage })
 *   ctx.blockConcurrencyWhile(async () => this.#snapshot.restore())
 * }
 * alarm() {
 *   this.#snapshot.save()
 * }
 * ```
 */
export class DurableSnapshot {
  readonly #engine: EmbeddedRedis
  readonly #storage: DurableStorageLike
  readonly #platform: Platform
  readonly #intervalMs: number
  readonly #outdated: 'discard' | 'restore'
  /** Undefined until {@link restore} has run. */
  #isCurrent: boolean | undefined
  #isAlarmSet = false

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: DurableSnapshotOptions) {
    checkFields(options, 'options', FIELDS)
    const { engine, storage, interval = '5s', outdated = 'discard' } = options
    if (typeof storage?.sql?.exec !== 'function') {
      throw new InvalidOptionError('storage', 'the storage of a Durable Object with SQLite')
    }
    oneOf(outdated, 'outdated', ['discard', 'restore'])
    this.#intervalMs = toMilliseconds(interval, 'interval', { min: 1_000 })
    this.#engine = engine
    this.#storage = storage
    this.#outdated = outdated
    this.#platform = options.platform ?? webPlatform()
  }

  /**
   * Fills the engine and starts to observe its changes. Call it once, before any request.
   *
   * @returns The source of the data. A snapshot of another version or a damaged one is not loaded: an empty
   * cache costs only misses.
   */
  restore(): 'current' | 'outdated' | 'nothing' {
    const { sql } = this.#storage
    sql.exec('CREATE TABLE IF NOT EXISTS nearcache_chunks (place INTEGER PRIMARY KEY, bytes BLOB)')
    sql.exec('CREATE TABLE IF NOT EXISTS nearcache_outdated (since INTEGER PRIMARY KEY)')
    const isOutdated = has(sql.exec('SELECT since FROM nearcache_outdated'))
    const isThere = has(sql.exec('SELECT place FROM nearcache_chunks LIMIT 1'))
    const isWanted = isThere && (!isOutdated || this.#outdated === 'restore')
    const isLoaded = isWanted && this.#load()
    // Even one that is not loaded: another version of this package may run again and load it.
    this.#isCurrent = isThere && !isOutdated
    this.#engine.onChange(() => this.#changed())
    if (!isLoaded) return 'nothing'
    return isOutdated ? 'outdated' : 'current'
  }

  /** Writes a snapshot, unless nothing has changed since the last. Call it from `alarm()`. */
  save(): void {
    this.#isAlarmSet = false
    if (this.#isCurrent !== false) return
    const { sql } = this.#storage
    this.#storage.transactionSync(() => {
      sql.exec('DELETE FROM nearcache_chunks')
      let place = 0
      for (const chunk of this.#engine.dump({ chunkBytes: CHUNK_BYTES })) {
        const { buffer, byteOffset, byteLength } = chunk
        const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
        sql.exec('INSERT INTO nearcache_chunks (place, bytes) VALUES (?, ?)', place++, bytes)
      }
      sql.exec('DELETE FROM nearcache_outdated')
    })
    this.#isCurrent = true
  }

  #load(): boolean {
    try {
      this.#engine.load(chunksOf(this.#storage.sql.exec(SELECT_CHUNKS)))
      return true
    } catch (error) {
      if (isNearcacheError(error) && error.code === 'ERR_SNAPSHOT') return false
      throw error
    }
  }

  /** Runs before the change is acknowledged. */
  #changed(): void {
    if (this.#isCurrent) {
      const since = Math.floor(this.#platform.now())
      this.#storage.sql.exec('INSERT INTO nearcache_outdated (since) VALUES (?)', since)
    }
    this.#isCurrent = false
    if (this.#isAlarmSet) return
    this.#isAlarmSet = true
    this.#platform.defer(this.#setAlarm())
  }

  /** Keeps an alarm that is already set: it is soon enough, and may belong to the object's own code. */
  async #setAlarm(): Promise<void> {
    try {
      if ((await this.#storage.getAlarm()) !== null) return
      await this.#storage.setAlarm(this.#platform.now() + this.#intervalMs)
    } catch {
      // The storage failed. The snapshot stays marked as outdated, and the next change tries again.
      this.#isAlarmSet = false
    }
  }
}

/**
 * Deletes the snapshot in a storage. Call it when the object runs without snapshots; otherwise a later start
 * with snapshots would take the old data as current.
 */
export function discardSnapshot({ sql }: DurableStorageLike): void {
  sql.exec('DROP TABLE IF EXISTS nearcache_chunks')
  sql.exec('DROP TABLE IF EXISTS nearcache_outdated')
}

const SELECT_CHUNKS = 'SELECT bytes FROM nearcache_chunks ORDER BY place'

function has(rows: Iterable<Row>): boolean {
  return [...rows].length > 0
}

function* chunksOf(rows: Iterable<Row>): IterableIterator<Uint8Array> {
  for (const { bytes } of rows) yield new Uint8Array(bytes as ArrayBuffer)
}
