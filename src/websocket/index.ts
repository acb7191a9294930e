/**
 * Connections, rooms, presence and last events in Redis: `nearcache/websocket`.
 *
 * @module
 */

export type { RealtimeOptions } from './last-event.ts'
export type { Mirror, MirroredConnection, MirroredEvent } from './mirror.ts'
export type { WebSocketCacheOptions } from './options.ts'
export type {
  Connection,
  ConnectionOptions,
  JoinOptions,
  LastEvent,
  PresenceStatus,
  RoomEntry,
  RoomMember,
  RoomPresence,
  StatusOptions,
  UserPresence,
} from './presence.ts'
export type { PublishedTo, PublishOptions, RealtimeApi } from './publisher.ts'
export { WebSocketCache } from './websocket-cache.ts'
