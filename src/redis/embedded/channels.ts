/**
 * Pub/sub between the clients of one engine.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { compileGlob } from './glob.ts'

/** Called with each message as the data of a server-sent event, such as `message,channel,text`. */
export type MessageListener = (data: string) => void

interface Subscription {
  readonly name: string
  readonly listener: MessageListener
  hasEnded: boolean
}

interface PatternSubscription extends Subscription {
  readonly matches: (channel: string) => boolean
}

/** Subscriptions by channel. Messages are not kept for later subscribers. */
export class Channels {
  readonly #platform: Platform
  readonly #exact = new Map<string, Set<Subscription>>()
  readonly #patterns = new Set<PatternSubscription>()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Subscribes to a channel. The returned function unsubscribes. */
  subscribe(name: string, listener: MessageListener): () => void {
    const subscription: Subscription = { name, listener, hasEnded: false }
    const listeners = this.#exact.get(name) ?? new Set()
    this.#exact.set(name, listeners.add(subscription))
    this.#deliver(subscription, `subscribe,${name},1`)
    return () => {
      subscription.hasEnded = true
      listeners.delete(subscription)
      if (listeners.size === 0 && this.#exact.get(name) === listeners) this.#exact.delete(name)
    }
  }

  /** Subscribes to the channels that match a glob. The returned function unsubscribes. */
  psubscribe(name: string, listener: MessageListener): () => void {
    const subscription = { name, listener, hasEnded: false, matches: compileGlob(name) }
    this.#patterns.add(subscription)
    this.#deliver(subscription, `psubscribe,${name},1`)
    return () => {
      subscription.hasEnded = true
      this.#patterns.delete(subscription)
    }
  }

  /** Sends a message and returns how many subscriptions it went to. */
  publish(channel: string, message: string): number {
    let receivers = 0
    for (const subscription of this.#exact.get(channel) ?? []) {
      this.#deliver(subscription, `message,${channel},${message}`)
      receivers++
    }
    for (const subscription of this.#patterns) {
      if (!subscription.matches(channel)) continue
      this.#deliver(subscription, `pmessage,${subscription.name},${channel},${message}`)
      receivers++
    }
    return receivers
  }

  /** The channels with a subscriber, not counting patterns. */
  names(): string[] {
    return [...this.#exact.keys()]
  }

  listenerCount(channel: string): number {
    return this.#exact.get(channel)?.size ?? 0
  }

  get patternCount(): number {
    return new Set([...this.#patterns].map(({ name }) => name)).size
  }

  /**
   * Runs the listener after the current command, so that it never runs inside a transaction. A subscription that
   * has ended by then gets nothing more.
   */
  #deliver(subscription: Subscription, data: string): void {
    const delivered = Promise.resolve().then(() =>
      subscription.hasEnded ? undefined : subscription.listener(data),
    )
    this.#platform.defer(delivered)
  }
}
