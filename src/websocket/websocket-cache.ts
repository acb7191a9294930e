/**
 * Stores connections, rooms, users and last events of a realtime application in Redis.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import { checkFields, namePart, oneOf, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { GuardedRequester } from '../redis/guard.ts'
import { joinArguments, openArguments, userArguments } from './arguments.ts'
import { assemble, type PresenceContext } from './assemble.ts'
import { keepLastEvent, type RealtimeOptions, readLastEvent } from './last-event.ts'
import { Mirror } from './mirror.ts'
import { ttlOf, type WebSocketCacheOptions } from './options.ts'
import type {
  Connection,
  ConnectionOptions,
  JoinOptions,
  LastEvent,
  PresenceStatus,
  RoomPresence,
  StatusOptions,
  UserPresence,
} from './presence.ts'
import type { PublishedTo, PublishOptions } from './publisher.ts'
import { readConnection, readConnections, readMember, readUser, STATUSES } from './reading.ts'

const MOST_LISTED = 10_000
/** Largest number of connections in one command. */
const CHUNK = 100
const MOST_USERS = 1_000

/**
 * Stores who is connected, in which rooms, and the last event of each channel, for code with and without
 * a socket.
 *
 * Every call is one command and one atomic step, however many processes take part; bulk calls take one
 * command for every 100 connections. Connections of a crashed process end with their lease. If Redis is down,
 * every method rejects; nobody is reported as offline. docs/guides/websocket-cache.md lists what is
 * guaranteed and what is not.
 *
 * @example
 * ```ts
 * const websocketCache = new WebSocketCache({ redis })
 * await websocketCache.cacheConnection(socketId, { userId })
 * await websocketCache.addConnectionToRoom(socketId, 'room-1')
 * const { count, members } = await websocketCache.getRoomPresence('room-1')
 * ```
 */
export class WebSocketCache {
  readonly #ctx: PresenceContext

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: WebSocketCacheOptions) {
    this.#ctx = assemble(options)
  }

  /** The connection to Redis, with its circuit breaker and request counts. */
  get redis(): GuardedRequester {
    return this.#ctx.guarded
  }

  /**
   * Stores an open connection. An earlier one with the same id is closed, and leaves its rooms, in the same
   * step. Use each id once: a late request to remove a connection cannot tell the two apart.
   *
   * @returns Whether the connection is open; it is not if it was removed during this call.
   * @throws {PresenceRefusedError} `connections`, `rooms` or `members`, if a limit would be exceeded.
   */
  async cacheConnection(connectionId: string, options: ConnectionOptions = {}): Promise<boolean> {
    const connection = this.#ctx.names.name('connection', connectionId)
    const writeId = randomId()
    const opening = await openArguments(this.#ctx, connectionId, writeId, options)
    return this.#ctx.steps.open(connection, writeId, ...opening)
  }

  /** A connection, if it is alive. */
  async getConnection<Data = unknown>(connectionId: string): Promise<Connection<Data> | undefined> {
    const connection = this.#ctx.names.name('connection', connectionId)
    const [fields = new Map()] = await this.#ctx.steps.connections([connection])
    return (await readConnection(this.#ctx, fields)) as Connection<Data> | undefined
  }

  /**
   * Records activity of a connection, and renews its lease.
   *
   * @returns Whether the connection is alive. If not, call `cacheConnection` again with its user and rooms.
   */
  async updateConnectionActivity(connectionId: string): Promise<boolean> {
    const [isAlive = false] = await this.updateConnectionsActivity([connectionId])
    return isAlive
  }

  /** Like {@link updateConnectionActivity} for many connections: one command for every 100. */
  async updateConnectionsActivity(connectionIds: readonly string[]): Promise<boolean[]> {
    const names = connectionIds.map((id) => this.#ctx.names.name('connection', id))
    const chunks = chunksOf(names).map((chunk) => this.#ctx.steps.active(chunk))
    return (await Promise.all(chunks)).flat()
  }

  /**
   * Removes a closed connection, and takes it out of all its rooms in the same step.
   *
   * @returns Whether it was alive.
   */
  async removeConnection(connectionId: string): Promise<boolean> {
    const connection = this.#ctx.names.name('connection', connectionId)
    return (await this.#ctx.steps.close([connection])) > 0
  }

  /** The live connections of a user. */
  async getUserConnections<Data = unknown>(userId: string): Promise<Connection<Data>[]> {
    const user = this.#ctx.names.name('user', userId)
    const { rows } = await this.#ctx.steps.list('u', user, MOST_LISTED)
    return (await readConnections(this.#ctx, rows)) as Connection<Data>[]
  }

  /**
   * Adds a connection to a room.
   *
   * @returns Whether the connection is in the room now; it is not if the connection is not alive.
   * @throws {PresenceRefusedError} When a limit would be exceeded, or the connection belongs to another user.
   */
  async addConnectionToRoom(
    connectionId: string,
    room: string,
    options: JoinOptions = {},
  ): Promise<boolean> {
    const connection = this.#ctx.names.name('connection', connectionId)
    return this.#ctx.steps.join(connection, ...(await joinArguments(this.#ctx, room, options)))
  }

  /** @returns Whether the connection was in the room. */
  async removeConnectionFromRoom(connectionId: string, room: string): Promise<boolean> {
    const { names, steps } = this.#ctx
    return steps.leave(names.name('connection', connectionId), names.name('room', room))
  }

  /**
   * The live connections in a room, ordered by the end of their leases, earliest first.
   *
   * @param most 1 to 10,000. @default 1,000
   */
  async getRoomConnections<Data = unknown>(
    room: string,
    { most = 1_000 }: { readonly most?: number } = {},
  ): Promise<Connection<Data>[]> {
    wholeNumber(most, 'most', 1, MOST_LISTED)
    const { rows } = await this.#ctx.steps.list('m', this.#ctx.names.name('room', room), most)
    return (await readConnections(this.#ctx, rows)) as Connection<Data>[]
  }

  /**
   * Sets the status shown for a user while connected. Without a connection the user is offline in any case.
   *
   * @throws {InvalidOptionError} When the status or an option is invalid.
   */
  async updateUserPresence(
    userId: string,
    status: PresenceStatus,
    options: StatusOptions = {},
  ): Promise<UserPresence> {
    checkFields(options, 'options', ['data', 'for'])
    oneOf(status, 'status', STATUSES)
    const holdsMs = options.for === undefined ? 0 : ttlOf(options.for, 'for')
    const user = await userArguments(this.#ctx, userId)
    const data =
      options.data === undefined
        ? ''
        : await this.#ctx.payloads.write(options.data, ['status', user.user])
    const row = await this.#ctx.steps.status(user, [status, data, holdsMs])
    return readUser(this.#ctx, user.user, userId, row)
  }

  /** Removes the status that was set: the user is then online if connected, else offline. */
  async clearUserPresence(userId: string): Promise<UserPresence> {
    const user = await userArguments(this.#ctx, userId)
    return readUser(this.#ctx, user.user, userId, await this.#ctx.steps.status(user, ['', '', 0]))
  }

  /** The presence of a user. An unknown user is offline. */
  async getUserPresence<Data = unknown>(userId: string): Promise<UserPresence<Data>> {
    const [presence] = await this.getUsersPresence<Data>([userId])
    return presence as UserPresence<Data>
  }

  /** Like {@link getUserPresence} for at most 1,000 users in one command, in the order given. */
  async getUsersPresence<Data = unknown>(
    userIds: readonly string[],
  ): Promise<UserPresence<Data>[]> {
    wholeNumber(userIds.length, 'userIds.length', 0, MOST_USERS)
    if (userIds.length === 0) return []
    const names = userIds.map((userId) => this.#ctx.names.name('user', userId))
    const rows = await this.#ctx.steps.users(names)
    const read = rows.map((row, i) => readUser(this.#ctx, names[i] ?? '', userIds[i] ?? '', row))
    return (await Promise.all(read)) as UserPresence<Data>[]
  }

  /**
   * The users in a room. The counts are exact, and cost the same in rooms of any size.
   *
   * @param most How many members to list; 0 to 10,000. @default 100
   */
  async getRoomPresence<Info = unknown>(
    room: string,
    { most = 100 }: { readonly most?: number } = {},
  ): Promise<RoomPresence<Info>> {
    const name = this.#ctx.names.name('room', room)
    const row = await this.#ctx.steps.room(name, wholeNumber(most, 'most', 0, MOST_LISTED))
    const read = await Promise.all(row.members.map((member) => readMember(this.#ctx, member)))
    const members = read.filter((member) => member !== undefined)
    const presence = { room, count: row.users, connections: row.connections, members }
    return presence as RoomPresence<Info>
  }

  /**
   * Stores the last event of a channel.
   *
   * @returns Whether this event is the last one now; it is not if one with the same or a later serial of its
   * epoch is stored.
   * @throws {InvalidValueError} When the data cannot be stored.
   */
  async cacheRealtimeData(
    channel: string,
    data: unknown,
    options: RealtimeOptions = {},
  ): Promise<boolean> {
    return keepLastEvent(this.#ctx, channel, data, options)
  }

  /** The data of a channel's last event, which a new subscriber of a `cache-` channel gets. */
  async getRealtimeData<Data = unknown>(channel: string): Promise<Data | undefined> {
    return (await this.getLastEvent<Data>(channel))?.data
  }

  /** The last event of a channel, with its name. */
  async getLastEvent<Data = unknown>(channel: string): Promise<LastEvent<Data> | undefined> {
    return (await readLastEvent(this.#ctx, channel)) as LastEvent<Data> | undefined
  }

  /** @returns Whether there was a last event. */
  removeRealtimeData(channel: string): Promise<boolean> {
    return this.#ctx.steps.forgetEvent(this.#ctx.names.eventKey(channel))
  }

  /** The number of live connections by node. */
  countConnections(): Promise<ReadonlyMap<string, number>> {
    return this.#ctx.steps.nodes()
  }

  /**
   * Removes all connections of a node, when it stops or is known to have crashed. One command for every 100
   * of them.
   *
   * @returns How many were removed.
   */
  async removeNode(node: string = this.#ctx.policy.node): Promise<number> {
    let [count, last] = [0, CHUNK]
    while (last === CHUNK) {
      last = await this.#ctx.steps.drain(namePart(node, 'node'), CHUNK)
      count += last
    }
    return count
  }

  /**
   * Publishes an event to one channel or to at most 100, by the signed HTTP API given as `api`.
   *
   * @param data Sent as JSON.
   * @returns The counts requested by `info`, by channel name.
   * @throws {PublishError} When the server did not confirm the event.
   * @throws {InvalidOptionError} Without `api`, or when a channel or event name is not valid.
   */
  async publish(
    channel: string | readonly string[],
    event: string,
    data: unknown,
    options: PublishOptions = {},
  ): Promise<ReadonlyMap<string, PublishedTo>> {
    const { publisher } = this.#ctx
    if (publisher === undefined) throw new InvalidOptionError('api', 'given to publish')
    checkFields(options, 'options', ['socketId', 'info'])
    const channels = typeof channel === 'string' ? [channel] : channel
    return publisher.publish(channels, event, data, options)
  }

  /** The interface by which a socket server reports to this cache; see {@link Mirror}. */
  mirror(node: string = this.#ctx.policy.node): Mirror {
    return new Mirror(this, namePart(node, 'node'))
  }
}

function chunksOf(names: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(names.length / CHUNK) }, (_, i) =>
    names.slice(CHUNK * i, CHUNK * (i + 1)),
  )
}
