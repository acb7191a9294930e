/**
 * What a mailbox can be asked for, and the one form in which two filters of the same meaning are
 * the same text.
 *
 * @module
 */

import type { Fields } from '../entry/json-object.ts'
import { InvalidFilterError } from '../errors.ts'
import type { Branch } from './branch.ts'
import type { EmailFilter } from './conditions.ts'
import { decodeCursor } from './cursor.ts'
import { readBoolean, readChoice, readFields, readInteger } from './fields.ts'
import { FILTER_FIELDS, readBranches } from './filter-input.ts'
import {
  DEFAULT_DIRECTIONS,
  DIRECTIONS,
  type EmailDirection,
  type EmailOrder,
  type EmailOrderBy,
  ORDERS,
  type SortKey,
} from './order.ts'

/** A question to the mailbox: which messages, in which order, and which page of them. */
export interface EmailQuery extends EmailFilter {
  /** @default 'received' */
  readonly orderBy?: EmailOrderBy | undefined
  /** @default 'desc' (newest or most urgent first), for `sender` 'asc' */
  readonly direction?: EmailDirection | undefined
  /** Messages a page, 1 to 1000. @default 50 */
  readonly limit?: number | undefined
  /** `nextCursor` of the page before, of a query in the same order. Not with `offset`. */
  readonly cursor?: string | undefined
  /** Messages to pass over, 0 to 100_000. Not with `cursor`. @default 0 */
  readonly offset?: number | undefined
  /** Whether to count all messages that match, which costs a walk over them. @default false */
  readonly total?: boolean | undefined
}

/** A checked filter. A message matches when it meets one of the branches; with none, none does. */
export interface CanonicalFilter {
  readonly branches: readonly Branch[]
}

/** A checked query. Frozen throughout. */
export interface CanonicalQuery extends CanonicalFilter {
  readonly order: EmailOrder
  readonly limit: number
  /** Only messages that sort after this one. */
  readonly after?: SortKey
  /** At least 1. */
  readonly offset?: number
  readonly total?: true
}

/** Messages a page where the query does not say. */
export const DEFAULT_LIMIT = 50
/** The most messages a page can have. */
export const MAX_LIMIT = 1_000
/** The most messages a page can pass over; beyond it, cursors cost less. */
export const MAX_OFFSET = 100_000

const QUERY_FIELDS = [
  ...FILTER_FIELDS,
  'orderBy',
  'direction',
  'limit',
  'cursor',
  'offset',
  'total',
] as const satisfies readonly (keyof EmailQuery)[]

const canonical = new WeakSet<object>()
/** Queries that are asked again are named once. */
const keys = new WeakMap<CanonicalQuery, string>()

/**
 * Checks a query and brings it into its canonical form. A canonical query is returned as it is.
 *
 * @throws {InvalidFilterError} For an unknown field, or a value outside what {@link EmailQuery}
 *   says; a word that is none of those allowed is answered with the words there are.
 */
export function canonicalize(query: EmailQuery | CanonicalQuery): CanonicalQuery {
  if (isCanonical(query)) return query
  const fields = readFields(query, 'query', QUERY_FIELDS)
  const order = readOrder(fields)
  const result: CanonicalQuery = {
    branches: readBranches(fields),
    order,
    limit: readInteger(fields['limit'] ?? DEFAULT_LIMIT, 'limit', 1, MAX_LIMIT),
    ...readStart(fields, order),
    ...(readBoolean(fields['total'] ?? false, 'total') ? { total: true } : {}),
  }
  canonical.add(Object.freeze(result))
  return result
}

/** Whether a query was answered by {@link canonicalize}. */
export function isCanonical(query: EmailQuery | CanonicalQuery): query is CanonicalQuery {
  return canonical.has(query)
}

/** The same query for another part of the list. Beyond the bounds of {@link EmailQuery} is no part. */
export function withPage(
  query: CanonicalQuery,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): CanonicalQuery {
  const { offset: _offset, ...rest } = query
  const result: CanonicalQuery = { ...rest, limit, ...(offset > 0 && { offset }) }
  canonical.add(Object.freeze(result))
  return result
}

/**
 * Checks a filter alone, for counts.
 *
 * @throws {InvalidFilterError} As {@link canonicalize}; order and pages are unknown fields here.
 */
export function canonicalizeFilter(filter: EmailFilter | CanonicalFilter): CanonicalFilter {
  if (canonical.has(filter)) return filter as CanonicalFilter
  const branches = readBranches(readFields(filter, 'filter', FILTER_FIELDS))
  const result = Object.freeze({ branches })
  canonical.add(result)
  return result
}

/**
 * Names a query: two queries have the same key exactly when they ask for the same page. Holds the
 * addresses and names of the query in clear, so hash it before it leaves the process.
 *
 * @throws {InvalidFilterError} As {@link canonicalize}.
 */
export function canonicalKey(query: EmailQuery | CanonicalQuery): string {
  const checked = canonicalize(query)
  const known = keys.get(checked)
  if (known !== undefined) return known
  const { branches, order, limit, after, offset, total } = checked
  // Fields that say the default are left out; the order of all others is fixed.
  const key = JSON.stringify({
    branches,
    ...(order.by === 'received' && order.direction === 'desc'
      ? {}
      : { order: [order.by, order.direction] }),
    ...(limit === DEFAULT_LIMIT ? {} : { limit }),
    after,
    offset,
    total,
  })
  keys.set(checked, key)
  return key
}

/** Names a filter, whatever page of it is asked for; for counts. As {@link canonicalKey}. */
export function filterKey({ branches }: CanonicalFilter): string {
  return JSON.stringify({ branches })
}

function readOrder(fields: Fields): EmailOrder {
  const by = readChoice(fields['orderBy'] ?? 'received', 'orderBy', ORDERS)
  const direction = fields['direction'] ?? DEFAULT_DIRECTIONS[by]
  return Object.freeze({ by, direction: readChoice(direction, 'direction', DIRECTIONS) })
}

function readStart(fields: Fields, { by }: EmailOrder): { after?: SortKey; offset?: number } {
  const { cursor, offset = 0 } = fields
  const skipped = readInteger(offset, 'offset', 0, MAX_OFFSET)
  if (cursor === undefined) return skipped === 0 ? {} : { offset: skipped }
  if (skipped > 0) throw new InvalidFilterError('offset', 'left out where a cursor is given')
  return { after: Object.freeze(decodeCursor(cursor, by)) }
}
