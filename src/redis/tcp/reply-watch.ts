/**
 * Notices that a connection which owes replies gives none: a path that swallows packets never closes.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'

/** Options for {@link ReplyWatch}. */
export interface ReplyWatchOptions {
  readonly platform: Platform
  /** How long it may be silent, in milliseconds; undefined: for ever. */
  readonly timeoutMs: number | undefined
  /** Aborted when nobody asks any more. */
  readonly closing: AbortSignal
  readonly onSilence: () => void
}

/** How often in its time a connection that owes replies is looked at. */
const LOOKS = 4

/** Counts what is asked of one connection, and what is answered. */
export class ReplyWatch {
  readonly #options: ReplyWatchOptions
  #pending = 0
  #answered = 0
  #watched = false
  /** How many looks in a row have seen no reply. */
  #silent = 0

  constructor(options: ReplyWatchOptions) {
    this.#options = options
  }

  /** How many have got no answer yet. */
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
