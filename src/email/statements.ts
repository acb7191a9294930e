/**
 * The SQL that reads messages by id and writes them.
 *
 * @module
 */

import { sql } from 'kysely'
import { type Assignments, assign, columnsOf, compile, type Fragment, jsonList } from './builder.ts'
import type { SqlStatement } from './driver.ts'
import type { Email, EmailEntity } from './email.ts'
import type { ParsedChanges } from './email-input.ts'
import { MAX_LIST_LENGTH } from './fields.ts'
import { EMAIL_COLUMNS, type EmailRow, IMAGE_COLUMNS, toChangedColumns, toRow } from './row.ts'
import { searchTokens } from './search.ts'

/** UTF-16 units of one bound value. At 3 bytes each in UTF-8, at most, this is 1.8 MB, under D1's 2 MB. */
const MAX_VALUE_UNITS = 600_000

const WHOLE = columnsOf(EMAIL_COLUMNS)
/** Without the bodies. */
const IMAGE = columnsOf(IMAGE_COLUMNS)

export function selectById(id: string): SqlStatement {
  return compile(sql`select ${WHOLE} from emails where ${hasId(id)}`)
}

export function selectByGraphId(graphId: string): SqlStatement {
  return compile(sql`select ${WHOLE} from emails where ${hasGraphId(graphId)}`)
}

/** Binds any number of ids as one value: D1 allows 100 bound values a statement. */
export function selectByIds(ids: readonly string[]): SqlStatement {
  return compile(sql`select ${WHOLE} from emails where id in ${jsonList(ids)}`)
}

/** Selects without bodies. With `isRead`, only messages that are not marked so yet. */
export function selectImages(ids: readonly string[], isRead?: boolean): SqlStatement {
  return compile(sql`select ${IMAGE} from emails where ${isOneOf(ids, isRead)} order by id`)
}

function hasId(id: string): Fragment {
  return sql`id = ${id}`
}

function hasGraphId(graphId: string): Fragment {
  return sql`graph_id = ${graphId}`
}

/** With `isRead`, only messages that are not marked so yet. */
function isOneOf(ids: readonly string[], isRead: boolean | undefined): Fragment {
  const listed = sql`id in ${jsonList(ids)}`
  // `+` stops SQLite from using the index on `is_read`, and so from scanning all read messages for these few.
  return isRead === undefined ? listed : sql`${listed} and +is_read = ${Number(!isRead)}`
}

/** Inserts nothing, and returns no row, if a unique field is taken. */
export function insert(email: Email): SqlStatement {
  const row = toRow(email)
  const values = sql.join(EMAIL_COLUMNS.map((column) => row[column]))
  return compile(
    sql`insert into emails (${WHOLE}) values (${values}) on conflict do nothing returning ${WHOLE}`,
  )
}

/** Without `WHERE true`, SQLite would parse ON CONFLICT as the ON of a join (sqlite.org/lang_upsert.html, 2.2). */
const INSERT_ROWS = `INSERT INTO emails (${EMAIL_COLUMNS.join(', ')})
SELECT ${EMAIL_COLUMNS.map((_, index) => `value ->> ${index}`).join(', ')}
FROM json_each(?) WHERE true ON CONFLICT DO NOTHING RETURNING id`

/** Stores the text of a message once, and only if the message itself was stored. */
const INSERT_TEXTS = `INSERT INTO email_texts (email_id, tokens)
SELECT value ->> 0, value ->> 1 FROM json_each(?)
WHERE value ->> 0 IN (SELECT id FROM emails) ON CONFLICT DO NOTHING`

/**
 * Inserts messages in order, hundreds in one statement, and their texts. A message is left out if one of
 * its unique fields is taken. The statements return the ids of the messages that were stored.
 */
export function insertAll(emails: readonly Email[]): SqlStatement[] {
  const rows = chunks(emails.map(rowText)).map((chunk) => {
    const [email] = chunk
    return chunk.length === 1 && email && email.text.length > MAX_VALUE_UNITS
      ? insert(email.email)
      : { sql: INSERT_ROWS, params: [jsonOf(chunk)] }
  })
  return [...rows, ...insertTexts(emails)]
}

/** Adds the words of stored messages to the search index. Idempotent. */
export function insertTexts(emails: readonly Email[]): SqlStatement[] {
  const texts = emails.map((email) => ({
    email,
    text: JSON.stringify([email.id, textOf(email)]),
  }))
  return chunks(texts).map((chunk) => ({ sql: INSERT_TEXTS, params: [jsonOf(chunk)] }))
}

/** The words of a message, separated by spaces, as the index expects them. */
export function textOf(email: Email): string {
  return [...searchTokens(email)].join(' ')
}

interface Piece {
  readonly email: Email
  readonly text: string
}

function rowText(email: Email): Piece {
  const row = toRow(email)
  return { email, text: JSON.stringify(EMAIL_COLUMNS.map((column) => row[column])) }
}

function jsonOf(pieces: readonly Piece[]): string {
  return `[${pieces.map(({ text }) => text).join(',')}]`
}

function chunks(pieces: readonly Piece[]): Piece[][] {
  const result: Piece[][] = []
  let units = Infinity
  for (const piece of pieces) {
    if (units + piece.text.length > MAX_VALUE_UNITS) {
      result.push([])
      units = 0
    }
    result.at(-1)?.push(piece)
    units += piece.text.length + 1
  }
  return result
}

/** The stored messages that share a unique field with one of `emails`: at most one for each field. */
export function selectRivals(emails: readonly Email[]): SqlStatement {
  const all = (field: 'id' | 'graphId' | 'messageId') =>
    jsonList(emails.map((email) => email[field]).filter((value) => value !== null))
  return compile(
    sql`select id, graph_id, message_id from emails where id in ${all('id')}
or graph_id in ${all('graphId')} or message_id in ${all('messageId')}`,
  )
}

/** Sets the changed columns, sets `updated_at` and increments `version`. Returns the row after the change. */
export function update(id: string, changes: ParsedChanges, now: number): SqlStatement {
  return updateWhere(hasId(id), changed(changes, now), now, WHOLE)
}

/** As {@link update}, for the message with this graph id. */
export function updateByGraphId(
  graphId: string,
  changes: ParsedChanges,
  now: number,
): SqlStatement {
  return updateWhere(hasGraphId(graphId), changed(changes, now), now, WHOLE)
}

/** As {@link update}, for many; returns no bodies. With `isRead`, only messages that are not marked so yet. */
export function updateAll(
  ids: readonly string[],
  changes: ParsedChanges,
  now: number,
  isRead?: boolean,
): SqlStatement {
  return updateWhere(isOneOf(ids, isRead), changed(changes, now), now, IMAGE)
}

/** Replaces the recognised entities of a message. */
export function updateEntities(
  id: string,
  entities: readonly EmailEntity[],
  now: number,
): SqlStatement {
  return updateWhere(hasId(id), { entities: JSON.stringify(entities) }, now, WHOLE)
}

const NOTE_RECIPIENT = `UPDATE emails
SET bcc = json_insert(bcc, '$[#]', json_object('address', ?)), updated_at = ?, version = version + 1
WHERE id = ? AND json_array_length(bcc) < ${MAX_LIST_LENGTH} AND NOT EXISTS (
  SELECT 1 FROM email_recipients
  WHERE address = ? AND email_received_at = received_at AND email_id = emails.id
) RETURNING ${EMAIL_COLUMNS.join(', ')}`

/** Adds an address to `bcc` if the message does not name it yet; returns the row after the change. */
export function noteRecipient(id: string, address: string, now: number): SqlStatement {
  return { sql: NOTE_RECIPIENT, params: [address, now, id, address] }
}

export function deleteById(id: string): SqlStatement {
  return compile(sql`delete from emails where ${hasId(id)} returning ${WHOLE}`)
}

function updateWhere(
  condition: Fragment,
  values: Assignments<EmailRow>,
  now: number,
  answered: Fragment,
): SqlStatement {
  const all = assign<EmailRow>({ ...values, updated_at: now, version: sql`version + 1` })
  return compile(sql`update emails set ${all} where ${condition} returning ${answered}`)
}

function changed(changes: ParsedChanges, now: number): Assignments<EmailRow> {
  const { assignedTo, assignedAt } = changes
  const columns = toChangedColumns(changes)
  if (assignedTo === undefined || assignedAt !== undefined) return columns
  return { ...columns, assigned_at: reassignedAt(assignedTo, now) }
}

/** The right-hand side of SET sees the row before the update, so this compares with the old assignee. */
function reassignedAt(assignee: string | null, now: number): Fragment {
  const since = assignee === null ? null : now
  return sql`case when assigned_to is ${assignee} then assigned_at else ${since} end`
}
