/**
 * Routes of the mailbox besides `/emails`: threads, figures, workflow chains, and messages by the id of the
 * mail provider.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { DateRange, EmailRepository, NewEmail, WorkflowChainInput } from 'nearcache/email'
import { readJson } from '../body.ts'
import { newApp } from '../new-app.ts'
import { readRange } from '../parameters.ts'
import { ProblemError } from '../problem.ts'
import { missing } from './emails.ts'

/**
 * Builds the routes.
 *
 * - `GET /threads/:id` and `GET /conversations/:id` answer `{ emails }`, oldest first.
 * - `GET /analytics` answers the figures of the messages received from `from` to `to`, or of all messages.
 * - `GET /graph/:id` answers the message with this graph id; `PUT /graph/:id` stores it (201) or changes
 *   the existing one (200), and answers the message.
 * - `GET /workflows/:id` answers a workflow chain; `PUT /workflows/:id` stores or changes it.
 */
export function mailboxRoutes(emails: EmailRepository): Hono {
  return newApp()
    .get('/threads/:id', async (c) => c.json({ emails: await emails.getThread(c.req.param('id')) }))
    .get('/conversations/:id', async (c) =>
      c.json({ emails: await emails.getConversation(c.req.param('id')) }),
    )
    .get('/analytics', async (c) => {
      return c.json(await emails.getAnalytics(readRange(c) as DateRange | undefined))
    })
    .get('/graph/:id', async (c) =>
      c.json((await emails.getEmailByGraphId(c.req.param('id'))) ?? missing()),
    )
    .put('/graph/:id', async (c) => {
      const graphId = c.req.param('id')
      const email = { ...asObject(await readJson(c)), graphId } as unknown as NewEmail
      const { before, after } = await emails.createOrUpdate(email)
      return c.json(after, before === undefined ? 201 : 200)
    })
    .get('/workflows/:id', async (c) =>
      c.json((await emails.getWorkflowChain(c.req.param('id'))) ?? missingChain()),
    )
    .put('/workflows/:id', async (c) => {
      const id = c.req.param('id')
      const chain = { ...asObject(await readJson(c)), id } as unknown as WorkflowChainInput
      const { before, after } = await emails.createOrUpdateWorkflowChain(chain)
      return c.json(after, before === undefined ? 201 : 200)
    })
}

function asObject(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>
  }
  throw new ProblemError({ status: 400, title: 'Invalid field', field: 'body' })
}

function missingChain(): never {
  throw new ProblemError({ status: 404, title: 'There is no such workflow chain' })
}
