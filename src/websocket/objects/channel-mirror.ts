/**
 * Copies the last event of a cache channel to the mirror.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { ChannelHistory } from './channel-history.ts'
import type { ChannelStore } from './channel-store.ts'
import { MIRROR_RETRY_MS, type MirrorPort } from './mirror-port.ts'

/** The mirror of one channel. Without a port it does nothing. */
export class ChannelMirror {
  readonly #channel: string
  readonly #history: ChannelHistory
  readonly #platform: Platform
  readonly #port: MirrorPort | undefined
  readonly #store: ChannelStore
  #isBehind: boolean
  /** Whether it is stored that the mirror is behind. */
  #isMarked: boolean
  #retryAt: number | undefined

  constructor(parts: {
    readonly name: string
    readonly history: ChannelHistory
    readonly store: ChannelStore
    readonly platform: Platform
    readonly mirror: MirrorPort | undefined
  }) {
    this.#channel = parts.name
    this.#history = parts.history
    this.#platform = parts.platform
    this.#port = parts.mirror
    this.#store = parts.store
    this.#isMarked = parts.store.meta('unmirrored') === 1
    // An event that could not be written before an eviction is written now.
    this.#isBehind = this.#isMarked && this.#port !== undefined
  }

  /** Notes that the last event has changed. */
  changed(): void {
    this.#isBehind = this.#port !== undefined
  }

  /**
   * Writes the last event, unless a write failed within the last `MIRROR_RETRY_MS`. The mirror keeps the
   * newest event, in whatever order writes arrive.
   */
  async settle(): Promise<void> {
    const now = this.#platform.now()
    if (!this.#isBehind || (this.#retryAt ?? now) > now) return
    this.#isBehind = false
    this.#retryAt = undefined
    const last = this.#history.last(now)
    if (last === undefined) {
      // The event has expired, in the mirror too, and the channel may have cleared its storage.
      this.#isMarked = false
      return
    }
    const { event, data, serial, expiresAt } = last
    const { epoch } = this.#history.position
    const told = { event, data, epoch, serial, ttlMs: Math.max(1, Math.floor(expiresAt - now)) }
    try {
      await this.#port?.lastEvent(this.#channel, told)
      if (!this.#isBehind) this.#mark(false)
    } catch {
      // The mirror cannot be reached: the alarm tries again, with the event that is the last one then.
      this.#isBehind = true
      this.#retryAt = now + MIRROR_RETRY_MS
      this.#mark(true)
    }
  }

  /** When to try again, in epoch milliseconds. */
  nextAt(): number | undefined {
    return this.#isBehind ? this.#retryAt : undefined
  }

  #mark(isBehind: boolean): void {
    if (isBehind === this.#isMarked) return
    this.#isMarked = isBehind
    this.#store.setMeta('unmirrored', isBehind ? 1 : 0)
  }
}
