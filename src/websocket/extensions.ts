/**
 * What nearcache adds to the Pusher protocol, for connections opened with `?nearcache=1`.
 *
 * Other connections see only protocol 7. A connection with the extensions may also send `client_id`, its own
 * id of at most 64 characters of `A-Za-z0-9_-`, which stays the same over reconnects: the client then reaches
 * the same hub again, and the hub closes the client's previous, half-open socket. What changes:
 *
 * - `pusher_internal:subscription_succeeded` has a `serial` and an `epoch` beside `channel`, and so has every
 *   event of a channel. Serials of one epoch rise by one with each event and each change of presence, so a
 *   gap means that something was missed: subscribe again with `resume`. In place of an event that the
 *   connection is excluded from, such as its own client event, it gets `nearcache:omitted`. A new epoch means
 *   that the channel has lost its history.
 * - `pusher:subscribe` may have a `resume` field. The answer is `subscription_succeeded`, then
 *   `nearcache:resumed`, then, if `recovered` is true, the missed events in order. If it is false, the
 *   history does not reach back far enough, and the client must fetch its state again.
 * - `nearcache:presence_diff` replaces `member_added` and `member_removed`. It has all changes of one batch:
 *   `joins`, a list of `user_id` and `user_info`; `leaves`, a list of ids; and `count`, which is exact even
 *   where a large channel does not list all members. A user who left and joined again with other information
 *   is in both lists; apply leaves first.
 * - A client may send `nearcache:presence_update` to change its user's `user_info` while present. Like a
 *   subscription, it is signed by the server that authenticates users. Other connections with the extensions
 *   get an event of the same name; standard clients keep the information they got first.
 * - A client closes with {@link LEFT_PAGE} when its page is left but kept by the browser, for the back button.
 *   Its user stays as long as one whose page is left for good.
 *
 * In frames from a client, `data` is an object; in frames to a client, it is a JSON text, as in the protocol.
 *
 * @module
 */

/** The query parameter that turns the extensions on, with the value `1`. */
export const EXTENSION_PARAMETER = 'nearcache'

/** The query parameter with the client's own id, which stays the same over reconnects. */
export const CLIENT_ID_PARAMETER = 'client_id'

/** The form of a client id. */
export const CLIENT_ID: RegExp = /^[A-Za-z0-9_-]{1,64}$/

/** The code for 1001 of a client, which may not send that code itself. */
export const LEFT_PAGE = 4203

/** Events that only connections with the extensions send and get. */
export const EXTENSION_EVENTS = {
  omitted: 'nearcache:omitted',
  presenceDiff: 'nearcache:presence_diff',
  presenceUpdate: 'nearcache:presence_update',
  resumed: 'nearcache:resumed',
} as const

/** A position in a channel's history. */
export interface Position {
  /** Identifies the history; changes when a channel has lost its history. */
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
  /** The id of the lost socket: client events that this socket sent are left out. */
  readonly socket_id?: string
}

/** The `data` of `nearcache:resumed`. */
export interface Resumed {
  /** Whether all events after the position follow, in order. */
  readonly recovered: boolean
  /** How many events follow. */
  readonly replayed: number
}

/** `data` of a `nearcache:presence_update` that a client sends. */
export interface PresenceUpdateRequest {
  readonly channel: string
  /** `key:signature` over `socket_id:channel:channel_data`, as at the subscription. */
  readonly auth: string
  /** JSON of the new `user_info` and of `user_id`, which must be that of the subscription. */
  readonly channel_data: string
}
