/**
 * Hands a request on to an origin, which learns who it acts for from the edge alone.
 *
 * @module
 */

import type { Context } from 'hono'
import { InvalidOptionError } from '../errors.ts'
import { dropHopByHop } from '../web/hop-by-hop.ts'
import type { AssertedSession, SessionAssertions } from './session-assertion.ts'
import { type SessionCookie, sessionCookie } from './session-cookie.ts'

/** Options for {@link forwarder}. */
export interface ForwardOptions {
  /** Where to: an origin, such as `https://origin.example`; path and query are the request's. */
  readonly to: string
  /** Sign what the origin is told. */
  readonly assertions: SessionAssertions
  /** The header that carries the assertion. @default 'x-nearcache-session' */
  readonly header?: string
  /**
   * Headers that only the edge may write, and clients therefore may not send; `*` at the end stands
   * for the rest of a name. @default ['x-nearcache-*', 'x-middleware-*', 'x-internal-*']
   */
  readonly internal?: readonly string[]
  /** Whose cookies the origin does not get. @default sessionCookie() */
  readonly cookie?: SessionCookie
}

/** Headers that `fetch` writes itself. */
const OF_FETCH = ['host', 'content-length']
const INTERNAL = ['x-nearcache-*', 'x-middleware-*', 'x-internal-*']
const PATTERN = /^[a-z0-9-]+\*?$/

/**
 * Makes what turns a request into the one for the origin: without internal headers of the client's
 * making, without the session's tokens, and with an assertion where there is a session.
 *
 * The origin believes the assertion and nothing else: to find no assertion must not mean that the
 * edge has let the request through, and to find one must not be a reason to skip what it checks
 * itself.
 *
 * @throws {InvalidOptionError} When an option is out of its range.
 *
 * @example
 * ```ts
 * const forward = forwarder({ to: 'https://origin.example', assertions })
 * app.all('/api/*', session({ sessions }), (c) => fetch(forward(c, c.var.session)))
 * ```
 */
export function forwarder(
  options: ForwardOptions,
): (c: Context, session: (AssertedSession & { credential?: string }) | undefined) => Request {
  const { to, assertions, header = 'x-nearcache-session', internal = INTERNAL } = options
  const { cookie = sessionCookie() } = options
  if (!URL.canParse(to) || new URL(to).origin !== to) {
    throw new InvalidOptionError('to', 'an origin such as https://origin.example')
  }
  if (!internal.every((pattern) => PATTERN.test(pattern))) {
    throw new InvalidOptionError('internal', 'names of headers in lower case, or beginnings with *')
  }
  const isInternal = matcher([...internal, header])
  return function forward(c, session) {
    const { raw } = c.req
    const headers = new Headers(raw.headers)
    dropHopByHop(headers)
    for (const name of OF_FETCH) headers.delete(name)
    for (const name of raw.headers.keys()) if (isInternal(name)) headers.delete(name)
    hideTokens(headers, cookie, session?.credential === 'bearer')
    if (session) headers.set(header, assertions.sign(session))
    const { pathname, search } = new URL(raw.url)
    return new Request(`${to}${pathname}${search}`, {
      method: raw.method,
      headers,
      body: raw.body,
      redirect: 'manual',
      signal: raw.signal,
      // What Node asks for where a body is a stream; other runtimes do not look at it.
      ...(raw.body !== null && { duplex: 'half' }),
    })
  }
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const starts = patterns.filter((pattern) => pattern.endsWith('*')).map((at) => at.slice(0, -1))
  return (name) => {
    // Many servers take an underscore for a hyphen (RFC 3875, section 4.1.18).
    const read = name.replaceAll('_', '-')
    return names.has(read) || starts.some((start) => read.startsWith(start))
  }
}

/** An origin that has the token could act as the user anywhere, and log it. */
function hideTokens(headers: Headers, { name }: SessionCookie, isBearer: boolean): void {
  if (isBearer) headers.delete('authorization')
  const pairs = (headers.get('cookie') ?? '').split(/; */).filter((pair) => pair !== '')
  const others = pairs.filter((pair) => ![name, `${name}-fast`].includes(nameIn(pair)))
  if (others.length > 0) headers.set('cookie', others.join('; '))
  else headers.delete('cookie')
}

function nameIn(pair: string): string {
  return pair.split('=', 1)[0]?.trim() ?? ''
}
