/**
 * Index of a hub's connections by channel and user. It is in memory, and rebuilt from the socket attachments
 * whenever the hub wakes.
 *
 * @module
 */

import type { HubConnection, Subscription } from './hub-connection.ts'
import type { UserCount } from './reports.ts'
import type { ChannelPosition } from './stubs.ts'

/** A hub's part of one channel. */
export interface HubChannel {
  readonly name: string
  readonly connections: Set<HubConnection>
  /** Connections by user, on presence and online channels. */
  readonly users: Map<string, Set<HubConnection>>
  /** Whether the channel has acknowledged that this hub has subscribers. */
  isAttached: boolean
  /** The report that attaches the hub, while it is in progress: plain subscriptions wait for it. */
  attaching: Promise<unknown> | undefined
  /** Whether this hub has asked the channel to keep its history. */
  isRecorded: boolean
  /** The last known position of the channel's history. */
  position: ChannelPosition | undefined
}

/** The channels of one hub. */
export class HubChannels {
  readonly #channels = new Map<string, HubChannel>()

  get(name: string): HubChannel | undefined {
    return this.#channels.get(name)
  }

  get size(): number {
    return this.#channels.size
  }

  names(): IterableIterator<string> {
    return this.#channels.keys()
  }

  /** Returns the channel, and creates it if needed. */
  open(name: string): HubChannel {
    const channel = this.#channels.get(name) ?? {
      name,
      connections: new Set(),
      users: new Map(),
      isAttached: false,
      attaching: undefined,
      isRecorded: false,
      position: undefined,
    }
    this.#channels.set(name, channel)
    return channel
  }

  /** Adds a subscriber. */
  add(connection: HubConnection, { channel: name, user }: Subscription): HubChannel {
    const channel = this.open(name)
    channel.connections.add(connection)
    if (user !== undefined) this.addUser(name, user, connection)
    return channel
  }

  /** @returns Whether it was the last connection of its channel, or of its user. */
  remove(connection: HubConnection, { channel: name, user }: Subscription): boolean {
    const channel = this.#channels.get(name)
    if (!channel?.connections.delete(connection)) return false
    const isLastOfUser = user !== undefined && this.removeUser(name, user, connection)
    if (channel.connections.size > 0) return isLastOfUser
    this.#close(channel)
    return true
  }

  /** Adds a connection of a user, whether it is subscribed or not. */
  addUser(name: string, user: string, connection: HubConnection): void {
    const { users } = this.open(name)
    users.set(user, (users.get(user) ?? new Set()).add(connection))
  }

  /** @returns Whether it was the last connection of its user. */
  removeUser(name: string, user: string, connection: HubConnection): boolean {
    const channel = this.#channels.get(name)
    const connections = channel?.users.get(user)
    if (!channel || !connections?.delete(connection) || connections.size > 0) return false
    channel.users.delete(user)
    this.#close(channel)
    return true
  }

  #close({ name, connections, users }: HubChannel): void {
    if (connections.size === 0 && users.size === 0) this.#channels.delete(name)
  }

  /** How many connections a user has on a channel, in the form that reports have. */
  count(name: string, user: string): UserCount {
    const connections = this.#channels.get(name)?.users.get(user)
    const [first] = connections ?? []
    const info = first?.subscriptions.get(name)?.info
    return { id: user, sockets: connections?.size ?? 0, info }
  }

  /** All users of a channel. */
  counts(name: string): UserCount[] {
    const users = this.#channels.get(name)?.users.keys() ?? []
    return [...users].map((user) => this.count(name, user))
  }
}
