/**
 * Sends the deliveries of a channel to every hub that has subscribers of it.
 *
 * @module
 */

import type { HubReport } from './reports.ts'
import type { Delivery, HubStub, Network } from './stubs.ts'

/** Options for {@link FanOut}. */
export interface FanOutOptions {
  /** The channel's name. */
  readonly channel: string
  readonly network: Network
  /** Called when a hub has answered. A report means that its state differs from what the channel assumed. */
  readonly onAnswer: (hub: string, report: HubReport | undefined) => void
}

/** Deliveries in progress. Those to one hub arrive in the order in which they were sent. */
export class FanOut {
  readonly #options: FanOutOptions
  readonly #hubs = new Map<string, HubStub>()
  readonly #underWay = new Set<Promise<void>>()

  constructor(options: FanOutOptions) {
    this.#options = options
  }

  /** Starts sending to hubs at once, so that later calls arrive later at every hub. */
  send(hubs: readonly string[], deliveries: readonly Delivery[]): void {
    for (const hub of hubs) {
      const done = this.#deliver(hub, deliveries).finally(() => this.#underWay.delete(done))
      this.#underWay.add(done)
    }
  }

  /**
   * Waits for all deliveries in progress, and for those that their answers cause: an event of the object must
   * not end before. An event of the object that sends meanwhile waits for its own deliveries.
   */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round++) await Promise.all(this.#underWay)
  }

  /** Asks one hub for a complete report. @returns Whether it answered. */
  async inspect(hub: string): Promise<boolean> {
    const answer = this.#stub(hub).inspect(this.#options.channel)
    return this.#heard(hub, answer)
  }

  async #deliver(hub: string, deliveries: readonly Delivery[]): Promise<void> {
    const { channel } = this.#options
    await this.#heard(hub, this.#stub(hub).deliver(channel, deliveries))
  }

  /**
   * A failed delivery is not repeated: the platform has retried what is safe to retry, and a later delivery
   * would overtake a repetition. Subscribers with the extensions notice the gap in the serials at the next
   * delivery, and ask for what they missed. A lost hub is found by its lease.
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
