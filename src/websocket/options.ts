/**
 * What may be chosen for a `WebSocketCache`, and the one resolved shape that the rest sees.
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
  /** The way to Redis; `cache.redis` of a cache shares its circuit and its counts. */
  readonly redis: Requester | Transport
  /** @default webPlatform() */
  readonly platform?: Platform
  /** First part of every name in Redis. @default 'nc' */
  readonly prefix?: string
  /** Separates applications; all of one is in one hash slot. @default 'websocket' */
  readonly namespace?: string
  /** This process among those that hold connections; 1 to 64 of `A-Za-z0-9_.-`. @default 'default' */
  readonly node?: string
  /** How long a connection lives that nobody says is active; 1 s to 24 h. @default '3m' */
  readonly lease?: Duration
  /** How long after the last sign of life a user's status and `lastSeenAt` are kept. @default '7d' */
  readonly remember?: Duration
  /** How long the last event of a channel is kept. @default '30m' */
  readonly dataTtl?: Duration
  /** From 1 to 1,000. @default 100 */
  readonly maxConnectionsPerUser?: number
  /** From 1 to 1,000. @default 100 */
  readonly maxRoomsPerConnection?: number
  /** From 1 to 100,000. @default 10_000 */
  readonly maxConnectionsPerRoom?: number
  /** Bound on each value with whose it is, as text in bytes; 1 KiB to 1 MiB. @default 65_536 */
  readonly maxDataBytes?: number
  /**
   * Replaces the names of connections, users, rooms and channels by HMAC-SHA-256 with this secret.
   * @default off: names are readable
   */
  readonly hashKeys?: { readonly secret: string }
  /**
   * Encrypts what is stored. Names must then be hashed. One key is primary; all of them decrypt.
   * @default off
   */
  readonly encryption?: { readonly keys: readonly EncryptionKey[] }
  /** Where `publish` sends events: the Worker, or another server of the Pusher protocol. @default none */
  readonly api?: RealtimeApi
  /** Deadline of each operation on Redis, retries included; from 1 ms. @default '500ms' */
  readonly deadline?: Duration
  /** How often a request that is safe to repeat is sent again, from 0 to 10. @default 2 */
  readonly retries?: number
  /** When calls stop for a while. @default 5 failures in a row, and 1 s */
  readonly breaker?: Pick<BreakerOptions, 'threshold' | 'cooldownMs'>
}

/** Every setting that the scripts are given, checked. */
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
  return Object.freeze({
    node: namePart(options.node ?? 'default', 'node'),
    leaseMs: toMilliseconds(options.lease ?? '3m', 'lease', { min: 1_000, max: DAY_MS }),
    rememberMs: toMilliseconds(options.remember ?? '7d', 'remember', { min: 1_000 }),
    dataTtlMs: ttlOf(options.dataTtl ?? '30m', 'dataTtl'),
    maxConnectionsPerUser: wholeNumber(maxConnectionsPerUser, 'maxConnectionsPerUser', 1, 1_000),
    maxRoomsPerConnection: wholeNumber(maxRoomsPerConnection, 'maxRoomsPerConnection', 1, 1_000),
    maxConnectionsPerRoom: wholeNumber(maxConnectionsPerRoom, 'maxConnectionsPerRoom', 1, 100_000),
  })
}

/** @throws {InvalidOptionError} When it is no duration, or none at all. */
export function ttlOf(value: Duration, option: string): number {
  return toMilliseconds(value, option, { min: 1 })
}
