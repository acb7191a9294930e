/**
 * The routes: a query that is answered from the cache, and a mutation that invalidates what it changes.
 *
 * @module
 */

import { initTRPC } from '@trpc/server'
import type { EmailRepository } from 'nearcache/email'
import { type CacheMeta, createCacheMiddleware } from 'nearcache/trpc'
import { z } from 'zod'

/** The context of each call: the user, and the mailbox. */
export interface Context {
  readonly user: { readonly id: string }
  readonly emails: EmailRepository
}

const t = initTRPC.context<Context>().meta<CacheMeta>().create()
const cache = createCacheMiddleware({ namespace: 'api', defaultTTL: 900, tags: ['emails'] })

export const router = t.router({
  getEmails: t.procedure
    .use(cache)
    .input(z.object({ limit: z.number().int().min(1).max(100).default(10) }))
    .query(async ({ ctx, input }) => {
      const { emails } = await ctx.emails.queryEmails({ isRead: false, limit: input.limit })
      return emails.map(({ id, subject, receivedAt }) => ({ id, subject, receivedAt }))
    }),
  markAsRead: t.procedure
    .use(cache.invalidates(['emails']))
    .input(z.object({ id: z.string() }))
    .mutation(async ({ ctx, input }) => {
      await ctx.emails.markAsRead([input.id])
      return { id: input.id }
    }),
})
