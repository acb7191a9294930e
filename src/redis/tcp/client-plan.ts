/**
 * Derives the ioredis client, and its options, from the options of the TCP transport.
 *
 * @module
 */

import type { Cluster, ClusterOptions, RedisOptions } from 'ioredis'
import { wholeNumber } from '../../entry/option-checks.ts'
import { InvalidOptionError } from '../../errors.ts'
import { addresses, requireHost, requirePort } from './addresses.ts'
import type { TcpClient } from './client.ts'
import { backoff, KEEP_ALIVE_MS } from './dial.ts'
import type { TcpOptions, TcpTls } from './options.ts'
import { parseUrl } from './url.ts'

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

/** @throws {InvalidOptionError} When an address, `db`, or `client` is unusable. */
export function planOf(
  options: TcpOptions,
  connectTimeoutMs: number,
  replyTimeoutMs: number,
): ClientPlan {
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
  // Without a name, ioredis fails only at the first request.
  if (!name) throw new InvalidOptionError('sentinel.name', 'the name of the monitored primary')
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
