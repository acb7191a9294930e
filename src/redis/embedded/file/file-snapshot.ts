/**
 * Keeps a snapshot of an engine in a file, so that a process starts with what the last one held.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../../entry/duration.ts'
import { oneOf } from '../../../entry/option-checks.ts'
import { InvalidOptionError } from '../../../errors.ts'
import type { Platform } from '../../../platform/platform.ts'
import { webPlatform } from '../../../platform/web.ts'
import type { EmbeddedRedis } from '../engine.ts'
import { SnapshotFiles } from './snapshot-files.ts'

/** Options for {@link FileSnapshot}. */
export interface FileSnapshotOptions {
  /** What is kept. Nothing else may have stored in it before. */
  readonly engine: EmbeddedRedis
  /**
   * The file, in a folder that exists. Next to it, `path.outdated` and `path.unfinished` come and go.
   * One process at a time.
   */
  readonly path: string
  /** How long after a change the next snapshot is written, at least 100 ms. @default '1m' */
  readonly interval?: Duration
  /**
   * What becomes of a snapshot after which changes were acknowledged that it does not have: the
   * process did not close it. For a cache it must be discarded, as it may hold what was invalidated.
   * Where losing everything is worse than losing the last changes, `restore` loads it.
   * @default 'discard'
   */
  readonly outdated?: 'discard' | 'restore'
  /** Told what a snapshot in the background failed with; the next is tried an interval later. @default none */
  readonly onError?: (error: unknown) => void
  /** The timer. @default webPlatform() */
  readonly platform?: Platform
}

/**
 * Loads the snapshot there is, and writes another an interval after a change, and on close.
 *
 * Before the first change after a snapshot is acknowledged, the file is marked as outdated, which
 * costs one rename. Writing is synchronous, hence of one instant, and holds up the process meanwhile;
 * no more than a chunk is in memory.
 *
 * @example
 * ```ts
 * const engine = new EmbeddedRedis()
 * const snapshot = new FileSnapshot({ engine, path: './cache.snapshot' })
 * process.once('SIGTERM', () => snapshot.close())
 * ```
 */
export class FileSnapshot {
  /** What the engine was filled from when this was made. */
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
   * @throws {InvalidOptionError} When an option is out of its documented range.
   * @throws {SnapshotError} When the file is no snapshot, or damaged; it is left as it is.
   * @throws Whatever reading the file failed with.
   */
  constructor(options: FileSnapshotOptions) {
    const { engine, path, interval = '1m', outdated = 'discard', onError } = options
    if (path === '') throw new InvalidOptionError('path', 'a text of at least one character')
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

  /** Writes a snapshot now. @throws Whatever writing failed with; the one before is still there. */
  save(): void {
    this.#files.write(this.#engine.dump())
    this.#isCurrent = true
  }

  /** Writes a last snapshot if there were changes, and no more. @throws As {@link save} does. */
  close(): void {
    if (this.#closed.signal.aborted) return
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

  /** Runs before the change is acknowledged, so that no snapshot passes for newer than it is. */
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
      return // Closed, which writes the last snapshot itself.
    }
    this.#isWaiting = false
    try {
      this.save()
    } catch (error) {
      this.#onError?.(error)
      this.#changed()
    }
  }
}
