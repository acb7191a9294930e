/**
 * Webhooks on their way: collected for 250 ms, held while a leave may be undone, sent, and sent again
 * for five minutes. Nothing here waits: whoever owns the outbox calls {@link WebhookOutbox.flush} when
 * {@link WebhookOutbox.nextAt} has come, by an alarm that outlives the object's memory.
 *
 * @module
 */

import { backoffMs } from '../../flight/backoff.ts'
import { withDeadline } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import type { App } from './app.ts'
import { isWanted, type WebhookEvent, webhookBody, webhookRequest } from './webhook.ts'
import type { WebhookTarget } from './webhook-targets.ts'

/** One webhook in the making, or on its way. Plain data: it can be stored as JSON. */
export interface OutboxRow {
  /** Rises with each row; also the order of sending. */
  readonly id: number
  /** The address it goes to, or `undefined` while its event is held. */
  readonly url: string | undefined
  readonly events: readonly WebhookEvent[]
  /** Once it was sent for the first time: the same text for every attempt. */
  readonly body: string | undefined
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** Attempts so far. */
  readonly attempts: number
  /** Epoch milliseconds at which something is to be done. */
  readonly dueAt: number
}

/** Where rows survive. Calls are not awaited: they must have taken effect when they return. */
export interface OutboxStore {
  /** All rows, by id. */
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
  /** @default the runtime's fetch */
  readonly fetch?: typeof globalThis.fetch
  /** Told of a webhook that was given up, with what its last attempt ended with. @default none */
  readonly onDropped?: (events: readonly WebhookEvent[], reason: string) => void
}

/** How long events are collected for one webhook, and how many one holds. */
export const WEBHOOK_BATCH: Readonly<{ ms: number; events: number }> = { ms: 250, events: 20 }
/** How long a leave is held, so that a reconnection undoes it. */
export const WEBHOOK_HOLD_MS = 3_000
/** How long a webhook is tried, from when it was begun. */
export const WEBHOOK_RETRY_MS = 300_000
/** Rows that are kept; the oldest goes for a newer one. */
export const WEBHOOK_MAX_ROWS = 5_000

const BACKOFF = { baseMs: 1_000, capMs: 60_000 }
const DEADLINE_MS = 10_000
/** What undoes what, while it is held. */
const OPPOSITES: Readonly<Record<string, string>> = {
  channel_occupied: 'channel_vacated',
  member_added: 'member_removed',
}
const HELD: ReadonlySet<string> = new Set(Object.values(OPPOSITES))

/** The webhooks of one channel, or of anything else that has a store of its own. */
export class WebhookOutbox {
  readonly #options: WebhookOutboxOptions
  readonly #targets: ReadonlyMap<string, WebhookTarget>
  readonly #rows = new Map<number, OutboxRow>()
  /** The row that an address's next event goes into. */
  readonly #open = new Map<string, number>()
  /** Rows whose event is held, by what it is. */
  readonly #held = new Map<string, number>()
  #lastId = 0

  /** Reads what the store holds. */
  constructor(options: WebhookOutboxOptions) {
    this.#options = options
    this.#targets = new Map(options.app.webhooks.map((target) => [target.url, target]))
    for (const row of options.store.load()) {
      this.#rows.set(row.id, row)
      this.#index(row)
      this.#lastId = Math.max(this.#lastId, row.id)
    }
  }

  /** Rows that are kept at the moment. */
  get size(): number {
    return this.#rows.size
  }

  /**
   * Takes an event. A leave is held, and is told of only if no join of the same user, or of the same
   * channel, undoes it meanwhile; then neither is told.
   *
   * @param holdMs How long a leave is held; 0 where it was waited for already.
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

  /** When {@link flush} has something to do, in epoch milliseconds; `undefined` while there is nothing. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const { dueAt } of this.#rows.values()) {
      if (next === undefined || dueAt < next) next = dueAt
    }
    return next
  }

  /**
   * Sends everything that is due, each address in turn and the addresses side by side. Never rejects.
   * Calls must not overlap.
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
    for (const [position, row] of due.entries()) {
      const failure = await this.#send(row, this.#targets.get(url))
      if (failure === undefined) this.#delete(row.id)
      // The others would wait for the same answer, one after the other.
      else return this.#postpone(due.slice(position), failure)
    }
  }

  /** Resolves to what went wrong, or `undefined`. */
  async #send(row: OutboxRow, target: WebhookTarget | undefined): Promise<string | undefined> {
    if (target === undefined) {
      this.#options.onDropped?.(row.events, 'the app has no such webhook any more')
      return undefined
    }
    const body = row.body ?? webhookBody(row.events, this.#now())
    // Kept before it is sent: events that come while it is under way begin another row.
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

  /** Resolves to what went wrong, or `undefined`. */
  async #post(target: WebhookTarget, body: string): Promise<string | undefined> {
    const { app, platform, fetch = globalThis.fetch } = this.#options
    const request = webhookRequest(app, target, body)
    const late = (): string => 'no answer in time'
    try {
      return await withDeadline(platform, DEADLINE_MS, late, async (signal) => {
        const response = await fetch(target.url, {
          method: 'POST',
          ...request,
          // Another address has not been asked whether it wants them.
          redirect: 'manual',
          signal,
        })
        await response.body?.cancel()
        return response.ok ? undefined : `HTTP ${response.status}`
      })
    } catch (error) {
      // A failure of the network, or of time: neither is ours to tell apart.
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
    if (
      open === undefined ||
      open.body !== undefined ||
      open.events.length >= WEBHOOK_BATCH.events
    ) {
      this.#insert(url, [event], now + WEBHOOK_BATCH.ms)
      return
    }
    const events = [...open.events, event]
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
    this.#options.onDropped?.(row.events, reason)
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

/** What two leaves have in common that one join undoes. */
function holdKey(name: string, event: WebhookEvent): string {
  return JSON.stringify([name, event.channel, 'user_id' in event ? event.user_id : ''])
}
