/**
 * The cookies a browser holds its session in.
 *
 * @module
 */

import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { oneOf } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import type { Issued } from '../session/session.ts'

/** Options for {@link sessionCookie}. */
export interface SessionCookieOptions {
  /**
   * Begins with `__Host-`, so that neither a subdomain nor a page without TLS can set it. At most 64
   * characters of `A-Za-z0-9_-`. @default '__Host-session'
   */
  readonly name?: string
  /** `None` sends the cookie from every site: for pages embedded in others. @default 'Lax' */
  readonly sameSite?: 'Lax' | 'Strict' | 'None'
  /** A jar of its own for each site that embeds the page (CHIPS); with `None` alone. @default false */
  readonly partitioned?: boolean
}

/**
 * The session's cookie, and the one for its fast path.
 *
 * Both are `Secure; HttpOnly; Path=/`, without a domain. Whatever sets them forbids caches to keep the
 * response.
 */
export interface SessionCookie {
  readonly name: string
  /** The session token that the request carries. */
  read(c: Context): string | undefined
  /** The fast-path token that the request carries. */
  readFast(c: Context): string | undefined
  /** Gives the browser a session, for as long as it may last. */
  set(c: Context, issued: Pick<Issued<unknown>, 'token'> & { session: Lasting }): void
  /** Gives the browser a fast-path token. */
  setFast(c: Context, token: string, maxAgeMs: number): void
  /** Takes both away. */
  clear(c: Context): void
  /** Whether the response sets the session's cookie or takes it away. */
  isChangedBy(c: Context): boolean
}

/** The part of a session that a cookie's life depends on, in epoch milliseconds. */
interface Lasting {
  readonly validatedAt: number
  readonly absoluteExpiresAt: number
}

const NAME = /^__Host-[\w-]{1,57}$/
/** RFC 6265bis lets no cookie live longer: 400 days. */
const MAX_AGE_SECONDS = 34_560_000

/**
 * The cookies by these options. Make it once, and give it to {@link session} and to the routes that
 * log in.
 *
 * @throws {InvalidOptionError} When an option is out of its range.
 */
export function sessionCookie(options: SessionCookieOptions = {}): SessionCookie {
  const { name = '__Host-session', sameSite = 'Lax', partitioned = false } = options
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidOptionError('cookie.name', '__Host- and 1 to 57 of A-Za-z0-9_-')
  }
  oneOf(sameSite, 'cookie.sameSite', ['Lax', 'Strict', 'None'])
  if (partitioned && sameSite !== 'None') {
    throw new InvalidOptionError('cookie.partitioned', "false unless sameSite is 'None'")
  }
  const fastName = `${name}-fast`
  const put = (c: Context, to: string, value: string, maxAgeMs: number): void => {
    const maxAge = Math.min(MAX_AGE_SECONDS, Math.max(0, Math.ceil(maxAgeMs / 1_000)))
    setCookie(c, to, value, {
      path: '/',
      secure: true,
      httpOnly: true,
      sameSite,
      partitioned,
      maxAge,
    })
    c.header('cache-control', 'no-store')
  }
  return {
    name,
    read: (c) => getCookie(c, name),
    readFast: (c) => getCookie(c, fastName),
    set(c, { token, session }) {
      put(c, name, token, session.absoluteExpiresAt - session.validatedAt)
      // It was issued beside another token, and is of no use with this one.
      if (getCookie(c, fastName) !== undefined) put(c, fastName, '', 0)
    },
    setFast(c, token, maxAgeMs) {
      put(c, fastName, token, maxAgeMs)
    },
    clear(c) {
      put(c, name, '', 0)
      put(c, fastName, '', 0)
    },
    isChangedBy: (c) =>
      c.res.headers.getSetCookie().some((cookie) => cookie.startsWith(`${name}=`)),
  }
}
