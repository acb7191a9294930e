/**
 * What a hub reports to a channel about its own connections.
 *
 * @module
 */

/**
 * How a user's last connection on a hub ended: by unsubscribing, by a clean close, by leaving the page, or
 * without a close.
 */
export type LeaveReason = 'unsubscribed' | 'closed' | 'reload' | 'lost'

/** One user's connections on one hub. A count, not a change, so that a repeated report is harmless. */
export interface UserCount {
  readonly id: string
  /** Subscribed connections of the user on the reporting hub. 0 or more. */
  readonly sockets: number
  /** JSON of the user's information; given whenever `sockets` is above 0 and the user has any. */
  readonly info?: string | undefined
  /** Given when `sockets` is 0. @default 'lost' */
  readonly reason?: LeaveReason | undefined
}

/** A report of one hub to one channel. */
export interface HubReport {
  /** The hub's name. */
  readonly hub: string
  /** Rises when the hub has lost all its connections at once. */
  readonly epoch: number
  /** Rises with every report of the epoch. */
  readonly seq: number
  /** Subscribed connections, with or without a user. 0 detaches the hub. */
  readonly sockets: number
  /** The users whose counts have changed, or all users of the channel on this hub. */
  readonly users: readonly UserCount[]
  /** Whether `users` lists all users: those that are not in it have no connection on this hub. */
  readonly isComplete: boolean
}
