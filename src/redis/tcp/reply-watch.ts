/**
 * Detects a connection on which replies are due and none arrives: if the network drops packets, it never closes.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'

/** Options for {@link ReplyWatch}. */
export interface ReplyWatchOptions {
  readonly platform: Platform
  /** How long the connection may be silent, in milliseconds; undefined: without limit. */
  readonly timeoutMs: number | undefined
  /** Aborted when the connection is closed. */
  readonly closing: AbortSignal
  readonly onSilence: () => void
}

/** How many checks are made in `timeoutMs`. */
const LOOKS = 4

/** Counts the requests and answers of one connection. */
export class ReplyWatch {
  readonly #options: ReplyWatchOptions
  #pending = 0
  #answered = 0
  #watched = false
  /** How many checks in a row have seen no reply. */
  #silent = 0

  constructor(options: ReplyWatchOptions) {
    this.#options = options
  }

  /** The number of requests without an answer. */
  get pending(): number {
    return this.#pending
  }

  asked(): void {
    this.#pending++
    this.#watch()
  }

  answered(): void {
    this.#pending--
    this.#answered++
  }

  #watch(): void {
    const { platform, timeoutMs, closing, onSilence } = this.#options
    if (this.#watched || timeoutMs === undefined) return
    this.#watched = true
    const answered = this.#answered
    platform.delay(timeoutMs / LOOKS, closing).then(
      () => {
        this.#watched = false
        this.#silent = this.#pending > 0 && this.#answered === answered ? this.#silent + 1 : 0
        if (this.#silent === LOOKS) {
          this.#silent = 0
          onSilence()
        }
        if (this.#pending > 0) this.#watch()
      },
      () => undefined, // closed
    )
  }
}
