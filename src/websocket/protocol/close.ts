/**
 * The codes and reasons with which the server closes a connection. Clients act on the code: 4000 to 4099 mean
 * do not reconnect, 4100 to 4199 reconnect after a second or more, 4200 to 4299 reconnect at once.
 *
 * @module
 */

/** A code and its reason, as `WebSocket.close` takes them; the reason has at most 123 bytes. */
export interface Close {
  readonly code: number
  readonly reason: string
}

/** Names of {@link CLOSES}. */
export type CloseName =
  | 'tlsOnly'
  | 'unknownApp'
  | 'disabledApp'
  | 'overQuota'
  | 'noPath'
  | 'badVersion'
  | 'unsupportedProtocol'
  | 'noProtocol'
  | 'unauthorized'
  | 'notSignedIn'
  | 'terminated'
  | 'overCapacity'
  | 'reconnect'
  | 'replaced'
  | 'noPong'
  | 'inactive'

/** All closes by the server. */
export const CLOSES: Readonly<Record<CloseName, Close>> = Object.freeze({
  tlsOnly: close(4000, 'This app takes connections over TLS only'),
  unknownApp: close(4001, 'There is no app with this key'),
  disabledApp: close(4003, 'This app is disabled'),
  overQuota: close(4004, 'This app is over its quota of connections'),
  noPath: close(4005, 'There is nothing at this path'),
  badVersion: close(4006, 'The protocol version is no whole number'),
  unsupportedProtocol: close(4007, 'This protocol version is not supported'),
  noProtocol: close(4008, 'No protocol version was given'),
  unauthorized: close(4009, 'The connection is not authorized'),
  notSignedIn: close(4009, 'The connection was not signed in within the time allowed'),
  terminated: close(4009, 'The connections of this user were terminated'),
  overCapacity: close(4100, 'The server is over its capacity'),
  reconnect: close(4200, 'The server asks to connect again'),
  replaced: close(4200, 'The same client has connected again'),
  noPong: close(4201, 'A ping was not answered in time'),
  inactive: close(4202, 'The connection was inactive'),
})

/** Codes of `pusher:error` frames. Never close a connection with one: its client would not reconnect. */
export const ERROR_CODES = {
  clientEventRefused: 4301,
  watchlistTooLong: 4302,
  signInRefused: 4303,
} as const

function close(code: number, reason: string): Close {
  return Object.freeze({ code, reason })
}
