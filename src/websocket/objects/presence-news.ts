/**
 * Tells the subscribers of a presence channel who joined and left, in batches.
 *
 * @module
 */

import type { App } from '../protocol/app.ts'
import type { WebhookOutbox } from '../protocol/webhook-outbox.ts'
import type { ChannelHistory } from './channel-history.ts'
import type { FanOut } from './fan-out.ts'
import type { Membership } from './membership.ts'

/** What news is built from and sent with. */
export interface NewsParts {
  readonly name: string
  readonly app: App
  readonly membership: Membership
  readonly history: ChannelHistory
  readonly outbox: WebhookOutbox
  readonly fanOut: FanOut
}

/** Sends the first change at once, and the changes within the batch time after it together. */
export class PresenceNews {
  readonly #parts: NewsParts
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(parts: NewsParts) {
    this.#parts = parts
  }

  /** Sends the news, unless a batch was sent within the batch time and the call is not urgent. */
  tell(now: number, isUrgent: boolean): void {
    const { membership } = this.#parts
    membership.settle(now)
    this.#addWebhooks()
    if (!isUrgent && now < this.#openAt) return
    const diff = membership.takeNews(now)
    if (diff === undefined) return
    this.#toldAt = now
    const position = this.#parts.history.advance()
    this.#parts.fanOut.send(membership.attached(), [{ kind: 'presence', position, diff }])
  }

  /** When the current batch is to be sent, in epoch milliseconds. */
  nextAt(now: number): number | undefined {
    return this.#parts.membership.hasNews(now) ? Math.max(now, this.#openAt) : undefined
  }

  get #openAt(): number {
    const { app, membership } = this.#parts
    return this.#toldAt + batchMsFor(app.limits.presenceBatchMs, membership.sockets)
  }

  /**
   * Adds webhooks for all users, named or not. The webhook of a leave without grace is held back instead, so
   * that a return cancels it.
   */
  #addWebhooks(): void {
    const { membership, outbox, name } = this.#parts
    for (const { id, kind } of membership.takePassages()) {
      if (kind === 'came') outbox.add({ name: 'member_added', channel: name, user_id: id })
      else outbox.add({ name: 'member_removed', channel: name, user_id: id }, holdOf(kind))
    }
  }
}

/** Connections per step: each step, even a partial one, adds the app's batch time. */
const STEP = 100
const LONGEST_MS = 5_000

/**
 * How long a channel collects changes, in milliseconds. The time grows with the connections so that the
 * frames per second do not: every user is told of every other, and a thousand users joining one by one would
 * cause a million frames. It grows in steps because the alarm is set to the end of the batch, and would
 * otherwise be written again for each join.
 */
export function batchMsFor(batchMs: number, connections: number): number {
  const grown = Math.min(LONGEST_MS, batchMs * Math.ceil(connections / STEP))
  return Math.max(batchMs, grown)
}

function holdOf(kind: 'left' | 'graced'): number | undefined {
  return kind === 'graced' ? 0 : undefined
}
