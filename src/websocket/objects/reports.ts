/**
 * What a hub tells a channel about its own connections.
 *
 * @module
 */

/**
 * How a user's last connection of a hub went: by unsubscribing, by a clean close, by a page that went
 * away, or without a word.
 */
export type LeaveReason = 'unsubscribed' | 'closed' | 'reload' | 'lost'

/** One user's connections on one hub, as a count and not as a change, so that a repetition is harmless. */
export interface UserCount {
  readonly id: string
  /** Connections of the user that are subscribed, on the reporting hub. 0 or more. */
  readonly sockets: number
  /** JSON of the user's information; given whenever `sockets` is above 0 and the user has any. */
  readonly info?: string | undefined
  /** Given when `sockets` is 0. @default 'lost' */
  readonly reason?: LeaveReason | undefined
}

/** A report of one hub to one channel. */
export interface HubReport {
  /** Which hub. */
  readonly hub: string
  /** Rises when the hub lost its connections, all at once. */
  readonly epoch: number
  /** Rises with every report of the epoch. */
  readonly seq: number
  /** Connections that are subscribed, of any user or none. 0 detaches the hub. */
  readonly sockets: number
  /** The users of presence whose counts changed, or all of them. */
  readonly users: readonly UserCount[]
  /** Whether `users` are all: those that are not in it have no connection on this hub. */
  readonly isComplete: boolean
}
