/**
 * The serial of a channel, the events it can still replay, and the last event of a cache channel.
 *
 * Events are kept only from the first subscriber with the extensions on, since no other client can ask for
 * them. Until then serials are reserved a thousand at a time, so that a serial costs no write; those not used
 * before an eviction are skipped.
 *
 * @module
 */

import type { Resume } from '../extensions.ts'
import { earliest } from './alarm.ts'
import type { ChannelStore, StoredEvent, StoredLast } from './channel-store.ts'
import type { ChannelPosition, PastEvent } from './stubs.ts'

/** How much history is kept for clients that reconnect. */
export interface HistoryRules {
  /** Number of events. */
  readonly events: number
  /** Milliseconds. */
  readonly ageMs: number
}

/** Serials that one write reserves while no events are kept. */
const RESERVED = 1_000

/** The history of one channel. */
export class ChannelHistory {
  readonly #store: ChannelStore
  readonly #rules: HistoryRules
  readonly #newEpoch: () => string
  #epoch: string | undefined
  #serial: number
  /** Serials up to this one are stored, or never used again. */
  #reserved: number
  #isRecording: boolean
  /** Events up to this serial cannot be replayed. */
  #floor: number
  #past: StoredEvent[]
  #last: StoredLast | undefined

  constructor(store: ChannelStore, rules: HistoryRules, newEpoch: () => string) {
    this.#store = store
    this.#rules = rules
    this.#newEpoch = newEpoch
    this.#epoch = store.meta('epoch') as string | undefined
    this.#serial = Number(store.meta('serial') ?? 0)
    this.#reserved = this.#serial
    this.#isRecording = store.meta('recording') === 1
    this.#floor = Number(store.meta('floor') ?? 0)
    this.#past = store.past()
    this.#last = store.last()
  }

  /** The current position. */
  get position(): ChannelPosition {
    return { epoch: this.#nameEpoch(), serial: this.#serial }
  }

  /** Assigns the next serial, to an event or a change of presence. */
  advance(): ChannelPosition {
    this.#nameEpoch()
    this.#serial += 1
    if (this.#serial > this.#reserved) {
      this.#reserved = this.#isRecording ? this.#serial : this.#serial + RESERVED - 1
      this.#store.setMeta('serial', this.#reserved)
    }
    return this.position
  }

  /** Keeps events from now on. */
  record(): void {
    if (this.#isRecording) return
    this.#isRecording = true
    this.#floor = this.#serial
    this.#reserved = this.#serial
    this.#store.setMeta('recording', 1)
    this.#store.setMeta('floor', this.#floor)
    this.#store.setMeta('serial', this.#serial)
  }

  /** Keeps an event under the current serial. */
  add(frame: string, origin: string | undefined, now: number): void {
    if (!this.#isRecording) return
    const event = { serial: this.#serial, at: now, frame, origin }
    this.#past.push(event)
    this.#store.addPast(event)
    this.purge(now)
  }

  /** Stores the last event of a cache channel, under the current serial. */
  setLast(last: Omit<StoredLast, 'serial'>): void {
    this.#last = { ...last, serial: this.#serial }
    this.#store.setLast(this.#last)
  }

  /** The last event, unless it has expired. */
  last(now: number): StoredLast | undefined {
    return this.#last && this.#last.expiresAt > now ? this.#last : undefined
  }

  /** The events after a position, except those of the socket that resumes. `null` if some are no longer kept. */
  since({ epoch, serial, socket_id }: Resume, now: number): readonly PastEvent[] | null {
    this.purge(now)
    const isReachable = epoch === this.#epoch && serial >= this.#floor && serial <= this.#serial
    if (!isReachable || !this.#isRecording) return null
    return this.#past
      .filter((event) => event.serial > serial && (!event.origin || event.origin !== socket_id))
      .map((event) => ({ serial: event.serial, frame: event.frame }))
  }

  /** Drops events beyond the maximum age or number, and a last event that has expired. */
  purge(now: number): void {
    const excess = this.#past.length - this.#rules.events
    const dropped = this.#past.filter(
      ({ at }, place) => place < excess || at + this.#rules.ageMs <= now,
    )
    const newest = dropped.at(-1)
    if (newest) {
      this.#floor = newest.serial
      this.#past = this.#past.slice(dropped.length)
      this.#store.dropPast(this.#floor)
      this.#store.setMeta('floor', this.#floor)
    }
    if (this.#last && this.#last.expiresAt <= now) {
      this.#last = undefined
      this.#store.setLast(undefined)
    }
  }

  /** When the next event or the last event expires, in epoch milliseconds. */
  nextAt(): number | undefined {
    const [oldest] = this.#past
    return earliest([oldest && oldest.at + this.#rules.ageMs, this.#last?.expiresAt])
  }

  /** Whether no past event and no last event is kept. */
  get isEmpty(): boolean {
    return this.#past.length === 0 && this.#last === undefined
  }

  /** Resets the state in memory, after the store was cleared. */
  reset(): void {
    this.#epoch = undefined
    this.#serial = 0
    this.#reserved = 0
    this.#floor = 0
    this.#isRecording = false
  }

  #nameEpoch(): string {
    if (this.#epoch === undefined) {
      this.#epoch = this.#newEpoch()
      this.#store.setMeta('epoch', this.#epoch)
    }
    return this.#epoch
  }
}
