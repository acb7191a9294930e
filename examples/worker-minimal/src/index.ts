/**
 * A cached route on a database, a write that invalidates what it changes, and a cron job that warms the cache.
 *
 * @module
 */

import { Hono } from 'hono'
import { type CacheNamespace, RedisCacheManager, restTransport } from 'nearcache'
import { workersPlatform } from 'nearcache/platform/workers'
import { type DurableNamespaceLike, durableTransport } from 'nearcache/redis/durable'

export { RedisObject } from 'nearcache/worker'

interface Env {
  readonly DB: D1Database
  readonly REDIS: DurableNamespaceLike
  readonly UPSTASH_REDIS_REST_URL?: string
  readonly UPSTASH_REDIS_REST_TOKEN?: string
}

interface Product {
  readonly id: string
  readonly price: number
}

let cache: RedisCacheManager | undefined

function products(env: Env): CacheNamespace<Product | null> {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env
  // One cache for each isolate.
  cache ??= new RedisCacheManager({
    redis:
      url && token ? restTransport({ url, token }) : durableTransport({ namespace: env.REDIS }),
    platform: workersPlatform(),
  })
  return cache.namespace('products', { ttl: '1h', staleIfError: '24h' })
}

function product(env: Env, id: string): Promise<Product | null> {
  return products(env).getOrSet(id, () =>
    env.DB.prepare('SELECT id, price FROM products WHERE id = ?').bind(id).first<Product>(),
  )
}

const app = new Hono<{ Bindings: Env }>()

app.get('/products/:id', async (c) => {
  const found = await product(c.env, c.req.param('id'))
  return found ? c.json(found) : c.notFound()
})

app.put('/products/:id', async (c) => {
  const { id } = c.req.param()
  const { price } = await c.req.json<{ price: number }>()
  await c.env.DB.prepare('UPDATE products SET price = ? WHERE id = ?').bind(price, id).run()
  await products(c.env).delete(id) // later reads see the new price
  return c.body(null, 204)
})

export default {
  fetch: app.fetch,
  async scheduled(_event: ScheduledController, env: Env): Promise<void> {
    const { results } = await env.DB.prepare('SELECT id FROM products').all<{ id: string }>()
    await Promise.all(results.map(({ id }) => product(env, id)))
  },
}
