/**
 * The SQL of the repository. Kysely builds and checks it; the driver port runs it.
 *
 * @module
 */

import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  type SelectQueryBuilder,
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

/** Answers a row per stored message that shares a unique field with `email`, and tells which. */
export function selectRivals({ id, graphId, messageId }: Email): SqlStatement {
  return compile(
    builder
      .selectFrom('emails')
      .select(({ eb }) => [
        eb('id', '=', id).as('same_id'),
        // IS, since comparing with NULL by `=` would answer NULL.
        eb.and([eb('graph_id', 'is', graphId), eb('graph_id', 'is not', null)]).as('same_graph'),
      ])
      .where(({ eb, or }) =>
        or([
          eb('id', '=', id),
          eb('graph_id', '=', graphId),
          eb('message_id', '=', messageId),
        ]),
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
function reassignedAt(assignee: string | null, now: number) {
  const since = assignee === null ? null : now
  return sql<number | null>`case when assigned_to is ${assignee} then assigned_at else ${since} end`
}

function paged<O>(selection: Selection<O>, query: CanonicalQuery): Selection<O> {
  const { isRead, threadId, receivedFrom, receivedTo, after } = query
  return narrow(selection, query)
    .$if(receivedFrom !== undefined, (s) => s.where('received_at', '>=', receivedFrom ?? 0))
    .$if(receivedTo !== undefined, (s) => s.where('received_at', '<=', receivedTo ?? 0))
    .$if(isRead !== undefined, (s) => s.where('is_read', '=', Number(isRead)))
    .$if(threadId !== undefined, (s) => s.where('thread_id', '=', threadId ?? null))
    .$if(after !== undefined, (s) => s.where(isAfter(after)))
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
}
