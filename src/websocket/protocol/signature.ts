/**
 * Signatures of Pusher Channels: HMAC-SHA-256 with the app's secret, in hex. With a signature a client proves
 * that the app's own server allows it to subscribe or sign in.
 *
 * Computed synchronously, not by `crypto.subtle`, so that a connection's frames are handled in the order of
 * their arrival: during an `await`, an unsubscription could overtake its subscription.
 *
 * @module
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import { type Bytes, encodeUtf8 } from '../../entry/bytes.ts'
import { isSameText } from '../../entry/same-text.ts'
import { hmacSha256 } from '../../entry/sha256.ts'
import { InvalidKeyError } from '../../errors.ts'
import { readChannel } from './channel.ts'

/** The credentials of an app. */
export interface Credentials {
  readonly key: string
  readonly secret: string
}

/** The answer of an app's server to a client that wants to subscribe. */
export interface ChannelAuthorization {
  /** `key:signature`. */
  readonly auth: string
  readonly channel_data?: string
}

/** The answer of an app's server to a client that wants to sign in. */
export interface UserAuthorization {
  readonly auth: string
  readonly user_data: string
}

/** The form of a socket id. */
export const SOCKET_ID: RegExp = /^\d{1,20}\.\d{1,20}$/
/** Longer than the channel names of any app. */
const MAX_CHANNEL_CHARS = 1_000

/** Caches the keyed hash of the app that signed last. */
let lastSigner: { readonly secret: string; readonly mac: (text: Bytes) => Bytes } | undefined

/** The signature of a text: 64 hexadecimal digits. */
export function sign(secret: string, text: string): string {
  if (lastSigner?.secret !== secret) lastSigner = { secret, mac: hmacSha256(encodeUtf8(secret)) }
  return bytesToHex(lastSigner.mac(encodeUtf8(text)))
}

/**
 * Signs the subscription of one connection to one private or presence channel.
 *
 * @param socketId As received from the client, hence untrusted.
 * @param channelData On a presence channel the JSON text `{ user_id, user_info? }`.
 * @throws {InvalidKeyError} When `socketId` or `channel` is not valid: the signature could then be used for
 * another channel.
 */
export function authorizeChannel(
  app: Credentials,
  socketId: string,
  channel: string,
  channelData?: string,
): ChannelAuthorization {
  checkSocketId(socketId)
  if (!readChannel(channel, MAX_CHANNEL_CHARS))
    throw new InvalidKeyError('channel has no such name')
  const auth = `${app.key}:${sign(app.secret, channelText(socketId, channel, channelData))}`
  return channelData === undefined ? { auth } : { auth, channel_data: channelData }
}

/**
 * Signs the sign-in of one connection.
 *
 * @param socketId As received from the client, hence untrusted.
 * @param userData The JSON text `{ id, user_info?, watchlist? }`.
 * @throws {InvalidKeyError} When `socketId` is not valid.
 */
export function authorizeUser(
  app: Credentials,
  socketId: string,
  userData: string,
): UserAuthorization {
  checkSocketId(socketId)
  const auth = `${app.key}:${sign(app.secret, userText(socketId, userData))}`
  return { auth, user_data: userData }
}

/** Whether the app has signed this connection's subscription to this channel, with exactly this data. */
export function isChannelAuthorized(
  app: Credentials,
  socketId: string,
  channel: string,
  {
    auth,
    channelData,
  }: { readonly auth: string | undefined; readonly channelData: string | undefined },
): boolean {
  return isSigned(app, auth, channelText(socketId, channel, channelData))
}

/** Whether the app has signed this connection's sign-in as this user. */
export function isUserAuthorized(
  app: Credentials,
  socketId: string,
  { auth, userData }: { readonly auth: string; readonly userData: string },
): boolean {
  return isSigned(app, auth, userText(socketId, userData))
}

/** Colons separate the parts of a signed text, so a socket id must not contain one. */
function checkSocketId(socketId: unknown): void {
  if (typeof socketId === 'string' && SOCKET_ID.test(socketId)) return
  throw new InvalidKeyError('socketId is not two numbers and a point')
}

function isSigned({ key, secret }: Credentials, auth: string | undefined, text: string): boolean {
  return auth !== undefined && isSameText(auth, `${key}:${sign(secret, text)}`)
}

function channelText(socketId: string, channel: string, channelData: string | undefined): string {
  const text = `${socketId}:${channel}`
  return channelData === undefined ? text : `${text}:${channelData}`
}

function userText(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`
}
