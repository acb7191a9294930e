/**
 * Parses the URL of a Redis.
 *
 * @module
 */

import { InvalidOptionError } from '../../errors.ts'

/** The parts of a Redis URL. */
export interface UrlParts {
  readonly host: string
  /** From 1 to 65535. */
  readonly port: number
  readonly username?: string
  readonly password?: string
  /** Number of the database. */
  readonly db?: number
  /** Whether the scheme is `rediss:`. */
  readonly tls: boolean
}

/** @throws {InvalidOptionError} When the URL is not valid. The message never contains the URL. */
export function parseUrl(text: string): UrlParts {
  if (/^https?:/i.test(text)) {
    throw new InvalidOptionError(
      'url',
      'a redis:// or rediss:// address; https:// belongs to the rest transport',
    )
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isValid = /^rediss?:$/.test(url?.protocol ?? '') && url?.port !== '0'
  if (!url?.hostname || !isValid || !/^(\/\d{0,9})?$/.test(url.pathname)) {
    throw new InvalidOptionError('url', 'a URL such as redis://user:password@host:6379/0')
  }
  if (url.search || url.hash) {
    throw new InvalidOptionError('url', 'free of query and fragment; a database is its path, as /2')
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6_379 : Number(url.port),
    ...(url.username !== '' && { username: decode(url.username) }),
    ...(url.password !== '' && { password: decode(url.password) }),
    ...(url.pathname.length > 1 && { db: Number(url.pathname.slice(1)) }),
    tls: url.protocol === 'rediss:',
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidOptionError('url', 'percent-encoded where user name or password have a "%"')
  }
}
