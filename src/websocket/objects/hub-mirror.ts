/**
 * Tells a mirror of a hub's connections, together and a little later, so that no client waits for it.
 *
 * What is not told before the hub loses its memory is told at the next sweep, where the mirror does not
 * know the connection, or ends by its lease there.
 *
 * @module
 */

import type { HubConnection } from './hub-connection.ts'
import { MIRROR_RETRY_MS, type MirrorPort } from './mirror-port.ts'

/** How long changes are collected. */
const BATCH_MS = 500
/** Connections that are told of at a time. */
const AT_A_TIME = 25
/** Beyond so many that wait, one that is gone is left to its lease: an outage may be long. */
const MOST_WAITING = 8_000

type Known = Pick<HubConnection, 'id' | 'user' | 'subscriptions'>

/** The mirror of one hub. Without a port it does nothing. */
export class HubMirror {
  readonly #port: MirrorPort | undefined
  /** Connections by their ids; `undefined` for one that is gone. */
  #changed = new Map<string, Known | undefined>()
  #dueAt: number | undefined
  /** Whether it is still to be told that all those of before are gone. */
  #isAnew: boolean

  /** @param isAnew Whether the hub has no connection: of those it had the mirror may not know the end. */
  constructor(port: MirrorPort | undefined, isAnew: boolean, now: number) {
    this.#port = port
    this.#isAnew = isAnew && port !== undefined
    if (this.#isAnew) this.#dueAt = now
  }

  /** A connection has come, or signed in, or its channels have changed. */
  changed(connection: Known, now: number): void {
    this.#note(connection.id, connection, now)
  }

  /** A connection is gone. */
  gone({ id }: Known, now: number): void {
    this.#note(id, undefined, now)
  }

  /** When there is something to tell, in epoch milliseconds. */
  nextAt(): number | undefined {
    return this.#dueAt
  }

  /** Tells what is due. What fails is told again later. */
  async flush(now: number): Promise<void> {
    if (this.#dueAt === undefined || this.#dueAt > now) return
    this.#dueAt = undefined
    // First: what is told of a connection after it would be lost with the others.
    if (this.#isAnew && !(await this.#endBefore(now))) return
    const changed = [...this.#changed]
    this.#changed = new Map()
    for (let from = 0; from < changed.length; from += AT_A_TIME) {
      const batch = changed.slice(from, from + AT_A_TIME)
      const outcomes = await Promise.allSettled(batch.map(([id, known]) => this.#tell(id, known)))
      const failed = batch.filter((_, place) => outcomes[place]?.status === 'rejected')
      for (const [id, known] of failed) this.#again(id, known, now)
    }
  }

  /** Says that connections are there, and tells of those that the mirror does not know. */
  async active(connections: readonly HubConnection[], now: number): Promise<void> {
    if (this.#port === undefined || connections.length === 0) return
    const byId = new Map(connections.map((connection) => [connection.id, connection]))
    try {
      for (const id of await this.#port.active([...byId.keys()])) {
        const connection = byId.get(id)
        if (connection) this.changed(connection, now)
      }
    } catch {
      // The mirror is away: its leases are longer than the time to the next sweep.
    }
  }

  async #endBefore(now: number): Promise<boolean> {
    try {
      await this.#port?.ended()
      this.#isAnew = false
      return true
    } catch {
      this.#dueAt = now + MIRROR_RETRY_MS
      return false
    }
  }

  async #tell(id: string, known: Known | undefined): Promise<void> {
    if (known === undefined) {
      await this.#port?.closed(id)
      return
    }
    const rooms = [...known.subscriptions.values()].map(({ channel, info }) => ({
      room: channel,
      ...(info !== undefined && { info: JSON.parse(info) as unknown }),
    }))
    const userId = userOf(known)
    // Only of users is anything said.
    const said = userId === undefined ? rooms.map(({ room }) => ({ room })) : rooms
    await this.#port?.opened({ id, rooms: said, ...(userId !== undefined && { userId }) })
  }

  #note(id: string, known: Known | undefined, now: number): void {
    if (this.#port === undefined) return
    this.#changed.set(id, known)
    this.#dueAt ??= now + BATCH_MS
  }

  /** Unless something newer is known. */
  #again(id: string, known: Known | undefined, now: number): void {
    if (!this.#changed.has(id) && (known || this.#changed.size < MOST_WAITING)) {
      this.#changed.set(id, known)
    }
    this.#dueAt ??= now + MIRROR_RETRY_MS
  }
}

/** Whoever is signed in; else the user of a presence channel. */
function userOf({ user, subscriptions }: Known): string | undefined {
  if (user) return user.id
  for (const subscription of subscriptions.values()) {
    if (subscription.user !== undefined) return subscription.user
  }
  return undefined
}
