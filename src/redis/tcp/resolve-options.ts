/**
 * Checks the options of the TCP transport, and fills in the defaults.
 *
 * @module
 */

import { checkFields, oneOf, positiveMs, wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import { isCluster } from './client.ts'
import { type ClientPlan, planOf } from './client-plan.ts'
import type { TcpOptions } from './options.ts'
import { BYTES, TEXT, type Wire } from './wire.ts'

/** {@link TcpOptions}, checked and complete. */
export interface TcpPolicy {
  readonly plan: ClientPlan
  readonly cluster: boolean
  readonly poolSize: number
  readonly connectTimeoutMs: number
  readonly replyTimeoutMs: number
  /** Whether a lost connection is opened again. */
  readonly comesBack: boolean
  readonly wire: Wire
  readonly platform: Platform
}

const FIELDS =
  `url host port cluster sentinel client username password db tls poolSize connectTimeoutMs
  replyTimeoutMs perRequest strings platform`.split(/\s+/)
const SOURCES = ['url', 'host', 'cluster', 'sentinel', 'client'] as const

/** @throws {InvalidOptionError} When an option is unknown or unusable. Its message never holds the value. */
export function resolveTcpOptions(options: TcpOptions): TcpPolicy {
  checkFields(options, 'options', FIELDS)
  const { poolSize = 1, connectTimeoutMs = 5_000, replyTimeoutMs = 10_000 } = options
  const given = SOURCES.filter((source) => options[source] !== undefined)
  if (given.length !== 1) {
    throw new InvalidOptionError('url', `given, or else one of ${SOURCES.slice(1).join(', ')}`)
  }
  wholeNumber(poolSize, 'poolSize', 1)
  if (poolSize > 1 && (options.cluster || options.client)) {
    throw new InvalidOptionError('poolSize', '1 with a cluster or a client of your own')
  }
  const { strings = 'text' } = options
  oneOf(strings, 'strings', ['text', 'bytes'])
  positiveMs(connectTimeoutMs, 'connectTimeoutMs')
  positiveMs(replyTimeoutMs, 'replyTimeoutMs')
  requireRequestOnWorkers(options.perRequest)
  const plan = planOf(options, connectTimeoutMs, replyTimeoutMs)
  return Object.freeze({
    plan,
    cluster: plan.kind === 'cluster' || (plan.kind === 'given' && isCluster(plan.client)),
    poolSize,
    connectTimeoutMs,
    replyTimeoutMs,
    comesBack: options.perRequest !== true,
    wire: strings === 'bytes' ? BYTES : TEXT,
    platform: options.platform ?? webPlatform(),
  })
}

function requireRequestOnWorkers(perRequest = false): void {
  if (perRequest || globalThis.navigator?.userAgent !== 'Cloudflare-Workers') return
  throw new InvalidOptionError(
    'perRequest',
    'true on Cloudflare Workers, where a connection hangs in any request but the one that opened it: make the transport in the request and close it there, or use the rest transport',
  )
}
