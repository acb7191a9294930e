/**
 * Options of a bridge.
 *
 * @module
 */

import { checkFields, positiveMs, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { Requester, Transport } from '../redis/requester.ts'

/** A Redis and its tokens. */
export interface BridgeDatabase {
  /**
   * Where commands are sent. Values that are not UTF-8 need a transport with `strings: 'bytes'`, such as
   * `tcpTransport({ url, strings: 'bytes' })`. The bridge does not close it.
   */
  readonly redis: Requester | Transport
  /** Permits all available commands; printable ASCII without spaces, different from every other token. */
  readonly token: string
  /** Permits only reads, except those that list keys. @default none */
  readonly readOnlyToken?: string
}

/** Limits and platform of a bridge. */
export interface BridgeLimits {
  /** The longest body of a request, in bytes; an integer of at least 1. @default 10_485_760 (10 MiB) */
  readonly maxBodyBytes?: number
  /** How long a request may wait for the backend, in milliseconds; above 0. @default 30_000 */
  readonly timeoutMs?: number
  /** How long `/health` waits for PING, in milliseconds; above 0. @default 1_000 */
  readonly healthTimeoutMs?: number
  /** Subscriptions that may be open together; an integer of at least 0. @default 1_000 */
  readonly maxStreams?: number
  /** Time between the comments that keep a silent event stream open, in milliseconds; above 0. @default 15_000 */
  readonly heartbeatMs?: number
  /** Ends the subscriptions, and lets no new ones begin, when it is aborted. */
  readonly signal?: AbortSignal
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** Options for `bridge`: one database, or several, each with its own tokens. */
export type BridgeOptions = BridgeLimits &
  (BridgeDatabase | { readonly databases: readonly BridgeDatabase[] })

/** {@link BridgeOptions}, checked and complete. */
export interface BridgePolicy {
  readonly databases: readonly BridgeDatabase[]
  readonly maxBodyBytes: number
  readonly timeoutMs: number
  readonly healthTimeoutMs: number
  readonly maxStreams: number
  readonly heartbeatMs: number
  readonly signal: AbortSignal
  readonly platform: Platform
}

/** Those of one database. Several may be objects with other fields besides. */
const DATABASE = ['redis', 'token', 'readOnlyToken']
const LIMITS =
  `maxBodyBytes timeoutMs healthTimeoutMs maxStreams heartbeatMs signal platform`.split(' ')

/** @throws {InvalidOptionError} When an option is unknown or unusable. Its message never holds the value. */
export function resolveBridgeOptions(options: BridgeOptions): BridgePolicy {
  const isOne = !('databases' in options)
  checkFields(options, 'options', [...LIMITS, ...(isOne ? DATABASE : ['databases'])])
  const { maxBodyBytes = 10_485_760, maxStreams = 1_000 } = options
  const { timeoutMs = 30_000, healthTimeoutMs = 1_000, heartbeatMs = 15_000 } = options
  wholeNumber(maxBodyBytes, 'maxBodyBytes', 1)
  wholeNumber(maxStreams, 'maxStreams', 0)
  for (const [name, ms] of Object.entries({ timeoutMs, healthTimeoutMs, heartbeatMs })) {
    positiveMs(ms, name)
  }
  const databases = isOne ? [options] : options.databases
  requireTokens(databases)
  return Object.freeze({
    databases,
    maxBodyBytes,
    timeoutMs,
    healthTimeoutMs,
    maxStreams,
    heartbeatMs,
    signal: options.signal ?? new AbortController().signal,
    platform: options.platform ?? webPlatform(),
  })
}

function requireTokens(databases: readonly BridgeDatabase[]): void {
  if (databases.length === 0) throw new InvalidOptionError('databases', 'at least one database')
  const known = new Set<string>()
  for (const { token, readOnlyToken } of databases) {
    requireToken('token', token, known)
    if (readOnlyToken !== undefined) requireToken('readOnlyToken', readOnlyToken, known)
  }
}

function requireToken(option: string, token: unknown, known: Set<string>): void {
  // A header cannot carry any other token, so no request could present it.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new InvalidOptionError(option, 'printable ASCII without spaces')
  }
  if (known.has(token)) throw new InvalidOptionError(option, 'different from every other token')
  known.add(token)
}
