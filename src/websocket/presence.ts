/**
 * The types in which a `WebSocketCache` describes connections, users and rooms.
 *
 * All instants are epoch milliseconds of the clock of Redis.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'

/** A connection that is alive. */
export interface Connection<Data = unknown> {
  readonly connectionId: string
  /** `undefined` for a visitor without a user. */
  readonly userId: string | undefined
  /** The process or hub that holds the connection. */
  readonly node: string
  readonly data: Data | undefined
  /** The rooms that the connection is in, in no particular order. */
  readonly rooms: readonly string[]
  readonly connectedAt: number
  readonly lastActiveAt: number
  /** When the lease ends, unless activity is reported before. */
  readonly expiresAt: number
}

/** A room that a connection joins. */
export interface RoomEntry {
  readonly room: string
  /** What others see about the user in this room. While the user is in the room, the first value is kept. */
  readonly info?: unknown
}

/** What is stored about a new connection. */
export interface ConnectionOptions<Data = unknown> {
  /** The user of the connection. @default none, until the connection joins a room with a user */
  readonly userId?: string
  /** Data of the application. @default none */
  readonly data?: Data
  /** The rooms that the connection is in from the start. @default none */
  readonly rooms?: readonly (string | RoomEntry)[]
  /** @default the node of the cache */
  readonly node?: string
}

/** Options for joining a room. */
export interface JoinOptions {
  /** Sets the user of a connection that has none. @default the connection's user, if any */
  readonly userId?: string
  /**
   * What others see about the user in this room. While the user is in the room, the first value is kept.
   * @default none
   */
  readonly info?: unknown
}

/** The status of a user while connected. */
export type PresenceStatus = 'online' | 'away' | 'busy' | 'offline'

/** What is set together with a status. */
export interface StatusOptions {
  /** Data of the application about the status. @default none */
  readonly data?: unknown
  /** How long the status holds; the user then appears as online again. @default until it is changed */
  readonly for?: Duration
}

/** The presence of a user. */
export interface UserPresence<Data = unknown> {
  readonly userId: string
  /**
   * `offline` without a live connection, whatever status was set; otherwise the status that was set, or
   * `online`.
   */
  readonly status: PresenceStatus
  /** Whether the status is not `offline`. */
  readonly isOnline: boolean
  /** The number of live connections. */
  readonly connections: number
  /** The user's last activity, as precise as the interval at which activity is reported. */
  readonly lastSeenAt: number | undefined
  /** When the status was set; `undefined` if none was set. */
  readonly statusSince: number | undefined
  /** The data that was set with the status. */
  readonly data: Data | undefined
}

/** A user in a room. */
export interface RoomMember<Info = unknown> extends UserPresence {
  readonly info: Info | undefined
}

/** Who is in a room. */
export interface RoomPresence<Info = unknown> {
  readonly room: string
  /** The number of users; a user with several connections counts once. */
  readonly count: number
  /** The number of live connections, including those without a user. */
  readonly connections: number
  /** At most as many as requested. */
  readonly members: readonly RoomMember<Info>[]
}

/** The last event of a channel. */
export interface LastEvent<Data = unknown> {
  readonly event: string
  readonly data: Data
}
