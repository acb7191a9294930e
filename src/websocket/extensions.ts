/**
 * What nearcache adds to the Pusher protocol, for connections that ask for it by `?nearcache=1`.
 *
 * A connection without it sees protocol 7 and nothing else. One with it may also send `client_id`, a
 * text of its own that stays the same over reconnects, at most 64 characters of `A-Za-z0-9_-`: it
 * then comes back to the same hub, and its half-open socket of before is closed. What changes:
 *
 * - `pusher_internal:subscription_succeeded` has a `serial` and an `epoch` beside `channel`, and so
 *   has every event of a channel. Serials of one epoch rise by one with each event and each change
 *   of presence, so a gap is something missed. Another epoch means that the channel lost its history.
 * - `pusher:subscribe` may carry `resume`. The answer is `subscription_succeeded`, then
 *   `nearcache:resumed`, then, if `recovered` is true, the missed events in order. If it is false the
 *   history did not reach back far enough, and the client has to fetch its state anew.
 * - `nearcache:presence_diff` takes the place of `member_added` and `member_removed`: all that
 *   happened within one batch, as `joins`, a list of `user_id` and `user_info`, `leaves`, a list of
 *   ids, and `count`, which is exact where a large channel no longer names everybody. A user who left
 *   and came back as somebody else is in both lists: leaves come first.
 * - A client may send `nearcache:presence_update` to change its user's `user_info` while present. It
 *   is signed as a subscription is, by whoever says who a user is. Other connections with the
 *   extensions get the event of the same name; stock clients keep what they got first.
 *
 * Of what a client sends, `data` is an object; of what it gets, a JSON text, as in the protocol.
 *
 * @module
 */

/** The parameter of the connection that turns the extensions on, with the value `1`. */
export const EXTENSION_PARAMETER = 'nearcache'

/** The parameter with the client's own, lasting id. */
export const CLIENT_ID_PARAMETER = 'client_id'

/** What a client id looks like. */
export const CLIENT_ID: RegExp = /^[A-Za-z0-9_-]{1,64}$/

/** Events that only connections with the extensions send and get. */
export const EXTENSION_EVENTS = {
  presenceDiff: 'nearcache:presence_diff',
  presenceUpdate: 'nearcache:presence_update',
  resumed: 'nearcache:resumed',
} as const

/** A place in a channel's history. */
export interface Position {
  /** Which history: it changes when a channel lost what it had. */
  readonly epoch: string
  /** The last serial that the client has seen. */
  readonly serial: number
}

/** What a frame of a channel has beside `event`, `channel` and `data`. */
export interface Positioned {
  readonly serial: number
  readonly epoch: string
}

/** `resume` of a `pusher:subscribe`. */
export interface Resume extends Position {
  /** The id of the socket that was lost: its own client events are left out. */
  readonly socket_id?: string
}

/** What `data` of `nearcache:resumed` says. */
export interface Resumed {
  /** Whether everything after the position follows, in order. */
  readonly recovered: boolean
  /** How many events follow. */
  readonly replayed: number
}

/** `data` of a `nearcache:presence_update` that a client sends. */
export interface PresenceUpdateRequest {
  readonly channel: string
  /** `key:signature` over `socket_id:channel:channel_data`, as at the subscription. */
  readonly auth: string
  /** JSON of `user_id`, which has to be the one subscribed with, and the new `user_info`. */
  readonly channel_data: string
}
