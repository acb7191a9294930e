/**
 * Tells subscribers how many they are, if the app has turned this on.
 *
 * @module
 */

import { traitsOf } from './channel-traits.ts'
import type { NewsParts } from './presence-news.ts'

/** Counts up to this one are sent at once. */
const SMALL = 100
/** Time between two larger counts. */
const PAUSE_MS = 5_000

/** The subscription count of a channel. Presence and internal channels have none. */
export class SubscriptionCount {
  readonly #parts: NewsParts
  readonly #isOn: boolean
  #told = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(parts: NewsParts) {
    this.#parts = parts
    const { hasUsers, isInternal } = traitsOf(parts.name)
    this.#isOn = parts.app.subscriptionCounts === 'on' && !hasUsers && !isInternal
    this.#told = parts.membership.sockets
  }

  tell(now: number): void {
    const { membership, history, fanOut, outbox, name } = this.#parts
    const count = membership.sockets
    if (!this.#isOn || count === this.#told || now < this.#openAt) return
    this.#told = count
    this.#toldAt = now
    const { position } = history
    fanOut.send(membership.attached(), [{ kind: 'subscriptions', position, count }])
    outbox.add({ name: 'subscription_count', channel: name, subscription_count: count })
  }

  /** When the next count is to be sent, in epoch milliseconds. */
  nextAt(): number | undefined {
    const isTold = this.#parts.membership.sockets === this.#told
    return this.#isOn && !isTold ? this.#openAt : undefined
  }

  get #openAt(): number {
    return this.#toldAt + (this.#parts.membership.sockets > SMALL ? PAUSE_MS : 0)
  }
}
