/**
 * `/admin`: figures and operations of the cache, for operators with the token.
 *
 * @module
 */

import type { Hono } from 'hono'
import * as z from 'zod/mini'
import { failureLimit, requireToken } from '../admission.ts'
import { readBody } from '../body.ts'
import type { Caching, Composition } from '../compose.ts'
import { newApp } from '../new-app.ts'
import { numberIn } from '../parameters.ts'
import { ProblemError } from '../problem.ts'

const Invalidation = z.strictObject({
  /** 1 to 64 tags. All are invalidated by one command. */
  tags: z
    .array(z.string().check(z.minLength(1), z.maxLength(256)))
    .check(z.minLength(1), z.maxLength(64)),
  /** The namespace of the tags. @default 'email' */
  namespace: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
})

const Warming = z.strictObject({
  recentDays: z.optional(z.int().check(z.minimum(1), z.maximum(366))),
  priorityEmails: z.optional(z.boolean()),
  topSenders: z.optional(z.int().check(z.minimum(0), z.maximum(100))),
  queries: z.optional(z.int().check(z.minimum(0), z.maximum(128))),
  maxEmails: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
})

const Changed = z.strictObject({
  /** The messages that were changed. If absent, any message may have changed. */
  ids: z.optional(
    z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(1_000)),
  ),
})

/**
 * Builds the routes. 401 without the token, 403 if none is configured, 429 after ten wrong tokens within a
 * minute, 409 for operations of the cache while it is off.
 *
 * - `GET /stats` answers `{ cache, llm, sql }`: figures of this isolate, and its SQL statements.
 * - `GET /rejected` answers `{ messages }`, the latest mail that could not be stored, with the reason;
 *   `limit` is 1 to 100, by default 20.
 * - `POST /invalidate` with `{ tags, namespace? }`: 204 when Redis has acknowledged.
 * - `POST /changed` with `{ ids? }` tells the cache that messages were changed in the database without the
 *   Worker: 204.
 * - `POST /warm` with the options of `warmCache` answers what was read: `{ lists, emails, isComplete }`.
 */
export function adminRoutes({
  caching,
  redis,
  rejected,
  sql,
  adminToken,
}: Pick<Composition, 'caching' | 'redis' | 'rejected' | 'sql' | 'adminToken'>): Hono {
  return newApp()
    .use(requireToken(adminToken, failureLimit(redis)))
    .get('/stats', async (c) => {
      const cache = await caching?.cache.getStats()
      const llm = caching?.answers.getCacheStats()
      return c.json({ cache: cache ?? 'off', llm, sql: { statements: sql.statements } })
    })
    .get('/rejected', async (c) => {
      const limit = numberIn(c.req.query('limit') ?? '20')
      return c.json({ messages: await rejected.list(limit as number) })
    })
    .post('/invalidate', async (c) => {
      const { cache } = required(caching)
      const { tags, namespace = 'email' } = await readBody(c, Invalidation)
      await cache.namespace(namespace).invalidateTags(tags)
      return c.body(null, 204)
    })
    .post('/changed', async (c) => {
      const { ids } = await readBody(c, Changed)
      await required(caching).emails.notifyChanged(ids === undefined ? {} : { ids })
      return c.body(null, 204)
    })
    .post('/warm', async (c) => {
      const { emails } = required(caching)
      return c.json(await emails.warmCache(await readBody(c, Warming)))
    })
}

function required(caching: Caching | undefined): Caching {
  if (caching) return caching
  throw new ProblemError({ status: 409, title: 'The cache is off' })
}
