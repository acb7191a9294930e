/**
 * The options of a client, and their checks.
 *
 * @module
 */

import { randomId } from '../../entry/id.ts'
import { checkFields, nonEmptyText } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Backoff } from '../../flight/backoff.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'

/** The part of a `WebSocket` that a client uses. */
export interface SocketLike {
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: { readonly data?: unknown; readonly code?: number }) => void,
  ): void
}

/** What the app's own server, which authenticates users, is asked to sign. */
export interface AuthorizationRequest {
  readonly socketId: string
  readonly channel: string
  /** The user's new information, when `channel.update` asks for it. */
  readonly userInfo?: unknown
}

/** The answer of the app's server, as its Pusher SDK makes it. */
export interface Authorization {
  /** `key:signature`. */
  readonly auth: string
  /** JSON of the user, for a presence channel. */
  readonly channel_data?: string
}

/** The answer of the app's server to a sign-in. */
export interface UserAuthorization {
  readonly auth: string
  /** JSON of the user. */
  readonly user_data: string
}

/** Options of a `RealtimeClient`. */
export interface ClientOptions {
  /** The address of the server: `wss://realtime.example.com`, or with `https:`. */
  readonly url: string
  /** The public key of the app. */
  readonly key: string
  /** Gets a subscription to a `private-` or `presence-` channel signed. @default none: such channels fail */
  readonly authorize?: (request: AuthorizationRequest) => Promise<Authorization>
  /** Gets a sign-in signed. @default none */
  readonly authorizeUser?: (request: { readonly socketId: string }) => Promise<UserAuthorization>
  /**
   * Whether to ask for nearcache's extensions of the protocol: resumption, batched presence changes and
   * updates of user information. Other servers ignore the request. @default 'on'
   */
  readonly extensions?: 'on' | 'off'
  /**
   * Identifies this client over reconnects, 1 to 64 of `A-Za-z0-9_-`; unique among the connected clients.
   * @default random
   */
  readonly clientId?: string
  /** Longest silence before a ping, in milliseconds; the server may ask for a shorter one. @default 120_000 */
  readonly activityTimeoutMs?: number
  /** How long to wait for the answer to a ping, in milliseconds. @default 30_000 */
  readonly pongTimeoutMs?: number
  /** How long opening a connection may take, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number
  /**
   * The upper limit of the first wait before a reconnect, and of any wait, in milliseconds. @default 1_000
   * and 30_000
   */
  readonly reconnect?: Backoff
  /** @default the global `WebSocket` */
  readonly WebSocket?: new (
    url: string,
  ) => SocketLike
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** Options, checked and complete. */
export interface ClientPolicy {
  readonly address: string
  readonly authorize: ClientOptions['authorize']
  readonly authorizeUser: ClientOptions['authorizeUser']
  readonly activityTimeoutMs: number
  readonly pongTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly reconnect: Backoff
  readonly WebSocket: new (url: string) => SocketLike
  readonly platform: Platform
}

const FIELDS = `url key authorize authorizeUser extensions clientId activityTimeoutMs pongTimeoutMs
  connectTimeoutMs reconnect WebSocket platform`.split(/\s+/)
const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/

/** @throws {InvalidOptionError} When an option is missing, unknown or out of its range. */
export function resolveClientOptions(options: ClientOptions): ClientPolicy {
  checkFields(options, 'options', FIELDS)
  const { authorize, authorizeUser, reconnect = { baseMs: 1_000, capMs: 30_000 } } = options
  const global = globalThis as { readonly WebSocket?: new (url: string) => unknown }
  const Socket = options.WebSocket ?? (global.WebSocket as ClientPolicy['WebSocket'] | undefined)
  if (Socket === undefined) {
    throw new InvalidOptionError('WebSocket', 'given where there is no global one')
  }
  return {
    address: addressOf(options),
    authorize,
    authorizeUser,
    activityTimeoutMs: atLeastOne(options.activityTimeoutMs ?? 120_000, 'activityTimeoutMs'),
    pongTimeoutMs: atLeastOne(options.pongTimeoutMs ?? 30_000, 'pongTimeoutMs'),
    connectTimeoutMs: atLeastOne(options.connectTimeoutMs ?? 10_000, 'connectTimeoutMs'),
    reconnect: {
      baseMs: atLeastOne(reconnect.baseMs, 'reconnect.baseMs'),
      capMs: atLeastOne(reconnect.capMs, 'reconnect.capMs'),
    },
    WebSocket: Socket,
    platform: options.platform ?? webPlatform(),
  }
}

/** The error of a sign-in that the server has refused. */
export function notAccepted(): InvalidOptionError {
  return new InvalidOptionError(
    'authorizeUser',
    'a function that returns a user whom the server accepts',
  )
}

/** @throws {InvalidOptionError} When it has no signature, such as an error of the app's server. */
export function checkSigned<Answer extends Authorization>(answer: Answer, option: string): Answer {
  if (typeof answer?.auth === 'string') return answer
  throw new InvalidOptionError(option, "a function that returns the signature as 'auth'")
}

function addressOf({ url, key, extensions = 'on', clientId }: ClientOptions): string {
  const base = typeof url === 'string' ? url.replace(/^http/, 'ws').replace(/\/$/, '') : ''
  if (!/^wss?:\/\/[^/]/.test(base)) {
    throw new InvalidOptionError('url', 'the ws, wss, http or https address of a server')
  }
  nonEmptyText(key, 'key')
  if (clientId !== undefined && !CLIENT_ID.test(clientId)) {
    throw new InvalidOptionError('clientId', '1 to 64 characters of A-Za-z0-9_-')
  }
  const extra = extensions === 'on' ? `&nearcache=1&client_id=${clientId ?? randomId()}` : ''
  return `${base}/app/${encodeURIComponent(key)}?protocol=7&client=nearcache&version=1.0.0${extra}`
}

function atLeastOne(value: number, option: string): number {
  if (value >= 1 && value <= 2_147_483_647) return value
  throw new InvalidOptionError(option, 'a number of milliseconds of at least 1')
}
