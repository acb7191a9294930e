/**
 * Steps whose commits wait a moment for another request to go with: on a way that is long, most of what a
 * command costs both ends is the request.
 *
 * To the protocol it is a load that takes longer by as much: its lease is held, and what is deleted or
 * invalidated meanwhile is not stored.
 *
 * @module
 */

import type { EntryNames } from '../entry/key.ts'
import type { Platform } from '../platform/platform.ts'
import type { RedisLink } from '../redis/link.ts'
import { type Commit, Steps } from './steps.ts'

/** How long a commit waits at most, in milliseconds: isolates that want the entry wait for it as well. */
const HOLD_MS = 1
/** Commits that wait at once. */
const MOST_HELD = 32

/** As {@link Steps}, but for commits. */
export class HeldSteps extends Steps {
  readonly #platform: Platform
  #held: (() => void)[] = []
  #isTimed = false

  constructor(link: RedisLink, platform: Platform) {
    super(link, platform)
    this.#platform = platform
  }

  /**
   * Whether it is of use. What is in the process is no way at all; and on Workers a request must not wait
   * for what another one sends (github.com/cloudflare/workerd/issues/210).
   */
  static isOfUse({ guarded }: RedisLink): boolean {
    const { kind } = guarded
    const isFar = kind === 'tcp' || kind === 'rest'
    // Not every host has one, and not every host's types say so.
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

  /** Sends what is held, with what else is sent in this tick. */
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
