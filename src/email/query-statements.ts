/**
 * The SQL of queries: conditions of a canonical filter, pages and counts.
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

/** Alternatives whose instants are bound: two each, with up to 80 lists of names, stay under D1's 100 values. */
const MAX_BOUND = 4

/** The columns of each order's sort key. */
const SORT_COLUMNS: Readonly<Record<EmailOrderBy, readonly EmailColumn[]>> = {
  received: ['received_at', 'id'],
  sent: ['sort_sent', 'id'],
  priority: ['urgency', 'received_at', 'id'],
  sender: ['sender_email', 'received_at', 'id'],
}

/** Fields of which each value occurs in few messages. */
const NAMES = [
  'workflowStates',
  'workflowTypes',
  'workflowChainIds',
  'senderEmails',
  'threadIds',
  'conversationIds',
] as const satisfies readonly (keyof Branch)[]

/** The side tables of the list fields, sorted by list member and time of receipt. */
const LISTS = {
  recipients: sql`email_recipients where address`,
  categories: sql`email_categories where category`,
}
type ListField = keyof typeof LISTS
const LIST_FIELDS = Object.keys(LISTS) as readonly ListField[]

type BranchCheck = (branch: Branch) => boolean

const WHOLE = columnsOf(EMAIL_COLUMNS)
/** The columns that `sortKeyOf` reads. */
const POSITION = columnsOf(['id', 'received_at', 'sent_at', 'priority', 'sender_email'])

/** One page of whole rows, plus one row, which shows that another page follows. */
export function selectPage(query: CanonicalQuery): SqlStatement {
  return paged(WHOLE, query)
}

/** The same page, with only the columns that `sortKeyOf` reads. */
export function selectPagePositions(query: CanonicalQuery): SqlStatement {
  return paged(POSITION, query)
}

/** Counts the messages that match, as `n`. */
export function countMatches(filter: CanonicalFilter): SqlStatement {
  return compile(sql`select count(*) as n from ${found(filter, isCovered)}`)
}

function paged(selected: Fragment, query: CanonicalQuery): SqlStatement {
  const { order, after, offset, limit } = query
  const columns = SORT_COLUMNS[order.by]
  const [direction, operator] = order.direction === 'asc' ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`]
  const messages = found(query, hasIndex)
  const rest = after ? sql`${messages} and ${isAfter(columns, after, operator)}` : messages
  const sorting = sql.join(columns.map((column) => sql`${sql.ref(column)} ${direction}`))
  const page = sql`select ${selected} from ${rest}
order by ${sorting} limit ${limit + 1}`
  return compile(offset === undefined ? page : sql`${page} offset ${offset}`)
}

/**
 * FROM and WHERE of a filter. If no index of `emails` serves the filter, and all its branches want the same
 * recipients or categories, SQLite scans the side table of these names, in order of receipt.
 */
function found({ branches }: CanonicalFilter, isIndexed: BranchCheck): Fragment {
  // With several alternatives, the indexes of flags, priorities and search do not give rows in order.
  const isServed = branches.length > 1 ? isNarrow : isIndexed
  const lead = branches.every(isServed) ? undefined : sharedList(branches)
  if (lead === undefined) return sql`emails where ${matching(branches, isIndexed)}`
  const { field, names } = lead
  // `id` and `received_at` come from the side table, so a statement that needs only these reads no row of `emails`.
  const walk = sql`select ${names.length > 1 ? sql`distinct ` : sql``}email_id as id, email_received_at as received_at
from ${named(field, names)}`
  const rests = branches.map((branch) => ({
    ...branch,
    [field]: branch[field]?.filter((list) => !isSame(list, names)),
  }))
  return sql`(${walk}) cross join emails using (id, received_at) where ${matching(rests, () => true)}`
}

/** A list of names that all branches have in common. */
function sharedList([first = {}, ...others]: readonly Branch[]) {
  for (const field of LIST_FIELDS) {
    const isShared = (names: readonly string[]) =>
      others.every((branch) => branch[field]?.some((list) => isSame(list, names)))
    const names = first[field]?.find(isShared)
    if (names) return { field, names }
  }
  return undefined
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether an index of `emails` finds the messages without reading many others. */
function hasIndex(branch: Branch): boolean {
  const { isRead, priorities, search } = branch
  return isAmongFew(branch) || isRead === false || (priorities ?? search) !== undefined
}

/** As {@link hasIndex}, for counts: they read only the index if it has all columns that the branch compares. */
function isCovered(branch: Branch): boolean {
  const { statuses, assignees, isRead } = branch
  return hasIndex(branch) || (statuses ?? assignees ?? isRead) !== undefined
}

/** A row value comparison, for which SQLite can use the index (sqlite.org/rowvalue.html, 3.1). */
function isAfter(columns: readonly EmailColumn[], after: SortKey, operator: Fragment): Fragment {
  const names = sql.join(columns.map((column) => sql.ref(column)))
  return sql`(${names}) ${operator} (${sql.join(after)})`
}

/** The condition of a filter. Conditions that all branches share come first, with AND, so an index can serve them. */
function matching(branches: readonly Branch[], isLed: BranchCheck): Fragment {
  const [first, ...others] = branches
  if (first === undefined) return sql`false`
  // Instants are bound, so that the statement's text is the same every day, unless there are too many to bind.
  const instant: Instant = branches.length <= MAX_BOUND ? (value) => sql.val(value) : literal
  // Which index SQLite uses depends on the whole branches, not on the part that is written here.
  const allOf = (part: Branch, wholes: readonly Branch[]): Fragment => {
    const isOnWalk = wholes.every(isLed)
    const list = [
      ...stateConditions(part, wholes.every(isAmongFew)),
      ...contentConditions(part, instant),
      ...LIST_FIELDS.flatMap((field) =>
        (part[field] ?? []).map((names) => hasOneOf(field, names, isOnWalk)),
      ),
    ]
    return list.length === 0 ? sql`true` : sql.join(list, sql` and `)
  }
  if (others.length === 0) return allOf(first, branches)
  const shared = Object.entries(first).filter(([field, value]) =>
    others.every((other) => isSame(other[field as keyof Branch], value)),
  )
  const names = new Set(shared.map(([field]) => field))
  const alternatives = branches.map((branch) => {
    const rest = Object.entries(branch).filter(([field]) => !names.has(field))
    return sql`(${allOf(Object.fromEntries(rest), [branch])})`
  })
  return sql`${allOf(Object.fromEntries(shared), branches)} and (${sql.join(alternatives, sql` or `)})`
}

/** Conditions on fields that change after a message is stored. Enum values are literals, not bound. */
function stateConditions(branch: Branch, areFew: boolean): Fragment[] {
  const { statuses, priorities, assignees, isRead, isFlagged } = branch
  // `+` stops SQLite from using the index: most messages are read, or assigned to nobody.
  const unled = areFew ? sql`+` : sql``
  return [
    ...ifThere(statuses, (words) => sql`status in (${sql.join(words.map(literal))})`),
    ...ifThere(priorities, (words) => sql`priority in (${sql.join(words.map(literal))})`),
    ...ifThere(assignees, (names) => isOneOf('assigned_to', names, unled)),
    ...ifThere(branch.workflowStates, (names) => isOneOf('workflow_state', names)),
    ...ifThere(branch.workflowTypes, (names) => isOneOf('workflow_type', names)),
    ...ifThere(branch.workflowChainIds, (names) => isOneOf('workflow_chain_id', names)),
    ...ifThere(isRead, (value) => sql`${unled}is_read = ${literal(Number(value))}`),
    ...ifThere(isFlagged, (value) => sql`is_flagged = ${literal(Number(value))}`),
  ]
}

/** Whether few messages match: open messages are few compared with settled ones. */
function isNarrow(branch: Branch): boolean {
  const { statuses, assignees } = branch
  const isOpen = statuses?.every((status) => OPEN_STATUSES.includes(status)) ?? false
  const isSomebodys = assignees !== undefined && !assignees.includes(null)
  return isOpen || isSomebodys || NAMES.some((field) => branch[field] !== undefined)
}

function isAmongFew(branch: Branch): boolean {
  return isNarrow(branch) || branch.isFlagged === true
}

/** Conditions on fields that never change: what the sender wrote. */
function contentConditions(branch: Branch, instant: Instant): Fragment[] {
  const { received, hasAttachments, search } = branch
  return [
    ...ifThere(branch.senderEmails, (names) => isOneOf('sender_email', names)),
    ...ifThere(branch.threadIds, (names) => isOneOf('thread_id', names)),
    ...ifThere(branch.conversationIds, (names) => isOneOf('conversation_id', names)),
    ...ifThere(received?.from, (from) => sql`received_at >= ${instant(from)}`),
    ...ifThere(received?.to, (to) => sql`received_at <= ${instant(to)}`),
    ...ifThere(hasAttachments, (value) => sql`has_attachments = ${literal(Number(value))}`),
    ...ifThere(search, hasWords),
  ]
}

function ifThere<T>(value: T | undefined, condition: (value: T) => Fragment): Fragment[] {
  return value === undefined ? [] : [condition(value)]
}

/** One name is compared by equality, so that the index also gives the order; several are one bound value. */
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

/** Looks up the messages that have the names; or, if another index is used, checks each message it finds. */
function hasOneOf(field: ListField, names: readonly string[], isLed: boolean): Fragment {
  return isLed
    ? sql`exists (select 1 from ${named(field, names)} and email_received_at = received_at and email_id = id)`
    : sql`id in (select email_id from ${named(field, names)})`
}

/** One name is compared by equality, so that the side table also gives the order. */
function named(field: ListField, names: readonly string[]): Fragment {
  return names.length === 1
    ? sql`${LISTS[field]} = ${names[0]}`
    : sql`${LISTS[field]} in ${jsonList(names)}`
}

function hasWords(terms: readonly string[]): Fragment {
  return sql`id in (select email_id from email_texts where seq in (select rowid from email_search where email_search match ${matchExpression(terms)}))`
}

/** Only for enum values and numbers, which were checked. D1 binds at most 100 values. */
function literal(value: string | number): Fragment {
  return sql.lit(value)
}
