/**
 * Sends what happens on a channel to every hub that has subscribers of it.
 *
 * @module
 */

import type { HubReport } from './reports.ts'
import type { Delivery, HubStub, Network } from './stubs.ts'

/** Options for {@link FanOut}. */
export interface FanOutOptions {
  /** The channel. */
  readonly channel: string
  readonly network: Network
  /** A hub has answered; with a report, it has something else than was thought. */
  readonly onAnswer: (hub: string, report: HubReport | undefined) => void
}

/** Deliveries under way. Those to one hub arrive in the order in which they were sent. */
export class FanOut {
  readonly #options: FanOutOptions
  readonly #hubs = new Map<string, HubStub>()
  readonly #underWay = new Set<Promise<void>>()

  constructor(options: FanOutOptions) {
    this.#options = options
  }

  /** Sends to hubs, at once: what is sent next comes later everywhere. */
  send(hubs: readonly string[], deliveries: readonly Delivery[]): void {
    for (const hub of hubs) {
      const done = this.#deliver(hub, deliveries).finally(() => this.#underWay.delete(done))
      this.#underWay.add(done)
    }
  }

  /**
   * Resolves when all that is under way has arrived, and what the answers brought about: an event of
   * the object may not end before. What others send meanwhile is theirs to await.
   */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round++) await Promise.all(this.#underWay)
  }

  /** Asks one hub what it has. @returns Whether it answered. */
  async inspect(hub: string): Promise<boolean> {
    const answer = this.#stub(hub).inspect(this.#options.channel)
    return this.#heard(hub, answer)
  }

  async #deliver(hub: string, deliveries: readonly Delivery[]): Promise<void> {
    const { channel } = this.#options
    await this.#heard(hub, this.#stub(hub).deliver(channel, deliveries))
  }

  /**
   * A delivery that failed is not repeated: the platform has tried what may be tried, and a later one
   * would overtake it. Subscribers with the extensions notice the gap; the lease finds a hub that is gone.
   */
  async #heard(hub: string, answer: Promise<HubReport | undefined>): Promise<boolean> {
    try {
      this.#options.onAnswer(hub, await answer)
      return true
    } catch {
      // A stub that threw may stay broken.
      this.#hubs.delete(hub)
      return false
    }
  }

  #stub(hub: string): HubStub {
    const stub = this.#hubs.get(hub) ?? this.#options.network.hub(hub)
    this.#hubs.set(hub, stub)
    return stub
  }
}
