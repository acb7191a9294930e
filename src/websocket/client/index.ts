/**
 * A small client of the Pusher protocol for browsers, Node and Workers: `nearcache/websocket/client`.
 *
 * @module
 */

export {
  Channel,
  type ChannelChange,
  type ChannelState,
  type EventMap,
  type EventMeta,
} from './channel.ts'
export type { ClientState } from './link.ts'
export type { Member, MemberChange } from './members.ts'
export type {
  Authorization,
  AuthorizationRequest,
  ClientOptions,
  SocketLike,
  UserAuthorization,
} from './options.ts'
export { type ClientChange, RealtimeClient, type SignedIn } from './realtime-client.ts'
