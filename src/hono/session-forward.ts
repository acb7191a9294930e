/**
 * Forwards a request to an origin, with an assertion by the edge of the user it acts for.
 *
 * @module
 */

import type { Context } from 'hono'
import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { dropHopByHop } from '../web/hop-by-hop.ts'
import type { AssertedSession, SessionAssertions } from './session-assertion.ts'
import { type SessionCookie, sessionCookie } from './session-cookie.ts'

/** Options for {@link forwarder}. */
export interface ForwardOptions {
  /** The target origin, such as `https://origin.example`; path and query are those of the request. */
  readonly to: string
  /** Signs the assertions. */
  readonly assertions: SessionAssertions
  /** The header that carries the assertion. @default 'x-nearcache-session' */
  readonly header?: string
  /**
   * Headers that only the edge may set; those of clients are removed. `*` at the end stands for the rest
   * of a name. @default ['x-nearcache-*', 'x-middleware-*', 'x-internal-*']
   */
  readonly internal?: readonly string[]
  /** The session's cookies, which are not forwarded. @default sessionCookie() */
  readonly cookie?: SessionCookie
}

/** Headers that `fetch` sets itself. */
const OF_FETCH = ['host', 'content-length']
const INTERNAL = ['x-nearcache-*', 'x-middleware-*', 'x-internal-*']
const PATTERN = /^[a-z0-9-]+\*?$/

/**
 * Creates a function that converts a request to the one for the origin: without internal headers from the
 * client, without the session's tokens, and with an assertion if there is a session.
 *
 * The origin must trust only the assertion. It must not treat a request without an assertion as admitted
 * by the edge, and must not skip its own checks because there is an assertion.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
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
  checkFields(options, 'options', ['to', 'assertions', 'header', 'internal', 'cookie'])
  const { to, assertions, header = 'x-nearcache-session', internal = INTERNAL } = options
  const { cookie = sessionCookie() } = options
  if (!URL.canParse(to) || new URL(to).origin !== to) {
    throw new InvalidOptionError('to', 'an origin such as https://origin.example')
  }
  if (!internal.every((pattern) => PATTERN.test(pattern))) {
    throw new InvalidOptionError('internal', 'names of headers in lower case, or beginnings with *')
  }
  const isInternal = matcher([...internal, header.toLowerCase().replaceAll('_', '-')])
  return function forward(c, session) {
    const { raw } = c.req
    const headers = new Headers(raw.headers)
    dropHopByHop(headers)
    for (const name of OF_FETCH) headers.delete(name)
    for (const name of raw.headers.keys()) if (isInternal(name)) headers.delete(name)
    hideTokens(headers, cookie, session?.credential === 'bearer')
    if (session) headers.set(header, assertions.sign(session))
    const { pathname, search } = new URL(raw.url)
    const body = bodyOf(c)
    return new Request(`${to}${pathname}${search}`, {
      method: raw.method,
      headers,
      body,
      redirect: 'manual',
      signal: raw.signal,
      // Node requires `duplex` when the body is a stream; other runtimes ignore it.
      ...(body !== null && { duplex: 'half' }),
    })
  }
}

/** The body, also if middleware has read it, for example to limit log-ins by account. */
function bodyOf({ req: { raw, bodyCache } }: Context): ReadableStream<Uint8Array> | null {
  const read = bodyCache.text ?? bodyCache.arrayBuffer
  // What was read in another way, such as a form, cannot be sent unchanged: `Request` refuses the used body.
  if (!raw.bodyUsed || read === undefined) return raw.body
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(await new Response(await read).arrayBuffer()))
      controller.close()
    },
  })
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')))
  const starts = patterns.filter((pattern) => pattern.endsWith('*')).map((at) => at.slice(0, -1))
  return (name) => {
    // Many servers treat an underscore as a hyphen (RFC 3875, section 4.1.18).
    const read = name.replaceAll('_', '-')
    return names.has(read) || starts.some((start) => read.startsWith(start))
  }
}

/** Removes the session's tokens: an origin that has a token could log it, or act as the user anywhere. */
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
