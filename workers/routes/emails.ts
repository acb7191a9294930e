/**
 * `/emails`: the mailbox.
 *
 * @module
 */

import { type Context, Hono } from 'hono'
import type { EmailChanges, EmailQuery, EmailRepository, NewEmail } from 'nearcache/email'
import { readJson } from '../body.ts'
import { ProblemError } from '../problem.ts'

/**
 * Builds the routes. The repository checks what comes in; a field that is wrong is a 400 that names
 * it.
 *
 * - `GET /` answers a page, `{ emails, nextCursor? }`. Parameters: `statuses`, `priorities`,
 *   `senderEmails` (words separated by commas), `assignedTo` (empty for unassigned), `from`, `to`
 *   (ISO 8601 or epoch milliseconds), `isRead`, `threadId`, `limit`, `cursor`.
 * - `POST /` stores a message: 201 with the message; 409 when it is there already.
 * - `GET /:id` and `PATCH /:id` answer the message, after the change; 404 when there is none.
 */
export function emailRoutes(emails: EmailRepository): Hono {
  return new Hono()
    .get('/', async (c) => c.json(await emails.queryEmails(readQuery(c))))
    .post('/', async (c) => {
      const email = await emails.createEmail((await readJson(c)) as NewEmail)
      return c.json(email, 201, { location: `/emails/${encodeURIComponent(email.id)}` })
    })
    .get('/:id', async (c) => c.json((await emails.getEmailById(c.req.param('id'))) ?? missing()))
    .patch('/:id', async (c) => {
      const changes = (await readJson(c)) as EmailChanges
      return c.json((await emails.updateEmail(c.req.param('id'), changes)) ?? missing())
    })
}

function missing(): never {
  throw new ProblemError({ status: 404, title: 'There is no such email' })
}

const READERS: Readonly<Record<string, (texts: readonly string[]) => Record<string, unknown>>> = {
  statuses: (texts) => ({ statuses: words(texts) }),
  priorities: (texts) => ({ priorities: words(texts) }),
  senderEmails: (texts) => ({ senderEmails: words(texts) }),
  assignedTo: ([text]) => ({ assignedTo: text === '' ? null : text }),
  isRead: ([text]) => ({ isRead: text === 'true' || (text !== 'false' && text) }),
  threadId: ([text]) => ({ threadId: text }),
  limit: ([text = '']) => ({ limit: numberIn(text) }),
  cursor: ([text]) => ({ cursor: text }),
}

/**
 * The query that the parameters ask for, its values not checked yet.
 *
 * @throws {ProblemError} 400, for a parameter that is unknown, or given twice and no list.
 */
function readQuery(c: Context): EmailQuery {
  const { from, to, ...rest } = c.req.queries()
  const range = {
    ...(from && { start: numberIn(only('from', from)) }),
    ...(to && { end: numberIn(only('to', to)) }),
  }
  const fields = Object.entries(rest).map(([name, texts]) => {
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
    if (!read)
      throw invalid('query', `Parameters are ${[...Object.keys(READERS), 'from', 'to'].join(', ')}`)
    if (!LISTS.includes(name)) only(name, texts)
    return read(texts)
  })
  return Object.assign({}, ...fields, from || to ? { dateRange: range } : {}) as EmailQuery
}

const LISTS: readonly string[] = ['statuses', 'priorities', 'senderEmails']

function only(field: string, texts: readonly string[]): string {
  const [text = '', ...more] = texts
  if (more.length > 0) throw invalid(field, `Parameter "${field}" must be given once`)
  return text
}

function invalid(field: string, detail: string): ProblemError {
  return new ProblemError({ status: 400, title: 'Invalid field', detail, field })
}

function words(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(','))
}

/** A number where it is written as one; else the text, for the repository to judge. */
function numberIn(text: string): number | string {
  return /^-?\d{1,16}$/.test(text) ? Number(text) : text
}
