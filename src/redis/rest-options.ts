/**
 * Options of the REST transport and their checks. Error messages name the usual mistakes.
 *
 * @module
 */

import { checkFields, oneOf, wholeNumber } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import { webPlatform } from '../platform/web.ts'
import type { RestFetch } from './rest-fetch.ts'

/** Options for {@link restTransport}. */
export interface RestOptions {
  /** Address of the database, such as `https://eu1-name-12345.upstash.io`. */
  readonly url: string
  /** The REST token of the database. */
  readonly token: string
  /**
   * Used instead of the runtime's `fetch`. On Node, `nodeFetch()` of `nearcache/redis/node` is faster. If
   * your framework's `fetch` also caches responses to POST, pass a function that adds `cache: 'no-store'`.
   * @default the runtime's `fetch`, looked up for each request
   */
  readonly fetch?: RestFetch
  /** @default webPlatform() */
  readonly platform?: Platform
  /** Whether `http://` is allowed for hosts other than localhost. @default false */
  readonly allowHttp?: boolean
  /**
   * How the server encodes strings in replies. `none` is cheaper and exact for text; `base64` is for servers
   * that damage text in JSON. With both, invalid UTF-8 becomes U+FFFD, since replies are strings.
   * @default 'none'
   */
  readonly encoding?: 'none' | 'base64'
  /** The longest response, in bytes; a whole number of at least 1. @default 16_777_216 */
  readonly maxReplyBytes?: number
}

/** {@link RestOptions}, checked and complete. */
export interface RestPolicy {
  /** Ends with exactly one slash. */
  readonly url: string
  /** Sent with every request; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: RestFetch | undefined
  readonly platform: Platform
  readonly encoding: 'none' | 'base64'
  readonly maxReplyBytes: number
}

const FIELDS = 'url token fetch platform allowHttp encoding maxReplyBytes'.split(' ')

/** @throws {InvalidOptionError} When an option is unknown or unusable. Its message never holds the value. */
export function resolveRestOptions(options: RestOptions): RestPolicy {
  checkFields(options, 'options', FIELDS)
  const { encoding = 'none', maxReplyBytes = 16_777_216, allowHttp = false } = options
  oneOf(encoding, 'encoding', ['none', 'base64'])
  wholeNumber(maxReplyBytes, 'maxReplyBytes', 1)
  checkToken(options.token)
  return {
    url: checkUrl(options.url, allowHttp),
    headers: {
      authorization: `Bearer ${options.token}`,
      'content-type': 'application/json',
      ...(encoding === 'base64' && { 'upstash-encoding': encoding }),
    },
    fetch: options.fetch,
    platform: options.platform ?? webPlatform(),
    encoding,
    maxReplyBytes,
  }
}

function checkToken(token: unknown): void {
  requireText('token', token, 'the bearer token of the database')
  // If a header cannot carry the token, every request would fail with an error that quotes the token.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new InvalidOptionError('token', 'of printable ASCII without spaces')
  }
}

function checkUrl(text: unknown, allowHttp: boolean): string {
  requireText('url', text, 'the https:// address of the database')
  if (/^rediss?:/i.test(text)) {
    throw new InvalidOptionError(
      'url',
      'the https:// address of the REST endpoint; redis:// is for the tcp transport',
    )
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new InvalidOptionError('url', 'a URL such as https://host')
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new InvalidOptionError('url', 'free of user name, password, query and fragment')
  }
  if (url.protocol === 'http:' && !allowHttp && !isLoopback(url.hostname)) {
    throw new InvalidOptionError(
      'url',
      'an https:// address, or allowHttp set: without TLS, the token is sent in clear text',
    )
  }
  return url.href.replace(/\/*$/, '/')
}

function requireText(option: string, value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string' || value === '') throw new InvalidOptionError(option, what)
  if (value !== value.trim()) throw new InvalidOptionError(option, 'free of spaces around it')
  // Some shells and .env parsers keep the quotes as part of the value.
  if (/^["'`]/.test(value)) throw new InvalidOptionError(option, 'free of quotes around it')
}

/** `localhost` and its subdomains (RFC 6761, section 6.3), 127.0.0.0/8 and ::1, with or without a URL's brackets. */
export function isLoopback(hostname: string): boolean {
  return /^(.+\.)?localhost$|^127(\.\d+){3}$|^\[?::1]?$/.test(hostname)
}
