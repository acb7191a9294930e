/**
 * Steps whose commits wait a moment, to share a request with other commands. Over a network, most of the cost of
 * a command, for client and server, is its request.
 *
 * For the protocol, the load takes that much longer: it still holds its lease, and if the key is deleted or
 * invalidated in the meantime, the value is never served.
 *
 * @module
 */

import type { EntryNames } from '../entry/key.ts'
import type { Platform } from '../platform/platform.ts'
import type { RedisLink } from '../redis/link.ts'
import { type Commit, Steps } from './steps.ts'

/** The longest that a commit waits, in milliseconds. Other isolates that need the entry wait as well. */
const HOLD_MS = 1
/** When this many commits wait, they are sent. */
const MOST_HELD = 32

/** {@link Steps} that hold commits back for up to a millisecond. */
export class HeldSteps extends Steps {
  readonly #platform: Platform
  #held: (() => void)[] = []
  #isTimed = false

  constructor(link: RedisLink, platform: Platform) {
    super(link, platform)
    this.#platform = platform
  }

  /**
   * Whether holding commits back pays: only over a network, and not on Workers, where a request must not wait for
   * the I/O of another request (github.com/cloudflare/workerd/issues/210).
   */
  static isOfUse({ guarded }: RedisLink): boolean {
    const { kind } = guarded
    const isFar = kind === 'tcp' || kind === 'rest'
    // `navigator` is missing on some hosts, and in the types of some.
    const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } }
    return isFar && navigator?.userAgent !== 'Cloudflare-Workers'
  }

  override commit(names: EntryNames, commit: Commit): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#held.push(() => super.commit(names, commit).then(resolve, reject))
      if (this.#held.length === MOST_HELD) this.sendHeld()
      else if (!this.#isTimed) void this.#releaseSoon()
    })
  }

  /** Sends all waiting commits, in the request of this tick. */
  sendHeld(): void {
    const held = this.#held
    this.#held = []
    for (const send of held) send()
  }

  async #releaseSoon(): Promise<void> {
    this.#isTimed = true
    await this.#platform.delay(HOLD_MS)
    this.#isTimed = false
    this.sendHeld()
  }
}
