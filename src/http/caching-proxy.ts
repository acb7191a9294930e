/**
 * A caching reverse proxy, as a function from request to response.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../entry/duration.ts'
import { checkFunction } from '../entry/option-checks.ts'
import { InvalidOptionError } from '../errors.ts'
import { dropHopByHop } from '../web/hop-by-hop.ts'
import { withFields } from './answer.ts'
import { asDecoded } from './decoded.ts'
import { KEYED_HEADERS } from './key.ts'
import { type HttpCacheOptions, resolveSettings } from './options.ts'
import { ResponseCache, SAFE } from './response-cache.ts'

/** Options of {@link cachingProxy}. */
export interface CachingProxyOptions extends HttpCacheOptions {
  /** Where requests go: `https://origin.example`, optionally with a path that is prepended to theirs. */
  readonly origin: string | URL
  /** @default the global one */
  readonly fetch?: (request: Request) => Promise<Response>
  /** How long the origin may take to send its response headers; from 1 ms. @default '30s' */
  readonly timeout?: Duration
  /** The name of this proxy in `Via` (RFC 9110, section 7.6.3). @default 'nearcache' */
  readonly via?: string
}

const TIMED_OUT = Symbol('timed out')

/**
 * Creates a reverse proxy with a shared cache. It removes hop-by-hop fields, overwrites `X-Forwarded-Host` and
 * `X-Forwarded-Proto`, and adds to `Via`. `Accept-Encoding` is that of the runtime, and bodies are stored and
 * sent decoded. It does not forward `keyedHeaders` spelled with underscores. Redirects are passed on. An origin
 * that cannot be reached gives a 502, one that takes too long a 504, unless a stored response may be used.
 *
 * Interim responses (1xx) are not passed on, because `fetch` does not expose them.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function cachingProxy(
  options: CachingProxyOptions,
): (request: Request) => Promise<Response> {
  const settings = resolveSettings(options, ['origin', 'fetch', 'timeout', 'via'])
  const cache = new ResponseCache(settings)
  const keyed = new Set([...KEYED_HEADERS, ...settings.keyedHeaders])
  const { fetch = (request) => globalThis.fetch(request), timeout = '30s' } = options
  const via = viaOf(options.via ?? 'nearcache')
  const base = baseOf(options.origin)
  const timeoutMs = toMilliseconds(timeout, 'timeout', { min: 1 })
  checkFunction(fetch, 'fetch')

  const origin = async (request: Request): Promise<Response> => {
    const done = new AbortController()
    const limit = new AbortController()
    const timer = settings.platform.delay(timeoutMs, done.signal).then(() => limit.abort(TIMED_OUT))
    settings.platform.defer(timer.catch(() => undefined))
    try {
      // A client that leaves does not abort an unsafe request: the origin may already have applied it, and
      // its answer decides what is invalidated.
      const ends = SAFE.has(request.method) ? [request.signal, limit.signal] : [limit.signal]
      const response = await fetch(toOrigin(request, base, AbortSignal.any(ends)))
      return fromOrigin(response, via)
    } catch (error) {
      // The `fetch` of workerd rejects with a copy of the reason.
      throw limit.signal.aborted ? TIMED_OUT : error
    } finally {
      done.abort()
    }
  }
  return async (request) => {
    try {
      return await cache.handle(received(request, via, keyed), { origin, behind: origin })
    } catch (error) {
      if (request.signal.aborted) throw error
      return new Response(null, { status: error === TIMED_OUT ? 504 : 502 })
    }
  }
}

/** @throws {InvalidOptionError} When the origin is not the URL of a server. */
function baseOf(origin: string | URL): URL {
  const base = URL.canParse(origin) ? new URL(origin) : undefined
  const isServer = base?.protocol === 'http:' || base?.protocol === 'https:'
  if (base && isServer && base.search === '' && base.username === '') return base
  throw new InvalidOptionError('origin', 'an http or https URL without credentials and query')
}

function viaOf(name: string): string {
  if (/^[!#$%&'*+.^_`|~\w-]{1,100}$/.test(name)) return `1.1 ${name}`
  throw new InvalidOptionError('via', 'a token, as a pseudonym of this proxy')
}

/** The request as the cache sees it: the fields that depend on the client's connection are set here. */
function received(request: Request, via: string, keyed: ReadonlySet<string>): Request {
  const url = new URL(request.url)
  const headers = new Headers(request.headers)
  dropHopByHop(headers)
  // Many servers treat an underscore as a hyphen (RFC 3875, section 4.1.18).
  const spelled = (name: string): boolean => name.includes('_') && keyed.has(hyphenated(name))
  for (const name of [...headers.keys()].filter(spelled)) headers.delete(name)
  headers.delete('host')
  headers.delete('accept-encoding')
  headers.set('x-forwarded-host', url.host)
  headers.set('x-forwarded-proto', url.protocol.slice(0, -1))
  headers.append('via', via)
  return withTarget(request, url, headers, request.signal)
}

function hyphenated(name: string): string {
  return name.replaceAll('_', '-')
}

/** Appends the path to that of the origin. It cannot name another host. */
function toOrigin(request: Request, base: URL, signal: AbortSignal): Request {
  const { pathname, search } = new URL(request.url)
  const target = new URL(base)
  target.pathname = `${base.pathname.replace(/\/$/, '')}${pathname}`
  target.search = search
  return withTarget(request, target, request.headers, signal)
}

function withTarget(request: Request, url: URL, headers: Headers, signal: AbortSignal): Request {
  const { method, body } = request
  // A body that is a stream requires `duplex`, which the DOM types do not know yet.
  const streaming = body === null ? {} : { body, duplex: 'half' }
  return new Request(url, { method, headers, signal, redirect: 'manual', ...streaming })
}

function fromOrigin(response: Response, via: string): Response {
  const decoded = asDecoded(response)
  return withFields(decoded, decoded.body, (headers) => {
    dropHopByHop(headers)
    headers.append('via', via)
  })
}
