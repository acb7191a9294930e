/**
 * The limits and waiting times of an app.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkFields, wholeNumber } from '../../entry/option-checks.ts'

/** Counts and sizes. Sizes are bytes of UTF-8. */
export interface Counts {
  /** Characters of an event's name. @default 200 */
  readonly eventNameChars: number
  /** Bytes of an event's data. @default 10_240 */
  readonly eventBytes: number
  /** Characters of a channel's name; Pusher documents 164, its server SDKs accept 200. @default 200 */
  readonly channelNameChars: number
  /** Channels that one connection may subscribe to. @default 1_000 */
  readonly channelsPerConnection: number
  /** Users of one presence channel; one more is refused with `LimitReached`. @default 10_000 */
  readonly presenceMembers: number
  /** Users of a presence channel that are listed; the others are only counted. @default 100 */
  readonly listedMembers: number
  /** Bytes of `channel_data` and of `user_data`. @default 1_024 */
  readonly userBytes: number
  /** Characters of a user's id. @default 128 */
  readonly userIdChars: number
  /** Users that one user may watch; the rest of a longer list is ignored. @default 100 */
  readonly watchlistUsers: number
  /** Client events that one connection may send per second, and at once after a pause. @default 10 */
  readonly clientEventsPerSecond: number
  /** Channels of one triggered event. @default 100 */
  readonly channelsPerTrigger: number
  /** Events of one batch. @default 10 */
  readonly eventsPerBatch: number
}

/** The durations among the limits of an app. */
export interface WaitOptions {
  /** Silence after which a client sends a ping; in whole seconds. @default '120s' */
  readonly activityTimeout?: Duration
  /** How long to wait for the answer to a ping. @default '30s' */
  readonly pongTimeout?: Duration
  /** How long a cache channel keeps its last event. @default '30m' */
  readonly cacheTtl?: Duration
  /** How long a member stays after the connection broke; 0 for Pusher's behaviour. @default '10s' */
  readonly leaveGrace?: Duration
  /** How long a member stays after leaving the page (1001); 0 for Pusher's behaviour. @default '2s' */
  readonly reloadGrace?: Duration
  /**
   * How long joins and leaves are collected before subscribers get them; as long again for each further 100
   * connections, up to 5 s. @default '50ms'
   */
  readonly presenceBatch?: Duration
}

/** The limits of an app, as given in its options. */
export type LimitOptions = Partial<Counts> & WaitOptions

/** Limits of an app, checked and complete; durations in milliseconds. */
export interface AppLimits extends Counts {
  readonly activityTimeoutMs: number
  readonly pongTimeoutMs: number
  readonly cacheTtlMs: number
  readonly leaveGraceMs: number
  readonly reloadGraceMs: number
  readonly presenceBatchMs: number
}

/** The limits of an app without options. */
export const DEFAULT_LIMITS: Readonly<AppLimits> = Object.freeze({
  eventNameChars: 200,
  eventBytes: 10_240,
  channelNameChars: 200,
  channelsPerConnection: 1_000,
  presenceMembers: 10_000,
  listedMembers: 100,
  userBytes: 1_024,
  userIdChars: 128,
  watchlistUsers: 100,
  clientEventsPerSecond: 10,
  channelsPerTrigger: 100,
  eventsPerBatch: 10,
  activityTimeoutMs: 120_000,
  pongTimeoutMs: 30_000,
  cacheTtlMs: 1_800_000,
  leaveGraceMs: 10_000,
  reloadGraceMs: 2_000,
  presenceBatchMs: 50,
})

/** The largest value of each count. The smallest is 1. */
const LARGEST: Readonly<Record<keyof Counts, number>> = {
  eventNameChars: 1_000,
  eventBytes: 1_048_576,
  channelNameChars: 1_000,
  channelsPerConnection: 10_000,
  presenceMembers: 1_000_000,
  listedMembers: 10_000,
  userBytes: 65_536,
  userIdChars: 1_000,
  watchlistUsers: 1_000,
  clientEventsPerSecond: 1_000,
  channelsPerTrigger: 1_000,
  eventsPerBatch: 100,
}

/** Inclusive bounds of each duration, in milliseconds. */
const WAITS: Readonly<Record<keyof WaitOptions, { readonly min: number; readonly max: number }>> = {
  activityTimeout: { min: 1_000, max: 600_000 },
  pongTimeout: { min: 1_000, max: 120_000 },
  cacheTtl: { min: 1_000, max: 86_400_000 },
  leaveGrace: { min: 0, max: 600_000 },
  reloadGrace: { min: 0, max: 60_000 },
  presenceBatch: { min: 0, max: 5_000 },
}

/**
 * Completes limits with {@link DEFAULT_LIMITS}.
 *
 * @throws {InvalidOptionError} When a limit is unknown or out of its range.
 */
export function resolveLimits(options: LimitOptions, path: string): AppLimits {
  checkFields(options, path, Object.keys({ ...LARGEST, ...WAITS }))
  const resolved: Record<string, number> = { ...DEFAULT_LIMITS }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (Object.hasOwn(LARGEST, name)) {
      resolved[name] = wholeNumber(value, `${path}.${name}`, 1, LARGEST[name as keyof Counts])
    } else {
      const range = WAITS[name as keyof WaitOptions]
      resolved[`${name}Ms`] = toMilliseconds(value, `${path}.${name}`, range)
    }
  }
  return Object.freeze(resolved) as unknown as AppLimits
}
