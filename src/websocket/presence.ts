/**
 * What a `WebSocketCache` says of connections, users and rooms.
 *
 * All instants are epoch milliseconds of the clock of Redis.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'

/** A connection that is alive. */
export interface Connection<Data = unknown> {
  readonly connectionId: string
  /** Whose it is; `undefined` for a visitor who is nobody yet. */
  readonly userId: string | undefined
  /** The process, or the hub, that holds it. */
  readonly node: string
  readonly data: Data | undefined
  /** Rooms it is in, in no order. */
  readonly rooms: readonly string[]
  readonly connectedAt: number
  readonly lastActiveAt: number
  /** When its lease ends, unless somebody says that it is active. */
  readonly expiresAt: number
}

/** A room that a connection comes into. */
export interface RoomEntry {
  readonly room: string
  /** What others are to know of the user there; the first that the user comes with is kept. */
  readonly info?: unknown
}

/** What is known of a connection that is new. */
export interface ConnectionOptions<Data = unknown> {
  /** Whose it is. @default nobody's, until it joins a room as somebody */
  readonly userId?: string
  /** What the application keeps with it. @default nothing */
  readonly data?: Data
  /** Rooms it is in from the beginning. @default none */
  readonly rooms?: readonly (string | RoomEntry)[]
  /** @default that of the cache */
  readonly node?: string
}

/** How a connection comes into a room. */
export interface JoinOptions {
  /** Makes a connection that is nobody's the user's. @default the user it has, if any */
  readonly userId?: string
  /** What others are to know of the user there; the first that the user comes with is kept. @default nothing */
  readonly info?: unknown
}

/** How a user is to appear while connected. */
export type PresenceStatus = 'online' | 'away' | 'busy' | 'offline'

/** What goes with a status. */
export interface StatusOptions {
  /** What the application tells with it. @default nothing */
  readonly data?: unknown
  /** For how long it holds; the user then appears as online again. @default until it is changed */
  readonly for?: Duration
}

/** What is known of a user. */
export interface UserPresence<Data = unknown> {
  readonly userId: string
  /** `offline` without a live connection, whatever was said; else what was said, or `online`. */
  readonly status: PresenceStatus
  /** Whether the status is another than `offline`. */
  readonly isOnline: boolean
  /** How many are alive. */
  readonly connections: number
  /** The latest sign of life, to within the interval at which connections are said to be active. */
  readonly lastSeenAt: number | undefined
  /** When the status was set; `undefined` where none was. */
  readonly statusSince: number | undefined
  /** What was said with the status. */
  readonly data: Data | undefined
}

/** A user in a room. */
export interface RoomMember<Info = unknown> extends UserPresence {
  readonly info: Info | undefined
}

/** Who is in a room. */
export interface RoomPresence<Info = unknown> {
  readonly room: string
  /** Users, each once, however many connections they have. */
  readonly count: number
  /** Connections that are alive, with those of visitors who are nobody. */
  readonly connections: number
  /** At most as many as were asked for. */
  readonly members: readonly RoomMember<Info>[]
}

/** The last event of a channel. */
export interface LastEvent<Data = unknown> {
  readonly event: string
  readonly data: Data
}
