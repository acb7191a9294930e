/**
 * Express with tRPC and health routes, on a cache that the environment configures: `REDIS_HOST`, or
 * `UPSTASH_REDIS_REST_URL` and `_TOKEN`. Without these, the cache is in memory.
 *
 * @module
 */

import { createExpressMiddleware } from '@trpc/server/adapters/express'
import express from 'express'
import { cacheManager, getCacheSystemStatus, startupCacheSystem } from 'nearcache/startup'
import { openMailbox } from './mailbox.ts'
import { router } from './router.ts'

await startupCacheSystem()
const emails = await openMailbox()

const app = express()
app.use(
  '/trpc',
  createExpressMiddleware({
    router,
    // In your application, the user comes from the session.
    createContext: ({ req }) => ({ user: { id: String(req.headers['x-user'] ?? 'demo') }, emails }),
  }),
)
app.get('/health/cache', async (_req, res) => {
  res.json(await getCacheSystemStatus())
})
app.get('/stats', async (_req, res) => {
  const { totalHits, totalMisses, hitRate } = await cacheManager.getStats()
  res.json({ totalHits, totalMisses, hitRate })
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') {
    console.log(`http://127.0.0.1:${address.port}/trpc/getEmails?input={"limit":3}`)
  }
})
