/**
 * Options of the TCP transport, and the options of ioredis that follow from them.
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

/** Details of a TLS connection, as in Node's `tls.connect`. */
export interface TcpTls {
  /** Certificates of the authorities to trust, in PEM. @default those that Node trusts */
  readonly ca?: string
  /** The certificate of this client, in PEM, for a server that asks for one. @default none */
  readonly cert?: string
  /** Its private key, in PEM. @default none */
  readonly key?: string
  /** The name that the server's certificate must have. @default the host */
  readonly servername?: string
  /** Whether to refuse a server whose certificate cannot be verified. @default true */
  readonly rejectUnauthorized?: boolean
}

/**
 * Options for {@link tcpTransport}. Exactly one of `url`, `host`, `cluster`, `sentinel` and `client`
 * sets the location of Redis.
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
    /** The password of the sentinels, or of that user. @default none */
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
  /** Name of an ACL user; a user name in `url` takes precedence. @default none */
  readonly username?: string
  /** A password in `url` takes precedence. @default none */
  readonly password?: string
  /** Number of the database, at least 0; a cluster has only 0. @default 0 */
  readonly db?: number
  /** Whether to use TLS, or its details. @default false, or true with `rediss://` */
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

/** Options of an ioredis client, version 5 or 6. */
export type SingleOptions = Omit<RedisOptions, 'replyMapping'>
/** Options of an ioredis client for a cluster. */
export type ManyOptions = Omit<ClusterOptions, 'redisOptions'> & {
  redisOptions: Omit<NonNullable<ClusterOptions['redisOptions']>, 'replyMapping'>
}

/** The client to use: one for a single Redis, one for a cluster, or the caller's. */
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
  /** Whether a lost connection is opened again. */
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
    // ioredis compares slot numbers, and as strings "5461" would come after "10922".
    stringNumbers: options.strings === 'bytes' && !cluster,
  }
  if (perRequest) {
    // Skips a round trip, unless a database other than 0 is selected: the check shows whether it exists.
    common.enableReadyCheck = Boolean(common.db)
    // No timer may outlive the request.
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

/** Refuses a client of ioredis 6 that returns some replies as objects, which this library cannot read. */
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
    // After a manual failover, the former primary accepts writes for ten seconds, and all of them would be lost.
    failoverDetector: !perRequest,
    sentinelReconnectStrategy: backoff,
    // A silent sentinel must leave time for the others.
    sentinelCommandTimeout: connectTimeoutMs / sentinels.length,
    // Without it ioredis connects to Redis without TLS, whatever `tls` says.
    enableTLSForSentinelMode: its !== false,
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(secrecy && { sentinelTLS: secrecy }),
  }
}

/** Each request is one attempt. A failure is reported at once, and only the guard sends again. */
const COMMON: SingleOptions = {
  lazyConnect: true,
  enableReadyCheck: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // Subscriptions are renewed by `listen`. When ioredis fails to renew one, it leaves a rejection unhandled.
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: backoff,
  keepAlive: KEEP_ALIVE_MS,
  // This timer keeps the process alive, even if the socket has already closed.
  disconnectTimeout: 100,
  // It would send two more commands for each connection, which fail before Redis 7.2.
  disableClientInfo: true,
  // The default of ioredis 6 is RESP3, which needs HELLO and has replies of other shapes. ioredis 5 has only RESP2.
  protocol: 2,
}

const CLUSTER: Omit<ManyOptions, 'redisOptions'> = {
  lazyConnect: true,
  // A node is connected by its first command; other commands of the same tick have to wait for it.
  enableOfflineQueue: true,
  // Both would send a command again that may have been applied, or retry for seconds.
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  // Up to five attempts (maxRedirections), which must fit into an operation's deadline.
  retryDelayOnTryAgain: 30,
  maxRedirections: 5,
  slotsRefreshInterval: 5_000,
  // The check waits for a random primary: if that one hangs, the other primaries would not be used.
  enableReadyCheck: false,
  // Each connection resolves its own host name. One unknown name must not block the others.
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
    // The option `tls`, if it has details, takes precedence over the URL.
    return { ...where, ...(isSecure && typeof tls !== 'object' && { tls: {} }) }
  }
  requireHost('host', host)
  requirePort('port', port)
  return { host, port }
}
