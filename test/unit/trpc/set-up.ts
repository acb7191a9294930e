/**
 * A router with the middleware under test, called without HTTP and with a manual clock.
 *
 * @module
 */

import { vi } from 'vitest'
import type { CacheNamespace } from '../../../src/cache/namespace.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import {
  type CacheMiddlewareOptions,
  createCacheMiddleware,
  type ProcedureCacheOptions,
} from '../../../src/trpc/index.ts'
import { type Context, makeCache, t } from './app.ts'

export const ada: Context = { user: { id: 'ada', cacheEnabled: true } }
export const bob: Context = { user: { id: 'bob' } }

/** A router whose resolvers are all `resolve`; `meta` has the cache options of its procedures. */
export function setUp(options: CacheMiddlewareOptions = {}, meta?: false | ProcedureCacheOptions) {
  const platform = new ManualPlatform()
  const redis = countingTransport(embeddedTransport({ platform }))
  const cache = makeCache({ redis, platform })
  const middleware = createCacheMiddleware({ cache, ...options })
  const resolve = vi.fn(async (input: unknown): Promise<unknown> => ({ input, at: platform.now() }))
  const base = (meta === undefined ? t.procedure : t.procedure.meta({ cache: meta })).use(
    middleware,
  )
  const app = t.router({
    read: base.input((input: unknown) => input).query(({ input }) => resolve(input)),
    other: base.query(() => resolve('other')),
    write: base.mutation(() => resolve('written')),
  })
  return { platform, redis, cache, middleware, resolve, as: t.createCallerFactory(app) }
}

/** All keys of a namespace. */
export async function keysOf(space: CacheNamespace): Promise<string[]> {
  const keys: string[] = []
  for await (const key of space.keys()) keys.push(key)
  return keys
}
