/**
 * A tRPC server over real HTTP with its own cache, for the tests of the middleware.
 *
 * @module
 */

import { createTRPCClient, httpBatchLink, httpBatchStreamLink } from '@trpc/client'
import { type AnyTRPCRouter, initTRPC } from '@trpc/server'
import { createHTTPServer } from '@trpc/server/adapters/standalone'
import superjson from 'superjson'
import { onTestFinished } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import type { CacheOptions } from '../../../src/cache/options.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import {
  type CacheMeta,
  type CacheMiddleware,
  type CacheMiddlewareOptions,
  createCacheMiddleware,
  type ResponseMetaInput,
} from '../../../src/trpc/index.ts'

/** The context in these tests: the user from the request's header. */
export interface Context {
  readonly user?: { readonly id: string; readonly cacheEnabled?: boolean } | undefined
}

export const t = initTRPC.context<Context>().meta<CacheMeta>().create({ transformer: superjson })

/** A cache on its own engine; the deadline is long enough for a busy machine. */
export function makeCache(options: Partial<CacheOptions> = {}): RedisCacheManager {
  return new RedisCacheManager({
    redis: embeddedTransport(),
    deadline: '10s',
    jitter: 0,
    ...options,
  })
}

/** A middleware on its own cache. */
export function makeMiddleware(options: CacheMiddlewareOptions = {}): CacheMiddleware {
  return createCacheMiddleware({ cache: makeCache(), ...options })
}

/** A client of a running server, with the `fetch` responses that it has received. */
export interface Client<Router extends AnyTRPCRouter> {
  readonly trpc: ReturnType<typeof createTRPCClient<Router>>
  readonly responses: Response[]
}

/** Serves a router until the test ends; `as` creates a client for a user. */
export async function serve<Router extends AnyTRPCRouter>(
  router: Router,
  responseMeta?: (input: ResponseMetaInput) => { readonly headers?: Record<string, string> },
): Promise<{ as(user?: string, streams?: boolean): Client<Router> }> {
  const server = createHTTPServer({
    router,
    createContext: ({ req }): Context => {
      const id = req.headers['x-user']
      return typeof id === 'string' ? { user: { id, cacheEnabled: true } } : {}
    },
    ...(responseMeta && { responseMeta }),
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen')
  const url = `http://127.0.0.1:${address.port}`
  return {
    as(user, streams = false) {
      const responses: Response[] = []
      const link = (streams ? httpBatchStreamLink : httpBatchLink) as typeof httpBatchLink
      const options = {
        url,
        transformer: superjson,
        headers: user === undefined ? {} : { 'x-user': user },
        fetch: async (input: RequestInfo | URL | string, init?: object): Promise<Response> => {
          const response = await fetch(input, init as RequestInit)
          responses.push(response)
          return response
        },
      }
      const links = [link(options as never)]
      return { trpc: createTRPCClient<Router>({ links: links as never }), responses }
    },
  }
}
