/**
 * Tells the subscribers of a presence channel who came and went, in batches.
 *
 * @module
 */

import type { App } from '../protocol/app.ts'
import type { WebhookOutbox } from '../protocol/webhook-outbox.ts'
import type { ChannelHistory } from './channel-history.ts'
import type { FanOut } from './fan-out.ts'
import type { Membership } from './membership.ts'

/** What news are made of. */
export interface NewsParts {
  readonly name: string
  readonly app: App
  readonly membership: Membership
  readonly history: ChannelHistory
  readonly outbox: WebhookOutbox
  readonly fanOut: FanOut
}

/** The first change is told at once; those within the batch time after it, together. */
export class PresenceNews {
  readonly #parts: NewsParts
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(parts: NewsParts) {
    this.#parts = parts
  }

  /** Tells what there is, unless something was told within the batch time and it is not urgent. */
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

  /** When the batch that is open is to be told, in epoch milliseconds. */
  nextAt(now: number): number | undefined {
    return this.#parts.membership.hasNews(now) ? Math.max(now, this.#openAt) : undefined
  }

  get #openAt(): number {
    const { app, membership } = this.#parts
    return this.#toldAt + batchMsFor(app.limits.presenceBatchMs, membership.sockets)
  }

  /** Of everybody, named or not. A leave that had no grace is held instead, so that a return undoes it. */
  #addWebhooks(): void {
    const { membership, outbox, name } = this.#parts
    for (const { id, kind } of membership.takePassages()) {
      if (kind === 'came') outbox.add({ name: 'member_added', channel: name, user_id: id })
      else outbox.add({ name: 'member_removed', channel: name, user_id: id }, holdOf(kind))
    }
  }
}

/** For each so many connections, or a part of them, the batch time of the app. */
const STEP = 100
const LONGEST_MS = 5_000

/**
 * How long a channel of so many connections collects. It grows with them, so that what is sent a second does
 * not: everybody is told of everybody, and a thousand who come one by one would be a million frames. It grows in
 * steps, since the end of a batch is in the alarm, which would be written anew for each who comes.
 */
export function batchMsFor(batchMs: number, connections: number): number {
  const grown = Math.min(LONGEST_MS, batchMs * Math.ceil(connections / STEP))
  return Math.max(batchMs, grown)
}

function holdOf(kind: 'left' | 'graced'): number | undefined {
  return kind === 'graced' ? 0 : undefined
}
