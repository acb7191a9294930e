/**
 * Options of the TCP transport.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import type { TcpAddress } from './addresses.ts'
import type { TcpClient } from './client.ts'

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
   * is refused.
   *
   * By default, ioredis sends commands without a reply again after it has reconnected, so that an `INCR` may be
   * applied twice. Set `autoResendUnfulfilledCommands: false` and `maxRetriesPerRequest: 0` to prevent that, and
   * `enableOfflineQueue: false`, so that requests fail at once while Redis is down. @default none
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
