/**
 * `/admin`: what operators may ask of the cache, with the token.
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
  /** 1 to 64 tags: one command, whatever their number. */
  tags: z
    .array(z.string().check(z.minLength(1), z.maxLength(256)))
    .check(z.minLength(1), z.maxLength(64)),
  /** The namespace that the tags are of. @default 'email' */
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
  /** The messages that were changed; any of them, without. */
  ids: z.optional(
    z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(1_000)),
  ),
})

/**
 * Builds the routes. 401 without the token, 403 where none is configured, 429 after ten wrong ones
 * within a minute, 409 for what needs the cache while it is off.
 *
 * - `GET /stats` answers `{ cache, llm, sql }`: figures of this isolate, and its SQL statements.
 * - `GET /rejected` answers `{ messages }`, the mail that came last and could not be stored, with the
 *   reason; `limit` is 1 to 100, 20 without.
 * - `POST /invalidate` with `{ tags, namespace? }`: 204 when Redis has acknowledged.
 * - `POST /changed` with `{ ids? }` tells the cache of what was changed in the database past the
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
