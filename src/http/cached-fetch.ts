/**
 * A `fetch` with an HTTP cache.
 *
 * @module
 */

import { checkFunction, oneOf } from '../entry/option-checks.ts'
import { whileWanted } from '../flight/deadline.ts'
import { asDecoded } from './decoded.ts'
import { type HttpCacheOptions, resolveSettings } from './options.ts'
import { ResponseCache } from './response-cache.ts'

/** Options of {@link cachedFetch}. */
export interface CachedFetchOptions extends HttpCacheOptions {
  /**
   * `private`: also stores `private` responses and those to requests with credentials, only for the same
   * credentials, or the same `user`. `shared`: stores only responses for everyone. @default 'private'
   */
  readonly audience?: 'private' | 'shared'
  /** @default the global one */
  readonly fetch?: (request: Request) => Promise<Response>
}

/** The cache modes of `fetch` as cache directives. */
const MODES: Readonly<Record<string, string>> = {
  'no-store': 'no-store',
  reload: 'no-cache',
  'no-cache': 'no-cache',
  'force-cache': 'max-stale',
  'only-if-cached': 'only-if-cached, max-stale',
}

/**
 * Creates a `fetch` with an HTTP cache. The `cache` mode of a request is respected; with `only-if-cached`, a
 * miss is a 504. Redirects, and responses reached by a redirect, are not stored. A request with `integrity`
 * bypasses the cache.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function cachedFetch(
  options: CachedFetchOptions,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const audience = oneOf(options.audience ?? 'private', 'audience', ['private', 'shared'])
  const settings = resolveSettings(options, ['audience', 'fetch'], audience)
  const cache = new ResponseCache(settings)
  const { fetch = (request) => globalThis.fetch(request) } = options
  checkFunction(fetch, 'fetch')
  return (input, init) => {
    const request = withMode(new Request(input, init))
    const origin = async (sent: Request): Promise<Response> =>
      asDecoded(await fetch(sent === request ? request : sentLike(request, sent)))
    if (wantsDigest(request)) return origin(request)
    const ways = { origin, behind: origin, keepsRedirects: false }
    return whileWanted(settings.platform, request.signal, () => cache.handle(request, ways))
  }
}

/** What the cache sends, in the way that the caller asked for: with `credentials`, `cf`, a `dispatcher`. */
function sentLike(request: Request, { url, method, headers, signal }: Request): Request {
  const asked = url === request.url ? request : new Request(url, request)
  return new Request(asked, { method, headers, signal })
}

/** Whether the request has `integrity`: stored responses were not checked against a digest. */
function wantsDigest({ method, integrity }: Request): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  return isRead && (integrity ?? '') !== ''
}

/** The request with its cache mode as a directive, unless it has directives of its own. */
function withMode(request: Request): Request {
  // Not every runtime supports cache modes.
  const directive = MODES[request.cache ?? 'default']
  if (directive === undefined || request.headers.has('cache-control')) return request
  const headers = new Headers(request.headers)
  headers.set('cache-control', directive)
  return new Request(request, { headers })
}
