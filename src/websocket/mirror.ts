/**
 * How a socket server reports to a `WebSocketCache`, so that code without a socket can ask who is online.
 *
 * @module
 */

import type { RealtimeOptions } from './last-event.ts'
import type { ConnectionOptions, JoinOptions } from './presence.ts'

/** A connection, as the server that holds it describes it. */
export interface MirroredConnection extends Omit<ConnectionOptions, 'node'> {
  readonly id: string
}

/** An event as sent to subscribers, and its position in the history of its channel. */
export interface MirroredEvent {
  readonly event: string
  /** As in the frame: a text, usually JSON. */
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
 * The reporting interface for one node of a socket server. Each call rejects when Redis is unavailable. The
 * server can ignore that: the next {@link active} finds a connection that was not reported, and a lease ends
 * one whose closing was not reported.
 */
export class Mirror {
  readonly #cache: Mirrored
  readonly #node: string

  constructor(cache: Mirrored, node: string) {
    this.#cache = cache
    this.#node = node
  }

  /** Reports a new connection, or reports it again with all its rooms. */
  async opened({ id, ...connection }: MirroredConnection): Promise<void> {
    await this.#cache.cacheConnection(id, { ...connection, node: this.#node })
  }

  /**
   * Reports connections as alive; call it for each connection several times within its lease.
   *
   * @returns The connections that the cache does not know: report them by {@link opened}.
   */
  async active(ids: readonly string[]): Promise<string[]> {
    const known = await this.#cache.updateConnectionsActivity(ids)
    return ids.filter((_, i) => known[i] !== true)
  }

  /** Reports that a connection has closed, and so has left all its rooms. */
  async closed(id: string): Promise<void> {
    await this.#cache.removeConnection(id)
  }

  /** @returns Whether the cache knows the connection. If not, report it by {@link opened}. */
  joined(id: string, room: string, userId?: string, info?: unknown): Promise<boolean> {
    const user = userId === undefined ? {} : { userId, info }
    return this.#cache.addConnectionToRoom(id, room, user)
  }

  /** Reports that a connection has left a room. */
  async left(id: string, room: string): Promise<void> {
    await this.#cache.removeConnectionFromRoom(id, room)
  }

  /** Reports the last event of a cache channel. The text is stored decoded, as clients decode it. */
  async lastEvent(
    channel: string,
    { data, epoch, serial, ttlMs, event }: MirroredEvent,
  ): Promise<void> {
    const position = { epoch, serial }
    await this.#cache.cacheRealtimeData(channel, decoded(data), { event, ttl: ttlMs, position })
  }

  /** Reports that the node has no connections any more. */
  async ended(): Promise<void> {
    await this.#cache.removeNode(this.#node)
  }
}

/** Decodes as clients of the protocol do: a text that is not JSON is returned unchanged. */
function decoded(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
