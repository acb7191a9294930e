/**
 * Stores snapshots of an engine in a file, so that the data outlives the process.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../../entry/duration.ts'
import { checkFields, nonEmptyText, oneOf } from '../../../entry/option-checks.ts'
import { InvalidOptionError } from '../../../errors.ts'
import { callListener } from '../../../platform/listener.ts'
import type { Platform } from '../../../platform/platform.ts'
import { webPlatform } from '../../../platform/web.ts'
import type { EmbeddedRedis } from '../engine.ts'
import { SnapshotFiles } from './snapshot-files.ts'

/** Options for {@link FileSnapshot}. */
export interface FileSnapshotOptions {
  /** The engine to store. It must not be written to before this object is created. */
  readonly engine: EmbeddedRedis
  /**
   * The file, in an existing folder. The files `path.outdated` and `path.unfinished` are created next to it.
   * Only one process may use it at a time.
   */
  readonly path: string
  /** How long after a change the next snapshot is written, at least 100 ms. @default '1m' */
  readonly interval?: Duration
  /**
   * What to do with a snapshot that lacks acknowledged changes, because the process ended without `close`.
   * A cache must discard it: it may hold entries that were invalidated since. Where losing everything is worse
   * than losing the last changes, use `restore`.
   * @default 'discard'
   */
  readonly outdated?: 'discard' | 'restore'
  /** Called with the error when a snapshot in the background fails. It is retried an interval later. @default none */
  readonly onError?: (error: unknown) => void
  /** The timer. @default webPlatform() */
  readonly platform?: Platform
}

const FIELDS = ['engine', 'path', 'interval', 'outdated', 'onError', 'platform']

/**
 * Loads the existing snapshot, and writes a new one an interval after a change, and on close.
 *
 * Before the first change after a snapshot is acknowledged, the file is marked as outdated, which
 * costs one rename. Writing is synchronous: the snapshot is consistent, but the process is blocked meanwhile.
 * At most one chunk is in memory.
 *
 * @example
 * ```ts
 * const engine = new EmbeddedRedis()
 * const snapshot = new FileSnapshot({ engine, path: './cache.snapshot' })
 * process.once('SIGTERM', () => snapshot.close())
 * ```
 */
export class FileSnapshot {
  /** The source of the engine's data when this object was created. */
  readonly loaded: 'current' | 'outdated' | 'nothing'
  readonly #engine: EmbeddedRedis
  readonly #files: SnapshotFiles
  readonly #platform: Platform
  readonly #intervalMs: number
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #closed = new AbortController()
  readonly #stopListening: () => void
  #isCurrent: boolean
  #isWaiting = false

  /**
   * @throws {InvalidOptionError} When an option is missing, unknown or out of its documented range.
   * @throws {SnapshotError} When the file is not a snapshot, or is damaged; the file is left unchanged.
   * @throws The error of Node, when the file cannot be read, or the folder is missing or cannot be written.
   */
  constructor(options: FileSnapshotOptions) {
    checkFields(options, 'options', FIELDS)
    const { engine, path, interval = '1m', outdated = 'discard', onError } = options
    if (typeof engine?.onChange !== 'function') {
      throw new InvalidOptionError('engine', 'an EmbeddedRedis')
    }
    nonEmptyText(path, 'path')
    oneOf(outdated, 'outdated', ['discard', 'restore'])
    this.#intervalMs = toMilliseconds(interval, 'interval', { min: 100 })
    this.#engine = engine
    this.#platform = options.platform ?? webPlatform()
    this.#onError = onError
    this.#files = new SnapshotFiles(path)
    this.loaded = this.#load(outdated)
    this.#isCurrent = this.loaded === 'current'
    this.#stopListening = engine.onChange(() => this.#changed())
  }

  /** Writes a snapshot now. @throws The error of writing; the previous snapshot is kept. */
  save(): void {
    try {
      this.#files.write(this.#engine.dump())
    } finally {
      // It may fail with the new snapshot in place: that has to be outdated by the next change.
      this.#isCurrent = this.#files.hasCurrent
    }
  }

  /** Writes a last snapshot if there were changes, and stops. @throws As {@link save} does; then call it again. */
  close(): void {
    this.#closed.abort()
    this.#stopListening()
    if (!this.#isCurrent) this.save()
  }

  #load(outdated: 'discard' | 'restore'): FileSnapshot['loaded'] {
    const isCurrent = this.#files.hasCurrent
    if (!isCurrent && (outdated === 'discard' || !this.#files.hasOutdated)) return 'nothing'
    this.#engine.load(this.#files.read())
    return isCurrent ? 'current' : 'outdated'
  }

  /** Runs before the change is acknowledged, so that an old snapshot never counts as current. */
  #changed(): void {
    if (this.#isCurrent) {
      this.#files.outdate()
      this.#isCurrent = false
    }
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#platform.defer(this.#saveLater())
  }

  async #saveLater(): Promise<void> {
    try {
      await this.#platform.delay(this.#intervalMs, this.#closed.signal)
    } catch {
      return // Closed: `close` writes the last snapshot.
    }
    this.#isWaiting = false
    try {
      this.save()
    } catch (error) {
      if (this.#onError) callListener(this.#onError, [error])
      this.#changed()
    }
  }
}
