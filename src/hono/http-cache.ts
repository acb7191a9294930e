/**
 * The HTTP cache as Hono middleware, on any runtime.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { checkFunction } from '../entry/option-checks.ts'
import { type HttpCacheOptions, resolveSettings } from '../http/options.ts'
import { ResponseCache } from '../http/response-cache.ts'

/** Options of {@link httpCache}. */
export interface HonoHttpCacheOptions extends Omit<HttpCacheOptions, 'user'> {
  /**
   * Returns the user of a request, as `user` of {@link HttpCacheOptions}, from middleware before this one:
   * `(_request, c) => c.var.session.userId`. @default no user: the cache is shared
   */
  readonly user?: (request: Request, c: Context) => string | undefined
  /**
   * How to run the app again to refresh a stale response after it was sent, since a Hono context answers
   * only once: `(request, c) => app.fetch(request, c.env)`. This middleware lets that request pass and stores
   * the response of the handlers after it. Without it, stale responses are refreshed before the answer.
   * @default none
   */
  readonly revalidate?: (request: Request, c: Context) => Response | Promise<Response>
}

/**
 * Caches the responses of the handlers after it. Middleware mounted before it runs for every request,
 * middleware after it only on a miss.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function httpCache(options: HonoHttpCacheOptions): MiddlewareHandler {
  const { revalidate, user, ...others } = options
  /** The Hono context of each request, because the cache itself only sees requests. */
  const contexts = new WeakMap<Request, Context>()
  const userOf = (request: Request): string | undefined =>
    user?.(request, contexts.get(request) as Context)
  const settings = resolveSettings(
    { ...others, ...(user !== undefined && { user: typeof user === 'function' ? userOf : user }) },
    ['revalidate'],
  )
  const cache = new ResponseCache(settings)
  if (revalidate !== undefined) checkFunction(revalidate, 'revalidate')
  /** Requests of background refreshes, with the function that receives the handlers' response. */
  const own = new WeakMap<Request, (response: Response) => void>()

  return async function httpCache(c, next) {
    const { raw } = c.req
    const answered = async (): Promise<Response> => {
      await next()
      const response = c.res
      // Otherwise the context would merge this response's fields into the next response that is set.
      c.res = undefined
      return response
    }
    const tell = own.get(raw)
    if (tell) {
      tell(await answered())
      // The response after outer middleware is not sent to any client.
      c.res = new Response(null, { status: 204 })
      return undefined
    }
    const origin = async (request: Request): Promise<Response> => {
      c.req.raw = request
      const response = await answered()
      // Outer middleware must see the client's own request.
      c.req.raw = raw
      return response
    }
    const behind =
      revalidate &&
      (async (request: Request): Promise<Response> => {
        let inner: Response | undefined
        own.set(request, (response) => {
          inner = response
        })
        const outer = await revalidate(request, c)
        // Outer middleware may have refused the request before it reached this one.
        return inner ?? outer
      })
    // Hono turns an error of a handler into a response, which may have come after the handler's own write.
    const hasFailed = (): boolean => c.error !== undefined
    contexts.set(raw, c)
    c.res = await cache.handle(raw, { origin, behind, hasFailed })
    return undefined
  }
}
