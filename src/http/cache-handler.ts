/**
 * Puts the HTTP cache before a function that answers web requests: a Next.js route handler, the `fetch`
 * of a Worker or of Bun, or on Node with `getRequestListener` of `@hono/node-server` a listener that
 * Express and Fastify can mount.
 *
 * @module
 */

import { type HttpCacheOptions, resolveSettings } from './options.ts'
import { ResponseCache } from './response-cache.ts'

/** A function that answers requests, with any further arguments from its host. */
export type Handler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Puts an HTTP cache in front of a handler. On a miss the handler gets a plain GET without conditions; the
 * cache answers conditional and range requests from the whole response. A HEAD or range request for something
 * that is not stored is passed on unchanged, and its response is not stored.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 * @throws The handler's own error, unchanged, as a rejection of the returned function.
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
