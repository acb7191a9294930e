/**
 * Collects webhook events for 250 ms, holds leaves that a reconnect may undo, sends the webhooks, and retries
 * for five minutes. The outbox sets no timers: its owner calls {@link WebhookOutbox.flush} at {@link
 * WebhookOutbox.nextAt}, by an alarm that survives the loss of the object's memory.
 * @module
 */

import { backoffMs } from '../../flight/backoff.ts'
import { withDeadline } from '../../flight/deadline.ts'
import { callListener } from '../../platform/listener.ts'
import type { Platform } from '../../platform/platform.ts'
import type { App } from './app.ts'
import { isWanted, type WebhookEvent, webhookBody, webhookRequest } from './webhook.ts'
import type { WebhookTarget } from './webhook-targets.ts'

/** One webhook that is being collected or sent. Plain data, which can be stored as JSON. */
export interface OutboxRow {
  /** Rises with each row; rows are sent in this order. */
  readonly id: number
  /** The address to send to, or `undefined` while its event is held. */
  readonly url: string | undefined
  readonly events: readonly WebhookEvent[]
  /** Set at the first attempt; the same text for every attempt. */
  readonly body: string | undefined
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Attempts so far. */
  readonly attempts: number
  /** When the row is to be sent, or its held event released, in epoch milliseconds. */
  readonly dueAt: number
}

/** Stores rows durably. Calls are synchronous: they have taken effect when they return. */
export interface OutboxStore {
  /** All rows, ordered by id. */
  load(): readonly OutboxRow[]
  /** Adds a row, or replaces the one with its id. */
  put(row: OutboxRow): void
  delete(id: number): void
}

/** Options for {@link WebhookOutbox}. */
export interface WebhookOutboxOptions {
  readonly app: App
  readonly store: OutboxStore
  readonly platform: Platform
  /** @default the global `fetch` */
  readonly fetch?: typeof globalThis.fetch
  /** Called with the events of a webhook that was dropped, and why, such as the last failure. @default none */
  readonly onDropped?: (events: readonly WebhookEvent[], reason: string) => void
}

/** How long events are collected for one webhook, and how many events one holds. */
export const WEBHOOK_BATCH: Readonly<{ ms: number; events: number }> = { ms: 250, events: 20 }
/** How long a leave is held, so that a reconnect can undo it. */
export const WEBHOOK_HOLD_MS = 3_000
/** How long a webhook is retried, counted from the creation of its row. */
export const WEBHOOK_RETRY_MS = 300_000
/** The largest number of rows; a new one then drops the oldest. */
export const WEBHOOK_MAX_ROWS = 5_000

const BACKOFF = { baseMs: 1_000, capMs: 60_000 }
const DEADLINE_MS = 10_000
/** Longest JSON of several events in one row, which has it twice. SQLite on Workers takes rows of 2 MB. */
const MAX_CHARS = 250_000
/** Each event here, with the held event that it cancels. */
const OPPOSITES: Readonly<Record<string, string>> = {
  channel_occupied: 'channel_vacated',
  member_added: 'member_removed',
}
const HELD: ReadonlySet<string> = new Set(Object.values(OPPOSITES))

/** The webhooks of one channel, or of anything else that has its own store. */
export class WebhookOutbox {
  readonly #options: WebhookOutboxOptions
  readonly #targets: ReadonlyMap<string, WebhookTarget>
  readonly #rows = new Map<number, OutboxRow>()
  /** The row to which the next event for an address is added. */
  readonly #open = new Map<string, number>()
  /** Rows of held events, by kind, channel and user. */
  readonly #held = new Map<string, number>()
  #lastId = 0

  /** Loads the rows of the store. */
  constructor(options: WebhookOutboxOptions) {
    this.#options = options
    this.#targets = new Map(options.app.webhooks.map((target) => [target.url, target]))
    for (const row of options.store.load()) {
      this.#rows.set(row.id, row)
      this.#index(row)
      this.#lastId = Math.max(this.#lastId, row.id)
    }
  }

  /** The number of rows. */
  get size(): number {
    return this.#rows.size
  }

  /**
   * Adds an event. A leave is held. If the same user joins again, or the same channel is occupied again,
   * while it is held, neither event is sent.
   *
   * @param holdMs How long to hold a leave; 0 if the caller has waited already.
   */
  add(event: WebhookEvent, holdMs: number = WEBHOOK_HOLD_MS): void {
    if (this.#targets.size === 0) return
    const undone = this.#heldOpposite(event)
    if (undone !== undefined) {
      this.#delete(undone.id)
    } else if (HELD.has(event.name) && holdMs > 0) {
      this.#insert(undefined, [event], this.#now() + holdMs)
    } else {
      this.#collect(event)
    }
  }

  /** When {@link flush} must be called next, in epoch milliseconds; `undefined` if there is nothing to do. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const { dueAt } of this.#rows.values()) {
      if (next === undefined || dueAt < next) next = dueAt
    }
    return next
  }

  /**
   * Sends everything that is due: to each address one after another, to different addresses in parallel.
   * Never rejects. Calls must not overlap.
   */
  async flush(): Promise<void> {
    for (const row of this.#due(undefined)) {
      this.#delete(row.id)
      for (const event of row.events) this.#collect(event)
    }
    await Promise.all([...this.#urls()].map((url) => this.#flushTo(url)))
  }

  async #flushTo(url: string): Promise<void> {
    const due = this.#due(url)
    for (const [position, { id }] of due.entries()) {
      // Events may have been added to it, or it was dropped, while the one before was sent.
      const row = this.#rows.get(id)
      const failure = row && (await this.#send(row, this.#targets.get(url)))
      if (failure === undefined) this.#delete(id)
      // The remaining webhooks for this address would probably fail too, each after its own timeout.
      else return this.#postpone(due.slice(position), failure)
    }
  }

  /** Resolves to the reason of a failure, or `undefined`. */
  async #send(row: OutboxRow, target: WebhookTarget | undefined): Promise<string | undefined> {
    if (target === undefined) {
      this.#tell(row, 'the app has no such webhook any more')
      return undefined
    }
    const body = row.body ?? webhookBody(row.events, this.#now())
    // Stored before sending: events that arrive meanwhile go into a new row.
    this.#put({ ...row, body, attempts: row.attempts + 1 })
    return this.#post(target, body)
  }

  #postpone(rows: readonly OutboxRow[], failure: string): void {
    const wait = backoffMs(BACKOFF, rows[0]?.attempts ?? 0, this.#options.platform.random())
    const dueAt = this.#now() + Math.round(wait)
    for (const { id } of rows) {
      const row = this.#rows.get(id)
      if (row === undefined) continue
      if (dueAt - row.createdAt > WEBHOOK_RETRY_MS) this.#drop(row, failure)
      else this.#put({ ...row, dueAt })
    }
  }

  /** Resolves to the reason of a failure, or `undefined`. */
  async #post(target: WebhookTarget, body: string): Promise<string | undefined> {
    const { app, platform, fetch = globalThis.fetch } = this.#options
    const request = webhookRequest(app, target, body)
    const late = (): string => 'no answer in time'
    try {
      return await withDeadline(platform, DEADLINE_MS, late, async (signal) => {
        const response = await fetch(target.url, {
          method: 'POST',
          ...request,
          // The address in a redirect has not been configured as a target.
          redirect: 'manual',
          signal,
        })
        await response.body?.cancel()
        return response.ok ? undefined : `HTTP ${response.status}`
      })
    } catch (error) {
      // The deadline (a string) or a network error: both count as a failed attempt.
      return typeof error === 'string' ? error : 'no connection'
    }
  }

  #collect(event: WebhookEvent): void {
    for (const target of this.#targets.values()) {
      if (isWanted(target, event)) this.#append(target.url, event)
    }
  }

  #append(url: string, event: WebhookEvent): void {
    const open = this.#rows.get(this.#open.get(url) ?? -1)
    const now = this.#now()
    const events = [...(open?.events ?? []), event]
    if (
      open === undefined ||
      open.body !== undefined ||
      events.length > WEBHOOK_BATCH.events ||
      JSON.stringify(events).length > MAX_CHARS
    ) {
      this.#insert(url, [event], now + WEBHOOK_BATCH.ms)
      return
    }
    const isFull = events.length === WEBHOOK_BATCH.events
    this.#put({ ...open, events, dueAt: isFull ? Math.min(now, open.dueAt) : open.dueAt })
  }

  #heldOpposite(event: WebhookEvent): OutboxRow | undefined {
    const opposite = OPPOSITES[event.name]
    if (opposite === undefined) return undefined
    return this.#rows.get(this.#held.get(holdKey(opposite, event)) ?? -1)
  }

  #due(url: string | undefined): readonly OutboxRow[] {
    const now = this.#now()
    return [...this.#rows.values()].filter((row) => row.url === url && row.dueAt <= now)
  }

  #urls(): ReadonlySet<string> {
    const urls = [...this.#rows.values()].map(({ url }) => url)
    return new Set(urls.filter((url) => url !== undefined))
  }

  #insert(url: string | undefined, events: readonly WebhookEvent[], dueAt: number): void {
    const [oldest] = this.#rows.values()
    if (this.#rows.size >= WEBHOOK_MAX_ROWS && oldest !== undefined) {
      this.#drop(oldest, 'too many webhooks are waiting')
    }
    this.#lastId += 1
    const createdAt = this.#now()
    const row = { id: this.#lastId, url, events, body: undefined, createdAt, attempts: 0, dueAt }
    this.#put(row)
    this.#index(row)
  }

  #index({ id, url, events: [event] }: OutboxRow): void {
    if (url !== undefined) this.#open.set(url, id)
    else if (event !== undefined) this.#held.set(holdKey(event.name, event), id)
  }

  #drop(row: OutboxRow, reason: string): void {
    this.#delete(row.id)
    this.#tell(row, reason)
  }

  #tell({ events }: OutboxRow, reason: string): void {
    const { onDropped } = this.#options
    if (onDropped) callListener(onDropped, [events, reason])
  }

  #put(row: OutboxRow): void {
    this.#rows.set(row.id, row)
    this.#options.store.put(row)
  }

  #delete(id: number): void {
    const row = this.#rows.get(id)
    const [event] = row?.events ?? []
    if (row?.url === undefined && event !== undefined) this.#held.delete(holdKey(event.name, event))
    this.#rows.delete(id)
    this.#options.store.delete(id)
  }

  #now(): number {
    return this.#options.platform.now()
  }
}

/** Identifies the leaves that the same join cancels. */
function holdKey(name: string, event: WebhookEvent): string {
  return JSON.stringify([name, event.channel, 'user_id' in event ? event.user_id : ''])
}
