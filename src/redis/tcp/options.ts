/**
 * What the TCP transport can be told, and what ioredis is told for it.
 *
 * @module
 */

import type { Cluster, ClusterOptions, RedisOptions } from 'ioredis'
import { oneOf, positiveMs, wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import { addresses, requireHost, requirePort, type TcpAddress } from './addresses.ts'
import { isCluster, type TcpClient } from './client.ts'
import { backoff, KEEP_ALIVE_MS } from './dial.ts'
import { parseUrl } from './url.ts'
import { BYTES, TEXT, type Wire } from './wire.ts'

/** What is particular about a TLS connection, as Node's `tls.connect` has it. */
export interface TcpTls {
  /** Certificates of the authorities to trust, in PEM. @default those that Node trusts */
  readonly ca?: string
  /** The certificate of this client, in PEM, for a server that asks for one. @default none */
  readonly cert?: string
  /** Its private key, in PEM. @default none */
  readonly key?: string
  /** The name that the server's certificate must have. @default the host */
  readonly servername?: string
  /** Whether a server whose certificate cannot be verified is left. @default true */
  readonly rejectUnauthorized?: boolean
}

/**
 * Options for {@link tcpTransport}. Exactly one of `url`, `host`, `cluster`, `sentinel` and `client`
 * says where Redis is.
 */
export interface TcpOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. @default none */
  readonly url?: string
  /** Name or address of the server. @default none */
  readonly host?: string
  /** @default 6379 */
  readonly port?: number
  /** Some nodes of a Redis Cluster; the others are found through them. @default none */
  readonly cluster?: { readonly nodes: readonly TcpAddress[] }
  /** Sentinels, and the name of the primary that they monitor. @default none */
  readonly sentinel?: {
    readonly name: string
    readonly nodes: readonly TcpAddress[]
    /** An ACL user of the sentinels, which have their own users and passwords. @default none */
    readonly username?: string
    /** Of the sentinels, or of that user. @default none */
    readonly password?: string
    /** TLS for connections to the sentinels. @default the option `tls` */
    readonly tls?: boolean | TcpTls
  }
  /**
   * Your own ioredis client, which you configure and close. A client of ioredis 6 uses RESP3 unless it was
   * created with `protocol: 2`. This package accepts both, but some replies to your own requests then have
   * another shape, such as those of `ZRANGE … WITHSCORES` and `XREAD`. A client with `replyMapping: 'resp3'`
   * is refused. @default none
   */
  readonly client?: TcpClient
  /** Name of an ACL user; one in `url` takes precedence. @default none */
  readonly username?: string
  /** One in `url` takes precedence. @default none */
  readonly password?: string
  /** Number of the database, from 0 on; a cluster has only 0. @default 0 */
  readonly db?: number
  /** Whether, or how, to speak TLS. @default false, or true with `rediss://` */
  readonly tls?: boolean | TcpTls
  /**
   * How many connections share the requests, at least 1. With more than one, concurrent requests may
   * overtake each other. @default 1
   */
  readonly poolSize?: number
  /**
   * How long an attempt to connect may take, in milliseconds; above 0. The log-in after it may take as long
   * again. @default 5_000
   */
  readonly connectTimeoutMs?: number
  /**
   * If replies are due and none arrives for this long, the connection is replaced. In milliseconds, above 0;
   * it may take up to a quarter longer. @default 10_000
   */
  readonly replyTimeoutMs?: number
  /**
   * Confirms that you create and close the transport within one request, as Cloudflare Workers require: there,
   * a connection belongs to the request that opened it, and hangs in the next. @default false
   */
  readonly perRequest?: boolean
  /**
   * The meaning of strings in arguments and replies. With `bytes`, each character is one byte, so that values
   * need not be text, and integers beyond 2^53 are bigints (not on a cluster; with your own client, if it has
   * `stringNumbers`). A cache needs `text`. Subscriptions are always text.
   * @default 'text'
   */
  readonly strings?: 'text' | 'bytes'
  /** @default webPlatform() */
  readonly platform?: Platform
}

/** Options of a client of ioredis, 5 or 6. */
export type SingleOptions = Omit<RedisOptions, 'replyMapping'>
/** Those of one for a cluster. */
export type ManyOptions = Omit<ClusterOptions, 'redisOptions'> & {
  redisOptions: Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>
}

/** How to make a client: for one Redis, for a cluster, or not at all. */
export type ClientPlan =
  | { readonly kind: 'single'; readonly options: SingleOptions }
  | {
      readonly kind: 'cluster'
      readonly nodes: { host: string; port: number }[]
      readonly options: ManyOptions
    }
  | { readonly kind: 'given'; readonly client: TcpClient }

/** {@link TcpOptions}, checked and complete. */
export interface TcpPolicy {
  readonly plan: ClientPlan
  readonly cluster: boolean
  readonly poolSize: number
  readonly connectTimeoutMs: number
  readonly replyTimeoutMs: number
  /** Whether a connection that was lost is made again. */
  readonly comesBack: boolean
  readonly wire: Wire
  readonly platform: Platform
}

const SOURCES = ['url', 'host', 'cluster', 'sentinel', 'client'] as const

/** @throws {InvalidOptionError} When an option is unusable. Its message never holds the value. */
export function resolveTcpOptions(options: TcpOptions): TcpPolicy {
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

function planOf(options: TcpOptions, connectTimeoutMs: number, replyTimeoutMs: number): ClientPlan {
  const { client, cluster, sentinel, perRequest = false } = options
  if (client) return { kind: 'given', client: requireLists(client) }
  const common: SingleOptions = {
    ...COMMON,
    ...identity(options),
    connectTimeout: connectTimeoutMs,
    // ioredis compares numbers of slots, and "5461" comes after "10922".
    stringNumbers: options.strings === 'bytes' && !cluster,
  }
  if (perRequest) {
    // Saves a round trip, unless it takes one to know that the database is there.
    common.enableReadyCheck = Boolean(common.db)
    // Leaves no timer behind that outlives the request.
    common.retryStrategy = () => null
  }
  if (cluster) {
    const nodes = addresses('cluster.nodes', cluster.nodes, 6_379)
    const { retryStrategy, enableOfflineQueue, ...redisOptions } = common
    if ((redisOptions.db ?? 0) !== 0) throw new InvalidOptionError('db', '0 with a cluster')
    return {
      kind: 'cluster',
      nodes,
      options: {
        ...CLUSTER,
        clusterRetryStrategy: perRequest ? () => null : backoff,
        redisOptions: { ...redisOptions, socketTimeout: replyTimeoutMs },
      },
    }
  }
  const where = sentinel ? watchedBy(sentinel, options, connectTimeoutMs) : endpoint(options)
  return { kind: 'single', options: { ...common, ...where } }
}

/** As objects, which ioredis 6 makes of some replies when told to, no reply is known here. */
function requireLists(client: TcpClient): TcpClient {
  const { options } = client as Pick<Cluster, 'options'> & TcpClient
  const { replyMapping } = { ...options, ...options?.redisOptions } as RedisOptions
  if (replyMapping !== 'resp3') return client
  throw new InvalidOptionError('client', "one without replyMapping: 'resp3'")
}

function watchedBy(
  { name, nodes, username, password, tls }: NonNullable<TcpOptions['sentinel']>,
  { tls: its = false, perRequest = false }: TcpOptions,
  connectTimeoutMs: number,
): SingleOptions {
  const sentinels = addresses('sentinel.nodes', nodes, 26_379)
  const secrecy = secrecyOf(tls ?? its)
  return {
    name,
    sentinels,
    sentinelRetryStrategy: perRequest ? () => null : backoff,
    // The former primary of a failover that was asked for goes on for ten seconds, of which all would be lost.
    failoverDetector: !perRequest,
    sentinelReconnectStrategy: backoff,
    // One that is silent leaves the others their time.
    sentinelCommandTimeout: connectTimeoutMs / sentinels.length,
    // Without it ioredis speaks to Redis in the clear, whatever `tls` says.
    enableTLSForSentinelMode: its !== false,
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(secrecy && { sentinelTLS: secrecy }),
  }
}

/** A request is one attempt: what fails is told at once, and only the guard sends again. */
const COMMON: SingleOptions = {
  lazyConnect: true,
  enableReadyCheck: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // Subscriptions renew themselves: ioredis would leave a rejection unhandled when it fails to.
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: backoff,
  keepAlive: KEEP_ALIVE_MS,
  // How long its timer keeps the process, even of a socket that has closed already.
  disconnectTimeout: 100,
  // Two more commands for each connection, and an error before Redis 7.2.
  disableClientInfo: true,
  // ioredis 6 would have 3, which has replies of other shapes and is said hello to first; 5 has no other.
  protocol: 2,
}

const CLUSTER: Omit<ManyOptions, 'redisOptions'> = {
  lazyConnect: true,
  // A node is connected to by its first command; others of the same tick have to wait for it.
  enableOfflineQueue: true,
  // Both would send a command again of which the fate is not known, or try for seconds.
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  // It is tried up to five times, which must leave some of an operation's deadline.
  retryDelayOnTryAgain: 30,
  maxRedirections: 5,
  slotsRefreshInterval: 5_000,
  // It asks a primary at random, and waits: for one that hangs, nobody would be served by the others.
  enableReadyCheck: false,
  // Names are resolved by each connection for itself: one that is unknown must not keep the others away.
  dnsLookup: (name, done) => done(null, name),
}

function identity({ username, password, db = 0, tls = false }: TcpOptions): SingleOptions {
  wholeNumber(db, 'db', 0)
  const secrecy = secrecyOf(tls)
  return {
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(secrecy && { tls: secrecy }),
  }
}

function secrecyOf(tls: boolean | TcpTls): TcpTls | undefined {
  if (typeof tls === 'object') return { ...tls }
  return tls ? {} : undefined
}

function endpoint({ url, host, port = 6_379, tls }: TcpOptions): SingleOptions {
  if (url !== undefined) {
    const { tls: isSecure, ...where } = parseUrl(url)
    // What is given beside it says more.
    return { ...where, ...(isSecure && typeof tls !== 'object' && { tls: {} }) }
  }
  requireHost('host', host)
  requirePort('port', port)
  return { host, port }
}
