/**
 * The options of a `WebSocketCache`, and their resolved form that the other modules use.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import type { EncryptionKey } from '../entry/key-ring.ts'
import { checkFields, namePart, wholeNumber } from '../entry/option-checks.ts'
import type { BreakerOptions } from '../flight/breaker.ts'
import type { Platform } from '../platform/platform.ts'
import type { Requester, Transport } from '../redis/requester.ts'
import type { RealtimeApi } from './publisher.ts'

/** Options of a `WebSocketCache`. */
export interface WebSocketCacheOptions {
  /**
   * The connection to Redis. With `cache.redis` of another cache, both share its circuit breaker and counts.
   */
  readonly redis: Requester | Transport
  /** @default webPlatform() */
  readonly platform?: Platform
  /** First part of every name in Redis. @default 'nc' */
  readonly prefix?: string
  /** Separates applications. All keys of a namespace are in one hash slot. @default 'websocket' */
  readonly namespace?: string
  /**
   * The name of this process among those that hold connections; 1 to 64 of `A-Za-z0-9_.-`. @default 'default'
   */
  readonly node?: string
  /** How long a connection stays alive after its last reported activity; 1 s to 24 h. @default '3m' */
  readonly lease?: Duration
  /** How long after a user's last activity the status and `lastSeenAt` are kept; at least `lease`. @default '7d' */
  readonly remember?: Duration
  /** How long the last event of a channel is kept. @default '30m' */
  readonly dataTtl?: Duration
  /** From 1 to 1,000. @default 100 */
  readonly maxConnectionsPerUser?: number
  /** From 1 to 1,000. @default 100 */
  readonly maxRoomsPerConnection?: number
  /** From 1 to 100,000. @default 10_000 */
  readonly maxConnectionsPerRoom?: number
  /**
   * Limit of each stored value together with the id it belongs to, as text in bytes; 1 KiB to 1 MiB. @default
   * 65_536
   */
  readonly maxDataBytes?: number
  /**
   * Replaces the names of connections, users, rooms and channels by HMAC-SHA-256 with this secret.
   * @default off: names are readable
   */
  readonly hashKeys?: { readonly secret: string }
  /**
   * Encrypts stored values; needs `hashKeys`. One key is primary; all of them decrypt.
   * @default off
   */
  readonly encryption?: { readonly keys: readonly EncryptionKey[] }
  /** Where `publish` sends events: the Worker, or another server of the Pusher protocol. @default none */
  readonly api?: RealtimeApi
  /** Deadline of each operation on Redis, retries included; from 1 ms. @default '500ms' */
  readonly deadline?: Duration
  /** How often a request that is safe to repeat is sent again, from 0 to 10. @default 2 */
  readonly retries?: number
  /** When the circuit opens, and for how long. @default 5 failures in a row, and 1 s */
  readonly breaker?: Pick<BreakerOptions, 'threshold' | 'cooldownMs'>
}

/** The checked settings that the scripts need. */
export interface PresencePolicy {
  readonly node: string
  readonly leaseMs: number
  readonly rememberMs: number
  readonly dataTtlMs: number
  readonly maxConnectionsPerUser: number
  readonly maxRoomsPerConnection: number
  readonly maxConnectionsPerRoom: number
}

const FIELDS = `redis platform prefix namespace node lease remember dataTtl maxConnectionsPerUser
  maxRoomsPerConnection maxConnectionsPerRoom maxDataBytes hashKeys encryption api deadline retries
  breaker`.split(/\s+/)
const DAY_MS = 86_400_000

/** @throws {InvalidOptionError} When an option is unknown or out of its range. */
export function resolvePresencePolicy(options: WebSocketCacheOptions): PresencePolicy {
  checkFields(options, 'options', FIELDS)
  const { maxConnectionsPerUser = 100, maxRoomsPerConnection = 100 } = options
  const { maxConnectionsPerRoom = 10_000 } = options
  const leaseMs = toMilliseconds(options.lease ?? '3m', 'lease', { min: 1_000, max: DAY_MS })
  const rememberMs = toMilliseconds(options.remember ?? '7d', 'remember', { min: 1_000 })
  return Object.freeze({
    node: namePart(options.node ?? 'default', 'node'),
    leaseMs,
    // A room lists a user by what is remembered: it must last while a connection is alive.
    rememberMs: Math.max(rememberMs, leaseMs),
    dataTtlMs: ttlOf(options.dataTtl ?? '30m', 'dataTtl'),
    maxConnectionsPerUser: wholeNumber(maxConnectionsPerUser, 'maxConnectionsPerUser', 1, 1_000),
    maxRoomsPerConnection: wholeNumber(maxRoomsPerConnection, 'maxRoomsPerConnection', 1, 1_000),
    maxConnectionsPerRoom: wholeNumber(maxConnectionsPerRoom, 'maxConnectionsPerRoom', 1, 100_000),
  })
}

/** @throws {InvalidOptionError} When the value is not a duration, or is shorter than 1 ms. */
export function ttlOf(value: Duration, option: string): number {
  return toMilliseconds(value, option, { min: 1 })
}
