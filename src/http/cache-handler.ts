/**
 * Puts the HTTP cache before a function that answers web requests: a Next.js route handler, the `fetch`
 * of a Worker or of Bun, or on Node with `getRequestListener` of `@hono/node-server` a listener that
 * Express and Fastify can mount.
 *
 * @module
 */

import { type HttpCacheOptions, resolveSettings } from './options.ts'
import { ResponseCache } from './response-cache.ts'

/** A function that answers requests, with whatever else its host hands to it. */
export type Handler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * A handler with a cache before it. On a miss the wrapped one is called with the request as a plain GET,
 * without conditions: the cache answers these, and ranges, from the whole response. For a HEAD or a range
 * of what is not stored it is called with the request as it is, and nothing is stored.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 * @throws Whatever the handler threw, unchanged, as a rejection of the function that is returned.
 */
export function cacheHandler<Rest extends readonly unknown[]>(
  handler: Handler<Rest>,
  options: HttpCacheOptions,
): (request: Request, ...rest: Rest) => Promise<Response> {
  const cache = new ResponseCache(resolveSettings(options))
  return (request, ...rest) => {
    const origin = async (sent: Request): Promise<Response> => handler(sent, ...rest)
    return cache.handle(request, { origin, behind: origin })
  }
}
