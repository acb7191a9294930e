/**
 * The entries of a change log that this client has seen: a look brings what is new, and what it
 * brought before is here.
 *
 * @module
 */

/** How what an entry says relates to the others. */
export type LogEntryKind =
  /** It happened after all that was appended before it. */
  | 'ordered'
  /** It happened, before or after what was under way at the same time. */
  | 'unordered'
  /** A writer was about to do this, and has not been heard of again. */
  | 'unknown'

/** One entry. */
export interface LogEntry {
  readonly at: number
  readonly kind: LogEntryKind
  /** What was appended, or marked; `undefined` if it cannot be read. */
  readonly value: unknown
}

/** Entries of one epoch. */
export class LogMirror {
  readonly epoch: string
  readonly #entries = new Map<number, LogEntry>()
  #at = 0

  constructor(epoch: string) {
    this.epoch = epoch
  }

  /** Position of the latest entry that was seen. */
  get at(): number {
    return this.#at
  }

  /** Adds what is new up to a position, and drops what is older than the latest so many. */
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
