/**
 * The SQL of queries: what a canonical filter is as a condition, and its pages.
 *
 * @module
 */

import {
  type Expression,
  type ExpressionBuilder,
  type RawBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely'
import type { Branch } from './branch.ts'
import { builder, compile, type Database, jsonList } from './builder.ts'
import type { SqlStatement } from './driver.ts'
import type { CanonicalFilter, CanonicalQuery } from './filter.ts'
import type { EmailOrderBy, SortKey } from './order.ts'
import { EMAIL_COLUMNS } from './row.ts'
import { matchExpression } from './search.ts'

type Selection<O> = SelectQueryBuilder<Database, 'emails', O>
type Builder = ExpressionBuilder<Database, 'emails'>
type Condition = Expression<SqlBool>
type SortColumn = 'received_at' | 'sort_sent' | 'urgency' | 'sender_email' | 'id'

/** How an instant is written into a statement. */
type Instant = (value: number) => RawBuilder<number>

/** Alternatives whose instants are bound: two each, beside 80 lists of names, keep within 100. */
const MAX_BOUND = 4

/** The columns of each order's sort key. */
const SORT_COLUMNS: Readonly<Record<EmailOrderBy, readonly SortColumn[]>> = {
  received: ['received_at', 'id'],
  sent: ['sort_sent', 'id'],
  priority: ['urgency', 'received_at', 'id'],
  sender: ['sender_email', 'received_at', 'id'],
}

/** Put together once: of a page's statement, most is its columns. */
const WHOLE_ROWS = builder.selectFrom('emails').select(EMAIL_COLUMNS)

/** One page of whole rows, and one row more to tell whether another page follows. */
export function selectPage(query: CanonicalQuery): SqlStatement {
  return compile(paged(WHOLE_ROWS, query))
}

/** The same page as sort keys alone; the row has what `sortKeyOf` looks at. */
export function selectPagePositions(query: CanonicalQuery): SqlStatement {
  const columns = ['id', 'received_at', 'sent_at', 'priority', 'sender_email'] as const
  return compile(paged(builder.selectFrom('emails').select(columns), query))
}

/** How many messages match, as `n`. */
export function countMatches(filter: CanonicalFilter): SqlStatement {
  return compile(
    builder
      .selectFrom('emails')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where((eb) => matching(eb, filter)),
  )
}

function paged<O>(selection: Selection<O>, query: CanonicalQuery): Selection<O> {
  const { order, after, offset, limit } = query
  const columns = SORT_COLUMNS[order.by]
  let page = selection.where((eb) => matching(eb, query))
  if (after) page = page.where(() => isAfter(columns, after, order.direction === 'asc' ? '>' : '<'))
  for (const column of columns) page = page.orderBy(column, order.direction)
  page = page.limit(limit + 1)
  return offset === undefined ? page : page.offset(offset)
}

/** A row value comparison, which SQLite answers from the index (sqlite.org/rowvalue.html, 3.1). */
function isAfter(columns: readonly SortColumn[], after: SortKey, operator: '>' | '<'): Condition {
  const names = sql.join(columns.map((column) => sql.ref(column)))
  return sql<SqlBool>`(${names}) ${sql.raw(operator)} (${sql.join(after)})`
}

/** What a filter asks for. Conditions that all branches share stand alone, for the index to serve. */
export function matching(eb: Builder, { branches }: CanonicalFilter): Condition {
  const [first, ...others] = branches
  if (first === undefined) return sql<SqlBool>`false`
  // Bound, so that the statement is the same for each day; in the text, where they would be too many.
  const instant: Instant = branches.length <= MAX_BOUND ? (value) => sql.val(value) : literal
  if (others.length === 0) return allOf(eb, first, instant)
  const shared = Object.entries(first).filter(([field, value]) =>
    others.every((other) => JSON.stringify(other[field as keyof Branch]) === JSON.stringify(value)),
  )
  const names = new Set(shared.map(([field]) => field))
  const rests = branches.map(
    (branch): Branch =>
      Object.fromEntries(Object.entries(branch).filter(([field]) => !names.has(field))),
  )
  const alternatives = eb.or(rests.map((rest) => allOf(eb, rest, instant)))
  return eb.and([allOf(eb, Object.fromEntries(shared), instant), alternatives])
}

function allOf(eb: Builder, branch: Branch, instant: Instant): Condition {
  const list = [...stateConditions(eb, branch), ...contentConditions(eb, branch, instant)]
  return list.length === 0 ? sql<SqlBool>`true` : eb.and(list)
}

/** What changes in the life of a message. Values of closed sets stand in the text, unbound. */
function stateConditions(eb: Builder, branch: Branch): Condition[] {
  const { statuses, priorities, assignees, categories, isRead, isFlagged } = branch
  return [
    ...ifThere(statuses, (words) => eb('status', 'in', words.map(literal))),
    ...ifThere(priorities, (words) => eb('priority', 'in', words.map(literal))),
    ...ifThere(assignees, (names) => isOneOf(eb, 'assigned_to', names)),
    ...ifThere(branch.workflowStates, (names) => isOneOf(eb, 'workflow_state', names)),
    ...ifThere(branch.workflowTypes, (names) => isOneOf(eb, 'workflow_type', names)),
    ...ifThere(branch.workflowChainIds, (names) => isOneOf(eb, 'workflow_chain_id', names)),
    ...(categories ?? []).map((list) => isListed('email_categories', 'category', list)),
    ...ifThere(isRead, (value) => eb('is_read', '=', literal(Number(value)))),
    ...ifThere(isFlagged, (value) => eb('is_flagged', '=', literal(Number(value)))),
  ]
}

/** What a sender wrote. */
function contentConditions(eb: Builder, branch: Branch, instant: Instant): Condition[] {
  const { received, recipients, hasAttachments, search } = branch
  return [
    ...ifThere(branch.senderEmails, (names) => isOneOf(eb, 'sender_email', names)),
    ...ifThere(branch.threadIds, (names) => isOneOf(eb, 'thread_id', names)),
    ...ifThere(branch.conversationIds, (names) => isOneOf(eb, 'conversation_id', names)),
    ...ifThere(received?.from, (from) => eb('received_at', '>=', instant(from))),
    ...ifThere(received?.to, (to) => eb('received_at', '<=', instant(to))),
    ...(recipients ?? []).map((list) => isListed('email_recipients', 'address', list)),
    ...ifThere(hasAttachments, (value) => eb('has_attachments', '=', literal(Number(value)))),
    ...ifThere(search, hasWords),
  ]
}

function ifThere<T>(value: T | undefined, condition: (value: T) => Condition): Condition[] {
  return value === undefined ? [] : [condition(value)]
}

/** One name by equality, so that the order of the index is of use; several as one bound value. */
function isOneOf(
  eb: Builder,
  column:
    | 'assigned_to'
    | 'workflow_state'
    | 'workflow_type'
    | 'workflow_chain_id'
    | 'sender_email'
    | 'thread_id'
    | 'conversation_id',
  names: readonly (string | null)[],
): Condition {
  const [only = null] = names
  if (names.length === 1) return eb(column, 'is', only)
  const isListedName = eb(column, 'in', jsonList(names.filter((name) => name !== null)))
  return names.includes(null) ? eb.or([eb(column, 'is', null), isListedName]) : isListedName
}

/** The side tables are sorted by name, so each name is one walk over the messages that have it. */
function isListed(table: string, column: string, names: readonly string[]): Condition {
  return sql<SqlBool>`id in (select email_id from ${sql.table(table)} where ${sql.ref(column)} in ${jsonList(names)})`
}

function hasWords(terms: readonly string[]): Condition {
  return sql<SqlBool>`id in (select email_id from email_texts where seq in (select rowid from email_search where email_search match ${matchExpression(terms)}))`
}

/** Only for values of closed sets and numbers: they were checked, and D1 binds no more than 100. */
function literal<T extends string | number>(value: T): RawBuilder<T> {
  return sql.lit(value)
}
