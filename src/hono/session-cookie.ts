/**
 * The cookies that hold a browser's session.
 *
 * @module
 */

import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { checkFields, oneOf } from '../entry/option-checks.ts'
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
  /** A separate cookie for each site that embeds the page (CHIPS); only with `None`. @default false */
  readonly partitioned?: boolean
}

/**
 * The session's cookie, and the one for its fast path.
 *
 * Both are `Secure; HttpOnly; Path=/`, without a domain. Setting one also sets `Cache-Control: no-store`
 * on the response.
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
  /** Deletes both cookies. */
  clear(c: Context): void
  /** Whether the response sets or deletes the session's cookie. */
  isChangedBy(c: Context): boolean
}

/** The times of a session that a cookie's lifetime depends on, in epoch milliseconds. */
interface Lasting {
  readonly validatedAt: number
  readonly absoluteExpiresAt: number
}

const NAME = /^__Host-[\w-]{1,57}$/
/** RFC 6265bis lets no cookie live longer: 400 days. */
const MAX_AGE_SECONDS = 34_560_000

/**
 * Creates the cookies by these options. Create it once, and pass it to {@link session} and to the routes
 * that log in.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function sessionCookie(options: SessionCookieOptions = {}): SessionCookie {
  checkFields(options, 'cookie', ['name', 'sameSite', 'partitioned'])
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
      // The old fast-path token belongs to another session token, and is useless with this one.
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
