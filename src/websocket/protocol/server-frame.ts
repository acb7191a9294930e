/**
 * Writes the frames that the server sends: each is one JSON object, `{ event, channel?, data? }`. The data of
 * the protocol's own events is a *text* of JSON; `pusher:error` and `pusher:pong` have an object.
 *
 * `nearcache:` events are extensions: only connections opened with `?nearcache=1` get them.
 *
 * @module
 */

import { EXTENSION_EVENTS, type Positioned, type Resumed } from '../extensions.ts'

/** A user of a presence channel. */
export interface Member {
  readonly id: string
  /** Any JSON; `undefined` if the user has none. */
  readonly info?: unknown
}

/** Why a subscription was refused. */
export interface SubscriptionRefusal {
  readonly type: 'AuthError' | 'LimitReached' | 'InvalidChannel' | 'Unavailable'
  readonly error: string
  /** As an HTTP status code. */
  readonly status: number
}

/** The exact text that pusher-js sends; the runtime answers it without waking the Durable Object. */
export const PING_FRAME = '{"event":"pusher:ping","data":{}}'
/** The answer to {@link PING_FRAME}. */
export const PONG_FRAME = '{"event":"pusher:pong","data":{}}'

/** The first frame of a connection. */
export function establishedFrame(socketId: string, activityTimeoutMs: number): string {
  const seconds = Math.max(1, Math.round(activityTimeoutMs / 1_000))
  return frame({
    event: 'pusher:connection_established',
    data: JSON.stringify({ socket_id: socketId, activity_timeout: seconds }),
  })
}

/** The answer to a subscription of a channel without members; presence channels use `snapshotFrame`. */
export function subscribedFrame(channel: string): string {
  return frame({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' })
}

/** The refusal of a subscription. */
export function subscriptionErrorFrame(channel: string, refusal: SubscriptionRefusal): string {
  return frame({ event: 'pusher:subscription_error', channel, data: { ...refusal } })
}

/**
 * A user has joined with the first connection.
 *
 * @param user JSON of `user_id` and `user_info`.
 */
export function memberAddedFrame(channel: string, user: string): string {
  return frame({ event: 'pusher_internal:member_added', channel, data: user })
}

/** The last connection of a user has left. */
export function memberRemovedFrame(channel: string, userId: string): string {
  const data = JSON.stringify({ user_id: userId })
  return frame({ event: 'pusher_internal:member_removed', channel, data })
}

/** The number of subscribed connections. */
export function subscriptionCountFrame(channel: string, count: number): string {
  const data = JSON.stringify({ subscription_count: count })
  return frame({ event: 'pusher_internal:subscription_count', channel, data })
}

/** A cache channel has no last event. Sent after the answer to the subscription. */
export function cacheMissFrame(channel: string): string {
  return frame({ event: 'pusher:cache_miss', channel })
}

/** The answer to a sign-in, with the text that was signed. */
export function signedInFrame(userData: string): string {
  return frame({ event: 'pusher:signin_success', data: JSON.stringify({ user_data: userData }) })
}

/** Users on the watchlist came online or went offline. */
export function watchlistFrame(
  events: readonly { readonly name: 'online' | 'offline'; readonly userIds: readonly string[] }[],
): string {
  return frame({
    event: 'pusher_internal:watchlist_events',
    data: JSON.stringify({
      events: events.map(({ name, userIds }) => ({ name, user_ids: userIds })),
    }),
  })
}

/** A frame or event of the client was refused; the connection stays open. */
export function errorFrame(message: string, code?: number, channel?: string): string {
  return frame({ event: 'pusher:error', channel, data: { message, code } })
}

/**
 * An event as subscribers get it.
 *
 * @param data A text from the HTTP API, or any JSON value of a client event; sent unchanged.
 * @param userId The sender of a client event on a presence channel.
 */
export function eventFrame(channel: string, event: string, data: unknown, userId?: string): string {
  return frame({ event, channel, data, user_id: userId })
}

/**
 * Extension: a user's information has changed.
 *
 * @param user JSON of `user_id` and `user_info`.
 */
export function presenceUpdateFrame(channel: string, user: string, position: Positioned): string {
  return frame({ event: EXTENSION_EVENTS.presenceUpdate, channel, data: user, ...position })
}

/** Extension: sent after the answer to a subscription with `resume`, before the missed events. */
export function resumedFrame(channel: string, resumed: Resumed, position: Positioned): string {
  const data = JSON.stringify(resumed)
  return frame({ event: EXTENSION_EVENTS.resumed, channel, data, ...position })
}

/** Stands for an event that the connection is excluded from, with its position. Extensions only. */
export function omittedFrame(channel: string, { serial, epoch }: Positioned): string {
  return frame({ event: EXTENSION_EVENTS.omitted, channel, serial, epoch })
}

/** Fields that are `undefined` are left out. */
function frame(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields)
}
