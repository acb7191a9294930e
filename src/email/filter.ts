/**
 * What a mailbox can be asked for, and the one form in which two filters of the same meaning are
 * the same text.
 *
 * @module
 */

import { InvalidFilterError } from '../errors.ts'
import { decodeCursor, type Position } from './cursor.ts'
import { type EmailPriority, type EmailStatus, PRIORITIES, STATUSES } from './email.ts'
import {
  type Fields,
  MAX_LIST_LENGTH,
  readAddress,
  readBoolean,
  readChoice,
  readFields,
  readInstant,
  readInteger,
  readList,
  readName,
} from './fields.ts'
import type { Instant } from './instant.ts'

/** A span of `receivedAt`, closed at both ends. At least one end is given. */
export interface DateRange {
  readonly start?: Instant | undefined
  readonly end?: Instant | undefined
}

/**
 * A question to the mailbox. The fields narrow each other (AND); the members of a list widen it
 * (OR). Newest first, messages of the same instant by id.
 *
 * A list is never empty: whether that meant nothing or everything would be a guess.
 */
export interface EmailQuery {
  readonly statuses?: readonly EmailStatus[] | undefined
  readonly priorities?: readonly EmailPriority[] | undefined
  /** Upper and lower case are the same, and white space around an address is not looked at. */
  readonly senderEmails?: readonly string[] | undefined
  /** Null asks for messages nobody is assigned to. */
  readonly assignedTo?: string | null | undefined
  readonly dateRange?: DateRange | undefined
  readonly isRead?: boolean | undefined
  readonly threadId?: string | undefined
  /** Messages a page, 1 to 1000. @default 50 */
  readonly limit?: number | undefined
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
}

/**
 * A checked query. Lists are sorted, free of duplicates and never empty; a field that excludes
 * nothing is absent. Frozen throughout.
 */
export interface CanonicalQuery {
  readonly statuses?: readonly EmailStatus[]
  readonly priorities?: readonly EmailPriority[]
  readonly senderEmails?: readonly string[]
  readonly assignedTo?: string | null
  /** Epoch milliseconds, inclusive. */
  readonly receivedFrom?: number
  /** Epoch milliseconds, inclusive. */
  readonly receivedTo?: number
  readonly isRead?: boolean
  readonly threadId?: string
  readonly limit: number
  /** Only messages that sort after this one. */
  readonly after?: Position
}

/** Messages a page where the query does not say. */
export const DEFAULT_LIMIT = 50
/** The most messages a page can have. */
export const MAX_LIMIT = 1_000

const FIELDS = [
  'statuses',
  'priorities',
  'senderEmails',
  'assignedTo',
  'dateRange',
  'isRead',
  'threadId',
  'limit',
  'cursor',
] as const satisfies readonly (keyof EmailQuery)[]

const canonical = new WeakSet<object>()

/**
 * Checks a query and brings it into its canonical form. A canonical query is returned as it is.
 *
 * @throws {InvalidFilterError} For an unknown field, or a value outside what {@link EmailQuery}
 *   says; a bad status or priority is answered with the words there are.
 */
export function canonicalize(query: EmailQuery | CanonicalQuery): CanonicalQuery {
  if (canonical.has(query)) return query as CanonicalQuery
  const fields = readFields(query, 'query', FIELDS)
  const result: CanonicalQuery = {
    ...present('statuses', fields, (value, field) => choices(value, field, STATUSES)),
    ...present('priorities', fields, (value, field) => choices(value, field, PRIORITIES)),
    ...present('senderEmails', fields, (value, field) => sortedSet(value, field, readAddress)),
    ...present('assignedTo', fields, (value) =>
      value === null ? null : readName(value, 'assignedTo'),
    ),
    ...(fields['dateRange'] === undefined ? {} : readRange(fields['dateRange'])),
    ...present('isRead', fields, readBoolean),
    ...present('threadId', fields, readName),
    limit: readInteger(fields['limit'] ?? DEFAULT_LIMIT, 'limit', 1, MAX_LIMIT),
    ...(fields['cursor'] === undefined
      ? {}
      : { after: Object.freeze(decodeCursor(fields['cursor'])) }),
  }
  canonical.add(Object.freeze(result))
  return result
}

/**
 * Names a query: two queries have the same key exactly when they ask for the same page. Holds the
 * addresses and names of the query in clear, so hash it before it leaves the process.
 *
 * @throws {InvalidFilterError} As {@link canonicalize}.
 */
export function canonicalKey(query: EmailQuery | CanonicalQuery): string {
  const { limit, ...rest } = canonicalize(query)
  // Field order is that of `canonicalize`, so the text depends on the values alone.
  return JSON.stringify(limit === DEFAULT_LIMIT ? rest : { ...rest, limit })
}

function present<K extends string, T>(
  field: K,
  fields: Fields,
  read: (value: unknown, field: string) => T | undefined,
): { readonly [P in K]?: T } {
  const value = fields[field]
  const result = value === undefined ? undefined : read(value, field)
  return (result === undefined ? {} : { [field]: result }) as { readonly [P in K]?: T }
}

/** @returns Undefined when every word is listed: every message has one of them. */
function choices<T extends string>(
  value: unknown,
  field: string,
  words: readonly T[],
): readonly T[] | undefined {
  const set = sortedSet(value, field, (entry, at) => readChoice(entry, at, words))
  return set.length === words.length ? undefined : set
}

function sortedSet<T extends string>(
  value: unknown,
  field: string,
  read: (entry: unknown, field: string) => T,
): readonly T[] {
  const list = readList(value, field, (entry) => read(entry, field))
  if (list.length === 0) {
    throw new InvalidFilterError(
      field,
      `a list of 1 to ${MAX_LIST_LENGTH} members; leave it out to match all`,
    )
  }
  return Object.freeze([...new Set(list)].sort())
}

function readRange(value: unknown): { receivedFrom?: number; receivedTo?: number } {
  const { start, end } = readFields(value, 'dateRange', ['start', 'end'])
  if (start === undefined && end === undefined) {
    throw new InvalidFilterError('dateRange', 'an object with start, end or both')
  }
  const from = start === undefined ? undefined : readInstant(start, 'dateRange.start')
  const to = end === undefined ? undefined : readInstant(end, 'dateRange.end')
  if (from !== undefined && to !== undefined && from > to) {
    throw new InvalidFilterError('dateRange', 'a range whose start is not after its end')
  }
  return {
    ...(from === undefined ? {} : { receivedFrom: from }),
    ...(to === undefined ? {} : { receivedTo: to }),
  }
}
