/**
 * The entries of a change log that this client has seen, so that a look fetches only new ones.
 *
 * @module
 */

/** What is known about the order of a change among the others. */
export type LogEntryKind =
  /** It happened after everything that was appended before it. */
  | 'ordered'
  /** It happened before or after other writes that were under way at the same time. */
  | 'unordered'
  /** A writer was about to make it; whether it did is unknown. */
  | 'unknown'

/** One entry. */
export interface LogEntry {
  readonly at: number
  readonly kind: LogEntryKind
  /** The value that was appended or marked; `undefined` if it cannot be read. */
  readonly value: unknown
}

/** The entries of one epoch. */
export class LogMirror {
  readonly epoch: string
  readonly #entries = new Map<number, LogEntry>()
  #at = 0

  constructor(epoch: string) {
    this.epoch = epoch
  }

  /** Position of the latest entry seen. */
  get at(): number {
    return this.#at
  }

  /** Adds new entries up to position `at`, and drops all but the latest `maxEntries`. */
  add(entries: readonly LogEntry[], at: number, maxEntries: number): void {
    for (const entry of entries) this.#entries.set(entry.at, entry)
    this.#at = Math.max(this.#at, at)
    for (const [position] of this.#entries) {
      if (position > this.#at - maxEntries) break
      this.#entries.delete(position)
    }
  }

  /** Every entry after `position`, up to `at`; `undefined` if one is missing. */
  between(position: number, at: number): readonly LogEntry[] | undefined {
    const entries: LogEntry[] = []
    for (let next = position + 1; next <= at; next++) {
      const entry = this.#entries.get(next)
      if (entry === undefined) return undefined
      entries.push(entry)
    }
    return entries
  }
}
