/**
 * Copies the state of realtime to Redis, for code that has no socket.
 *
 * @module
 */

import { workersPlatform } from 'nearcache/platform/workers'
import { WebSocketCache } from 'nearcache/websocket'
import type { MirrorPort } from 'nearcache/websocket/objects'
import type { App } from 'nearcache/websocket/protocol'
import { type RedisEnvironment, transportTo } from './redis.ts'

/** What the objects read from the environment, also in a Worker that has no other part of this one. */
export interface MirrorEnvironment extends RedisEnvironment {
  /** `on` copies connections, presence and last events to Redis. */
  readonly REALTIME_MIRROR?: string
}

/** The `WebSocketCache` of an app. Other code reads it with the same namespace. */
export function realtimeCache(env: MirrorEnvironment, { id, limits }: App): WebSocketCache {
  // A hub confirms its connections about once in each activity timeout.
  const leaseMs = 2 * (limits.activityTimeoutMs + limits.pongTimeoutMs)
  return new WebSocketCache({
    redis: transportTo(env),
    platform: workersPlatform(),
    namespace: id,
    lease: `${Math.max(180_000, leaseMs)}ms`,
    // The largest that there are: the limits of the app are those of the connections.
    maxConnectionsPerUser: 1_000,
    maxRoomsPerConnection: 1_000,
    maxConnectionsPerRoom: 100_000,
    maxDataBytes: 1_048_576,
    deadline: '2s',
  })
}

/** The mirror of one object, if `REALTIME_MIRROR` is on. */
export function mirrorOf(env: MirrorEnvironment, app: App, node: string): MirrorPort | undefined {
  return env.REALTIME_MIRROR === 'on' ? realtimeCache(env, app).mirror(node) : undefined
}
