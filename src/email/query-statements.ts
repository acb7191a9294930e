/**
 * The SQL of queries: what a canonical filter is as a condition, and its pages.
 *
 * @module
 */

import { sql } from 'kysely'
import type { Branch } from './branch.ts'
import { columnsOf, compile, type EmailColumn, type Fragment, jsonList } from './builder.ts'
import type { SqlStatement } from './driver.ts'
import { OPEN_STATUSES } from './email.ts'
import type { CanonicalFilter, CanonicalQuery } from './filter.ts'
import type { EmailOrderBy, SortKey } from './order.ts'
import { EMAIL_COLUMNS, type EmailRow } from './row.ts'
import { matchExpression } from './search.ts'

/** How an instant is written into a statement. */
type Instant = (value: number) => Fragment

/** Alternatives whose instants are bound: two each, beside 80 lists of names, keep within 100. */
const MAX_BOUND = 4

/** The columns of each order's sort key. */
const SORT_COLUMNS: Readonly<Record<EmailOrderBy, readonly EmailColumn[]>> = {
  received: ['received_at', 'id'],
  sent: ['sort_sent', 'id'],
  priority: ['urgency', 'received_at', 'id'],
  sender: ['sender_email', 'received_at', 'id'],
}

/** Of the values of these fields, each is that of few messages. */
const NAMES = [
  'workflowStates',
  'workflowTypes',
  'workflowChainIds',
  'senderEmails',
  'threadIds',
  'conversationIds',
] as const satisfies readonly (keyof Branch)[]

const WHOLE = columnsOf(EMAIL_COLUMNS)
/** What `sortKeyOf` looks at. */
const POSITION = columnsOf(['id', 'received_at', 'sent_at', 'priority', 'sender_email'])

/** One page of whole rows, and one row more to tell whether another page follows. */
export function selectPage(query: CanonicalQuery): SqlStatement {
  return paged(WHOLE, query)
}

/** The same page as sort keys alone; the row has what `sortKeyOf` looks at. */
export function selectPagePositions(query: CanonicalQuery): SqlStatement {
  return paged(POSITION, query)
}

/** How many messages match, as `n`. */
export function countMatches(filter: CanonicalFilter): SqlStatement {
  return compile(sql`select count(*) as n from emails where ${matching(filter)}`)
}

function paged(selected: Fragment, query: CanonicalQuery): SqlStatement {
  const { order, after, offset, limit } = query
  const columns = SORT_COLUMNS[order.by]
  const [direction, operator] = order.direction === 'asc' ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`]
  const isMatch = matching(query)
  const condition = after ? sql`${isMatch} and ${isAfter(columns, after, operator)}` : isMatch
  const sorting = sql.join(columns.map((column) => sql`${sql.ref(column)} ${direction}`))
  const page = sql`select ${selected} from emails where ${condition}
order by ${sorting} limit ${limit + 1}`
  return compile(offset === undefined ? page : sql`${page} offset ${offset}`)
}

/** A row value comparison, which SQLite answers from the index (sqlite.org/rowvalue.html, 3.1). */
function isAfter(columns: readonly EmailColumn[], after: SortKey, operator: Fragment): Fragment {
  const names = sql.join(columns.map((column) => sql.ref(column)))
  return sql`(${names}) ${operator} (${sql.join(after)})`
}

/** What a filter asks for. Conditions that all branches share stand alone, for the index to serve. */
function matching({ branches }: CanonicalFilter): Fragment {
  const [first, ...others] = branches
  if (first === undefined) return sql`false`
  // Bound, so that the statement is the same for each day; in the text, where they would be too many.
  const instant: Instant = branches.length <= MAX_BOUND ? (value) => sql.val(value) : literal
  if (others.length === 0) return allOf(first, instant)
  const shared = Object.entries(first).filter(([field, value]) =>
    others.every((other) => JSON.stringify(other[field as keyof Branch]) === JSON.stringify(value)),
  )
  const names = new Set(shared.map(([field]) => field))
  const rests = branches.map(
    (branch): Branch =>
      Object.fromEntries(Object.entries(branch).filter(([field]) => !names.has(field))),
  )
  const alternatives = rests.map((rest) => sql`(${allOf(rest, instant)})`)
  return sql`${allOf(Object.fromEntries(shared), instant)} and (${sql.join(alternatives, sql` or `)})`
}

function allOf(branch: Branch, instant: Instant): Fragment {
  const list = [...stateConditions(branch), ...contentConditions(branch, instant)]
  return list.length === 0 ? sql`true` : sql.join(list, sql` and `)
}

/** What changes in the life of a message. Values of closed sets stand in the text, unbound. */
function stateConditions(branch: Branch): Fragment[] {
  const { statuses, priorities, assignees, categories, isRead, isFlagged } = branch
  // SQLite would as soon walk over all that is read, or is nobody's: most of a mailbox.
  const unled = isNarrow(branch) ? sql`+` : sql``
  return [
    ...ifThere(statuses, (words) => sql`status in (${sql.join(words.map(literal))})`),
    ...ifThere(priorities, (words) => sql`priority in (${sql.join(words.map(literal))})`),
    ...ifThere(assignees, (names) => isOneOf('assigned_to', names, unled)),
    ...ifThere(branch.workflowStates, (names) => isOneOf('workflow_state', names)),
    ...ifThere(branch.workflowTypes, (names) => isOneOf('workflow_type', names)),
    ...ifThere(branch.workflowChainIds, (names) => isOneOf('workflow_chain_id', names)),
    ...(categories ?? []).map((list) => isListed('email_categories', 'category', list)),
    ...ifThere(isRead, (value) => sql`${unled}is_read = ${literal(Number(value))}`),
    ...ifThere(isFlagged, (value) => sql`is_flagged = ${literal(Number(value))}`),
  ]
}

/** Whether few messages have what is asked for: what is open is little beside what is settled. */
function isNarrow(branch: Branch): boolean {
  const { statuses, assignees } = branch
  const isOpen = statuses?.every((status) => OPEN_STATUSES.includes(status)) ?? false
  const isSomebodys = assignees !== undefined && !assignees.includes(null)
  return isOpen || isSomebodys || NAMES.some((field) => branch[field] !== undefined)
}

/** What a sender wrote. */
function contentConditions(branch: Branch, instant: Instant): Fragment[] {
  const { received, recipients, hasAttachments, search } = branch
  return [
    ...ifThere(branch.senderEmails, (names) => isOneOf('sender_email', names)),
    ...ifThere(branch.threadIds, (names) => isOneOf('thread_id', names)),
    ...ifThere(branch.conversationIds, (names) => isOneOf('conversation_id', names)),
    ...ifThere(received?.from, (from) => sql`received_at >= ${instant(from)}`),
    ...ifThere(received?.to, (to) => sql`received_at <= ${instant(to)}`),
    ...(recipients ?? []).map((list) => isListed('email_recipients', 'address', list)),
    ...ifThere(hasAttachments, (value) => sql`has_attachments = ${literal(Number(value))}`),
    ...ifThere(search, hasWords),
  ]
}

function ifThere<T>(value: T | undefined, condition: (value: T) => Fragment): Fragment[] {
  return value === undefined ? [] : [condition(value)]
}

/** One name by equality, so that the order of the index is of use; several as one bound value. */
function isOneOf(
  column: keyof EmailRow,
  names: readonly (string | null)[],
  unled: Fragment = sql``,
): Fragment {
  const name = sql.ref(column)
  const [only = null] = names
  if (names.length === 1) {
    return only === null ? sql`${unled}${name} is null` : sql`${name} is ${only}`
  }
  const isListedName = sql`${name} in ${jsonList(names.filter((text) => text !== null))}`
  return names.includes(null) ? sql`(${name} is null or ${isListedName})` : isListedName
}

/** The side tables are sorted by name, so each name is one walk over the messages that have it. */
function isListed(table: string, column: string, names: readonly string[]): Fragment {
  return sql`id in (select email_id from ${sql.table(table)} where ${sql.ref(column)} in ${jsonList(names)})`
}

function hasWords(terms: readonly string[]): Fragment {
  return sql`id in (select email_id from email_texts where seq in (select rowid from email_search where email_search match ${matchExpression(terms)}))`
}

/** Only for values of closed sets and numbers: they were checked, and D1 binds no more than 100. */
function literal(value: string | number): Fragment {
  return sql.lit(value)
}
