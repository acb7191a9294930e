/**
 * Realtime on Durable Objects: the Pusher protocol on hibernating sockets, with presence that is correct
 * across hubs and reconnections. The classes are plain; the Worker wraps each in a `DurableObject`.
 *
 * @module
 */

export { CLOSES, type Close } from '../protocol/close.ts'
export { admit, type Connection, type ConnectionRefusal } from '../protocol/connect.ts'
export { PING_FRAME, PONG_FRAME } from '../protocol/server-frame.ts'
export { Channel, type ChannelOptions } from './channel.ts'
export { Directory } from './directory.ts'
export type { MirrorPort } from './mirror-port.ts'
export { type Bindings, networkOf, type ObjectNamespace } from './network.ts'
export { objectName, type PlacementOptions, partsOfName } from './placement.ts'
export { HUB_HEADER, Realtime, type RealtimeOptions } from './realtime.ts'
export type { HubReport, LeaveReason, UserCount } from './reports.ts'
export type { ObjectSocket, ObjectStorage, SocketObjectState } from './runtime.ts'
export { type Arrival, SocketHub, type SocketHubOptions } from './socket-hub.ts'
export type {
  ChannelEvent,
  ChannelStub,
  Delivery,
  DirectoryStub,
  HubStatus,
  HubStub,
  Network,
  Question,
  ReportAnswer,
} from './stubs.ts'
