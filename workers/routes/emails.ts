/**
 * `/emails`: the messages of the mailbox.
 *
 * @module
 */

import type { Context, Hono } from 'hono'
import type {
  EmailChange,
  EmailChanges,
  EmailEntity,
  EmailImage,
  EmailQuery,
  EmailRepository,
  NewEmail,
} from 'nearcache/email'
import * as z from 'zod/mini'
import { readBody, readJson } from '../body.ts'
import { newApp } from '../new-app.ts'
import { readQuery } from '../parameters.ts'
import { ProblemError } from '../problem.ts'

/** Changes to many messages. The repository checks their content. */
const BulkChange = z.strictObject({
  ids: z.array(z.string()).check(z.maxLength(1_000)),
  changes: z.looseObject({}),
})

/**
 * Builds the routes. The repository checks the input; an invalid field gives a 400 that names it.
 *
 * - `GET /` answers a page, `{ emails, nextCursor?, total? }`. Parameters: the lists `statuses`,
 *   `priorities`, `workflowStates`, `workflowTypes`, `senderEmails`, `recipients`, `categories`
 *   (words separated by commas); `workflowChainId`, `threadId`, `conversationId`, `search`;
 *   `assignedTo` (empty for unassigned); `from`, `to` (ISO 8601 or epoch milliseconds);
 *   `hasAttachments`, `isRead`, `isFlagged` (`true` or `false`); `anyOf` (JSON); `orderBy`,
 *   `direction`, `limit`, `cursor`, `offset`, `total`.
 * - `POST /` stores a message: 201 with the message; 409 if it exists already. With a list of messages, it
 *   answers `{ created, duplicates }`: 201, or 200 if all of them existed.
 * - `PATCH /` with `{ ids, changes }` changes many messages, and answers `{ changed }`: the messages
 *   that now differ, without bodies.
 * - `GET /:id` and `PATCH /:id` answer the message, after the change; `DELETE /:id` answers 204; 404
 *   if there is no such message.
 * - `PUT /:id/entities` with a list stores the recognised entities, and answers the message.
 */
export function emailRoutes(emails: EmailRepository): Hono {
  return newApp()
    .get('/', async (c) => c.json(await emails.queryEmails(readQuery(c) as EmailQuery)))
    .post('/', async (c) => {
      const body = await readJson(c)
      const isBatch = Array.isArray(body) && body.length > 0
      return isBatch ? storeAll(c, emails, body) : storeOne(c, emails, body)
    })
    .patch('/', async (c) => {
      const { ids, changes } = await readBody(c, BulkChange)
      const changed = await changeAll(emails, ids, changes)
      return c.json({ changed: changed.map(({ after }) => after) })
    })
    .get('/:id', async (c) => c.json((await emails.getEmailById(c.req.param('id'))) ?? missing()))
    .patch('/:id', async (c) => {
      const changes = (await readJson(c)) as EmailChanges
      return c.json((await emails.updateEmail(c.req.param('id'), changes)) ?? missing())
    })
    .delete('/:id', async (c) => {
      return (await emails.deleteEmail(c.req.param('id'))) ? c.body(null, 204) : missing()
    })
    .put('/:id/entities', async (c) => {
      const entities = (await readJson(c)) as readonly EmailEntity[]
      const change = await emails.storeEmailEntities(c.req.param('id'), entities)
      return c.json(change?.after ?? missing())
    })
}

async function storeOne(c: Context, emails: EmailRepository, body: unknown): Promise<Response> {
  const email = await emails.createEmail(body as NewEmail)
  return c.json(email, 201, { location: `/emails/${encodeURIComponent(email.id)}` })
}

async function storeAll(c: Context, emails: EmailRepository, body: unknown[]): Promise<Response> {
  const result = await emails.batchCreate(body as NewEmail[])
  return c.json(result, result.created.length > 0 ? 201 : 200)
}

/** `markAsRead` changes only messages in the other state; for other fields, there is no such method. */
function changeAll(
  emails: EmailRepository,
  ids: readonly string[],
  changes: Readonly<Record<string, unknown>>,
): Promise<readonly EmailChange<EmailImage>[]> {
  const isMark = Object.keys(changes).join() === 'isRead'
  return isMark
    ? emails.markAsRead(ids, changes['isRead'] as boolean)
    : emails.bulkUpdate(ids, changes as EmailChanges)
}

/** @throws {ProblemError} 404. */
export function missing(): never {
  throw new ProblemError({ status: 404, title: 'There is no such email' })
}
