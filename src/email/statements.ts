/**
 * The SQL of the repository. Kysely builds and checks it; the driver port runs it.
 *
 * @module
 */

import {
  type CompiledQuery,
  DummyDriver,
  type Expression,
  type ExpressionBuilder,
  Kysely,
  type RawBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { Position } from './cursor.ts'
import type { SqlParam, SqlStatement } from './driver.ts'
import type { Email } from './email.ts'
import type { ParsedChanges } from './email-input.ts'
import type { CanonicalQuery } from './filter.ts'
import { type EmailRow, toChangedColumns, toRow } from './row.ts'

interface Database {
  emails: EmailRow
}

const builder = new Kysely<Database>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

type Selection<O> = SelectQueryBuilder<Database, 'emails', O>

/** One page of whole rows, and one row more to tell whether another page follows. */
export function selectPage(query: CanonicalQuery): SqlStatement {
  return compile(paged(builder.selectFrom('emails').selectAll(), query))
}

/** The same page as sort keys alone. */
export function selectPagePositions(query: CanonicalQuery): SqlStatement {
  return compile(paged(builder.selectFrom('emails').select(['id', 'received_at']), query))
}

export function selectById(id: string): SqlStatement {
  return compile(builder.selectFrom('emails').selectAll().where('id', '=', id))
}

/** Any number of ids as one bound value, which keeps within D1's 100. */
export function selectByIds(ids: readonly string[]): SqlStatement {
  return compile(builder.selectFrom('emails').selectAll().where('id', 'in', jsonList(ids)))
}

/** Inserts nothing, and answers no row, when a unique field is taken. */
export function insert(email: Email): SqlStatement {
  return compile(
    builder
      .insertInto('emails')
      .values(toRow(email))
      .onConflict((conflict) => conflict.doNothing())
      .returningAll(),
  )
}

/** The stored messages that share a unique field with `email`: at most one for each field. */
export function selectRivals({ id, graphId, messageId }: Email): SqlStatement {
  return compile(
    builder
      .selectFrom('emails')
      .select(['id', 'graph_id', 'message_id'])
      .where(({ eb, or }) =>
        or([eb('id', '=', id), eb('graph_id', '=', graphId), eb('message_id', '=', messageId)]),
      ),
  )
}

/** Sets what changed, and moves `updated_at` and `version` on. Answers the row as it is then. */
export function update(id: string, changes: ParsedChanges, now: number): SqlStatement {
  return compile(
    builder
      .updateTable('emails')
      .set(toChangedColumns(changes))
      .$if(changes.assignedTo !== undefined && changes.assignedAt === undefined, (query) =>
        query.set({ assigned_at: reassignedAt(changes.assignedTo ?? null, now) }),
      )
      .set((eb) => ({ updated_at: now, version: eb('version', '+', 1) }))
      .where('id', '=', id)
      .returningAll(),
  )
}

/** The right-hand side of SET sees the row as it was, so this compares with the old assignee. */
function reassignedAt(assignee: string | null, now: number): RawBuilder<number | null> {
  const since = assignee === null ? null : now
  return sql<number | null>`case when assigned_to is ${assignee} then assigned_at else ${since} end`
}

function paged<O>(selection: Selection<O>, query: CanonicalQuery): Selection<O> {
  return selection
    .where((eb) => eb.and(conditions(eb, query)))
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
}

function conditions(
  eb: ExpressionBuilder<Database, 'emails'>,
  query: CanonicalQuery,
): Expression<SqlBool>[] {
  const { statuses, priorities, senderEmails, assignedTo, isRead, threadId } = query
  const list: Expression<SqlBool>[] = []
  if (statuses) list.push(eb('status', 'in', statuses))
  if (priorities) list.push(eb('priority', 'in', priorities))
  if (senderEmails) list.push(isSender(eb, senderEmails))
  if (assignedTo !== undefined) list.push(eb('assigned_to', 'is', assignedTo))
  if (isRead !== undefined) list.push(eb('is_read', '=', Number(isRead)))
  if (threadId !== undefined) list.push(eb('thread_id', '=', threadId))
  if (query.receivedFrom !== undefined) list.push(eb('received_at', '>=', query.receivedFrom))
  if (query.receivedTo !== undefined) list.push(eb('received_at', '<=', query.receivedTo))
  if (query.after) list.push(isAfter(eb, query.after))
  return list
}

/** One sender by equality, so that the order of the index is of use; several as one bound value. */
function isSender(
  eb: ExpressionBuilder<Database, 'emails'>,
  senders: readonly string[],
): Expression<SqlBool> {
  const [only = ''] = senders
  return senders.length === 1
    ? eb('sender_email', '=', only)
    : eb('sender_email', 'in', jsonList(senders))
}

/** A row value comparison, which SQLite answers from the index (sqlite.org/rowvalue.html, 3.1). */
function isAfter(
  eb: ExpressionBuilder<Database, 'emails'>,
  { receivedAt, id }: Position,
): Expression<SqlBool> {
  return eb(eb.refTuple('received_at', 'id'), '<', eb.tuple(receivedAt, id))
}

function jsonList(texts: readonly string[]): RawBuilder<string> {
  return sql<string>`(select value from json_each(${JSON.stringify(texts)}))`
}

function compile(query: { compile(): CompiledQuery }): SqlStatement {
  const { sql: text, parameters } = query.compile()
  return { sql: text, params: parameters as readonly SqlParam[] }
}
