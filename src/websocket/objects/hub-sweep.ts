/**
 * Closes a hub's connections that have ended without a close event, or that have not signed in in time.
 *
 * @module
 */

import type { App } from '../protocol/app.ts'
import { CLOSES, type Close } from '../protocol/close.ts'
import { PING_FRAME } from '../protocol/server-frame.ts'
import { earliest } from './alarm.ts'
import type { HubConnection } from './hub-connection.ts'
import type { HubStore } from './hub-store.ts'
import { dueAtOf, type Signs, sweep } from './liveness.ts'
import type { LeaveReason } from './reports.ts'
import type { ObjectSocket, SocketObjectState } from './runtime.ts'

/** Options for {@link HubSweep}. */
export interface HubSweepOptions<Socket extends ObjectSocket> {
  readonly app: App
  readonly store: HubStore
  readonly state: SocketObjectState<Socket>
  readonly connections: ReadonlyMap<ObjectSocket, HubConnection<Socket>>
  /** Closes a connection without waiting for its close event. */
  readonly end: (
    connection: HubConnection<Socket>,
    close: Close,
    reason: LeaveReason,
  ) => Promise<void>
}

/** The sweep of one hub. */
export class HubSweep<Socket extends ObjectSocket> {
  readonly #options: HubSweepOptions<Socket>
  /** When the next connection is to be pinged or closed. */
  #at: number | undefined
  /** Pings of the last sweep that are unanswered. */
  #unanswered = 0

  constructor(options: HubSweepOptions<Socket>) {
    this.#options = options
    this.#at = this.#nextDueAt()
  }

  /** When the next sweep is due, in epoch milliseconds. */
  nextAt(): number | undefined {
    return this.#options.connections.size === 0 ? undefined : this.#at
  }

  /** Schedules the sweep for a new connection. */
  entered(connection: HubConnection<Socket>): void {
    this.#at = earliest([this.#at, this.#dueAt(connection)])
  }

  /** Notes a frame. Once all pings are answered no connection is to be closed, so the hub may sleep longer. */
  heard(connection: HubConnection<Socket>, now: number): void {
    connection.heardAt = now
    if (connection.pingedAt === undefined) return
    connection.pingedAt = undefined
    connection.save(this.#options.store)
    this.#unanswered -= 1
    if (this.#unanswered === 0) this.#at = this.#nextDueAt()
  }

  /** Sweeps if it is due. @returns Whether it was due. */
  async run(now: number): Promise<boolean> {
    if (this.#at === undefined || this.#at > now) return false
    const { app, connections, store, end } = this.#options
    const late = [...connections.values()].filter((connection) => this.#isUnsigned(connection, now))
    await Promise.all(late.map((connection) => end(connection, CLOSES.notSignedIn, 'closed')))
    // A closing socket wakes the hub with its close event, unless that event never comes.
    const shut = [...connections.values()].filter(({ isOpen }) => !isOpen)
    await Promise.all(shut.map((connection) => end(connection, CLOSES.noPong, 'lost')))
    const signsOf = (connection: HubConnection<Socket>): Signs => this.#signsOf(connection)
    const { pings, closes } = sweep(connections.values(), signsOf, app.limits, now)
    for (const connection of pings) {
      connection.pingedAt = now
      connection.save(store)
      connection.send(PING_FRAME)
    }
    await Promise.all(closes.map((connection) => end(connection, CLOSES.noPong, 'lost')))
    this.#unanswered = pings.length
    this.#at = this.#nextDueAt()
    return true
  }

  #nextDueAt(): number | undefined {
    const { connections } = this.#options
    return earliest([...connections.values()].map((connection) => this.#dueAt(connection)))
  }

  #dueAt(connection: HubConnection<Socket>): number {
    if (!connection.isOpen) return connection.heardAt
    const { limits, signInWithinMs } = this.#options.app
    const dueAt = dueAtOf(this.#signsOf(connection), limits)
    if (signInWithinMs === undefined || connection.user) return dueAt
    return Math.min(dueAt, connection.identity.connectedAt + signInWithinMs)
  }

  #isUnsigned({ user, identity }: HubConnection<Socket>, now: number): boolean {
    const { signInWithinMs = Infinity } = this.#options.app
    return user === undefined && identity.connectedAt + signInWithinMs <= now
  }

  /** A ping that the runtime answered by itself counts as a sign of life. */
  #signsOf({ socket, heardAt, pingedAt }: HubConnection<Socket>): Signs {
    const { state } = this.#options
    const answeredAt = state.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0
    const lastAt = Math.max(heardAt, answeredAt)
    const isAnswered = pingedAt !== undefined && lastAt > pingedAt
    return { heardAt: lastAt, pingedAt: isAnswered ? undefined : pingedAt }
  }
}
