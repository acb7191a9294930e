/**
 * Sends changes of a hub's connections to the mirror, in batches and after a short delay, so that no client
 * waits for the mirror.
 *
 * Changes may be lost with the hub's memory. At the next sweep the mirror names the connections that it does
 * not know; connections that have ended expire there by their lease.
 *
 * @module
 */

import { isNearcacheError } from '../../errors.ts'
import type { HubConnection } from './hub-connection.ts'
import { MIRROR_RETRY_MS, type MirrorPort } from './mirror-port.ts'

/** How long changes are collected. */
const BATCH_MS = 500
/** Connections that are sent to the mirror at a time. */
const AT_A_TIME = 25
/**
 * Above this number of waiting changes, closed connections that could not be reported are left to their lease
 * in the mirror, since an outage may be long.
 */
const MOST_WAITING = 8_000
/** With these codes the mirror refuses a connection: it is reported again at the next sweep, or when it changes. */
const REFUSALS: ReadonlySet<string> = new Set([
  'ERR_PRESENCE_REFUSED',
  'ERR_INVALID_KEY',
  'ERR_INVALID_VALUE',
  'ERR_INVALID_OPTION',
])

type Known = Pick<HubConnection, 'id' | 'user' | 'subscriptions'>

/** The mirror of one hub. Without a port it does nothing. */
export class HubMirror {
  readonly #port: MirrorPort | undefined
  /** Connections by their ids; `undefined` for a closed one. */
  #changed = new Map<string, Known | undefined>()
  #dueAt: number | undefined
  /** Whether the mirror must still be told that all earlier connections have ended. */
  #isAnew: boolean

  /**
   * @param isAnew Whether the hub starts without connections: the mirror may not know that the earlier ones
   *   have ended.
   */
  constructor(port: MirrorPort | undefined, isAnew: boolean, now: number) {
    this.#port = port
    this.#isAnew = isAnew && port !== undefined
    if (this.#isAnew) this.#dueAt = now
  }

  /** Notes that a connection was opened or signed in, or that its channels have changed. */
  changed(connection: Known, now: number): void {
    this.#note(connection.id, connection, now)
  }

  /** Notes that a connection was closed. */
  gone({ id }: Known, now: number): void {
    this.#note(id, undefined, now)
  }

  /** When the next changes are due, in epoch milliseconds. */
  nextAt(): number | undefined {
    return this.#dueAt
  }

  /** Sends the changes that are due. Those that fail are sent again later, unless the mirror refuses them. */
  async flush(now: number): Promise<void> {
    if (this.#dueAt === undefined || this.#dueAt > now) return
    this.#dueAt = undefined
    // Must come first: it would also end connections that were sent before it.
    if (this.#isAnew && !(await this.#endBefore(now))) return
    const changed = [...this.#changed]
    this.#changed = new Map()
    for (let from = 0; from < changed.length; from += AT_A_TIME) {
      const batch = changed.slice(from, from + AT_A_TIME)
      const outcomes = await Promise.allSettled(batch.map(([id, known]) => this.#tell(id, known)))
      const failed = batch.filter((_, place) => isToRepeat(outcomes[place]))
      for (const [id, known] of failed) this.#again(id, known, now)
    }
  }

  /** Renews connections in the mirror, and notes those that the mirror does not know. */
  async active(connections: readonly HubConnection[], now: number): Promise<void> {
    if (this.#port === undefined || connections.length === 0) return
    const byId = new Map(connections.map((connection) => [connection.id, connection]))
    try {
      for (const id of await this.#port.active([...byId.keys()])) {
        const connection = byId.get(id)
        if (connection) this.changed(connection, now)
      }
    } catch {
      // The mirror cannot be reached. Its leases are longer than the time to the next sweep.
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
    // Information belongs to a user: without one it is left out.
    const said = userId === undefined ? rooms.map(({ room }) => ({ room })) : rooms
    await this.#port?.opened({ id, rooms: said, ...(userId !== undefined && { userId }) })
  }

  #note(id: string, known: Known | undefined, now: number): void {
    if (this.#port === undefined) return
    this.#changed.set(id, known)
    this.#dueAt ??= now + BATCH_MS
  }

  /** Notes a failed change again, unless there is a newer one. */
  #again(id: string, known: Known | undefined, now: number): void {
    if (!this.#changed.has(id) && (known || this.#changed.size < MOST_WAITING)) {
      this.#changed.set(id, known)
    }
    this.#dueAt ??= now + MIRROR_RETRY_MS
  }
}

/** Whether a call failed, and not because the mirror refuses what it was told. */
function isToRepeat(outcome: PromiseSettledResult<void> | undefined): boolean {
  if (outcome?.status !== 'rejected') return false
  const { reason } = outcome
  return !(isNearcacheError(reason) && REFUSALS.has(reason.code))
}

/** The signed-in user, or else the user of a presence channel. */
function userOf({ user, subscriptions }: Known): string | undefined {
  if (user) return user.id
  for (const subscription of subscriptions.values()) {
    if (subscription.user !== undefined) return subscription.user
  }
  return undefined
}
