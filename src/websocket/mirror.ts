/**
 * What a server of sockets tells a `WebSocketCache`, so that code without a socket can ask who is online.
 *
 * @module
 */

import type { RealtimeOptions } from './last-event.ts'
import type { ConnectionOptions, JoinOptions } from './presence.ts'

/** A connection as the server that holds it knows it. */
export interface MirroredConnection extends Omit<ConnectionOptions, 'node'> {
  readonly id: string
}

/** An event as it goes to subscribers, and its place in the history of its channel. */
export interface MirroredEvent {
  readonly event: string
  /** As in the frame: a text, most often JSON. */
  readonly data: string
  readonly epoch: string
  readonly serial: number
  readonly ttlMs: number
}

/** What a mirror writes to: a `WebSocketCache`. */
interface Mirrored {
  cacheConnection(connectionId: string, options: ConnectionOptions): Promise<boolean>
  updateConnectionsActivity(connectionIds: readonly string[]): Promise<boolean[]>
  removeConnection(connectionId: string): Promise<boolean>
  addConnectionToRoom(connectionId: string, room: string, options: JoinOptions): Promise<boolean>
  removeConnectionFromRoom(connectionId: string, room: string): Promise<boolean>
  cacheRealtimeData(channel: string, data: unknown, options: RealtimeOptions): Promise<boolean>
  removeNode(node: string): Promise<number>
}

/**
 * The narrow way in for one node of a server. Each call is one command, and rejects when Redis is away;
 * the server goes on all the same, since whatever was not told is told by the next {@link active} that
 * finds it missing, or ends by its lease.
 */
export class Mirror {
  readonly #cache: Mirrored
  readonly #node: string

  constructor(cache: Mirrored, node: string) {
    this.#cache = cache
    this.#node = node
  }

  /** A connection was opened, or is told of again with all its rooms. */
  async opened({ id, ...connection }: MirroredConnection): Promise<void> {
    await this.#cache.cacheConnection(id, { ...connection, node: this.#node })
  }

  /**
   * Connections that are there; to be said of each well within the lease.
   *
   * @returns Those that the cache does not know: to be told of by {@link opened}.
   */
  async active(ids: readonly string[]): Promise<string[]> {
    const known = await this.#cache.updateConnectionsActivity(ids)
    return ids.filter((_, i) => known[i] !== true)
  }

  /** A connection is gone, and with it from all its rooms. */
  async closed(id: string): Promise<void> {
    await this.#cache.removeConnection(id)
  }

  /** @returns Whether the cache knows the connection; if not it is to be told of by {@link opened}. */
  joined(id: string, room: string, userId?: string, info?: unknown): Promise<boolean> {
    const user = userId === undefined ? {} : { userId, info }
    return this.#cache.addConnectionToRoom(id, room, user)
  }

  /** A connection has left a room. */
  async left(id: string, room: string): Promise<void> {
    await this.#cache.removeConnectionFromRoom(id, room)
  }

  /** The last event of a cache channel. What is read is what clients make of the text. */
  async lastEvent(
    channel: string,
    { data, epoch, serial, ttlMs, event }: MirroredEvent,
  ): Promise<void> {
    const position = { epoch, serial }
    await this.#cache.cacheRealtimeData(channel, decoded(data), { event, ttl: ttlMs, position })
  }

  /** None of the node's connections is left. */
  async ended(): Promise<void> {
    await this.#cache.removeNode(this.#node)
  }
}

/** As clients of the protocol do: a text that is no JSON stands for itself. */
function decoded(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
