/**
 * Queries to a mailbox, and their canonical form: queries with the same meaning get the same cache key.
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

/** A query: which messages, in which order, and which page of them. */
export interface EmailQuery extends EmailFilter {
  /** @default 'received' */
  readonly orderBy?: EmailOrderBy | undefined
  /** @default 'desc' (newest or most urgent first), for `sender` 'asc' */
  readonly direction?: EmailDirection | undefined
  /** Messages per page, 1 to 1000. @default 50 */
  readonly limit?: number | undefined
  /** `nextCursor` of the page before, from a query with the same order. Not with `offset`. */
  readonly cursor?: string | undefined
  /** Messages to skip, 0 to 100_000. Not with `cursor`. @default 0 */
  readonly offset?: number | undefined
  /** Whether to count all messages that match; the database must scan them. @default false */
  readonly total?: boolean | undefined
}

/** A checked filter. A message matches if it meets at least one branch; without branches, no message matches. */
export interface CanonicalFilter {
  readonly branches: readonly Branch[]
}

/** A checked query. Deeply frozen. */
export interface CanonicalQuery extends CanonicalFilter {
  readonly order: EmailOrder
  readonly limit: number
  /** Only messages that sort after this one. */
  readonly after?: SortKey
  /** At least 1. */
  readonly offset?: number
  readonly total?: true
}

/** Messages per page if the query gives no limit. */
export const DEFAULT_LIMIT = 50
/** The most messages of one page. */
export const MAX_LIMIT = 1_000
/** The most messages that a query can skip; to go further, use cursors, which cost less. */
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
/** Keys of queries, cached because the same queries are asked again. */
const keys = new WeakMap<CanonicalQuery, string>()

/**
 * Checks a query and converts it to its canonical form. A canonical query is returned as is.
 *
 * @throws {InvalidFilterError} For an unknown field, or a value that {@link EmailQuery} does not allow. If a
 *   field allows only some words, the error lists them.
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

/** Whether a query is in the canonical form that {@link canonicalize} returns. */
export function isCanonical(query: EmailQuery | CanonicalQuery): query is CanonicalQuery {
  return canonical.has(query)
}

/** The same query for another part of the list. The caller keeps within the bounds of {@link EmailQuery}. */
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
 * Checks a filter without order and page, for counts.
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
 * The key of a query. It contains the addresses and names of the query in plain text, so hash it before it
 * leaves the process.
 *
 * Queries with the same key ask for the same page. Queries with the same canonical form have the same key.
 *
 * @throws {InvalidFilterError} As {@link canonicalize}.
 */
export function canonicalKey(query: EmailQuery | CanonicalQuery): string {
  const checked = canonicalize(query)
  const known = keys.get(checked)
  if (known !== undefined) return known
  const { branches, order, limit, after, offset, total } = checked
  // Fields with their default value are left out; the order of the others is fixed.
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

/** The key of a filter without order and page, for counts; as {@link canonicalKey}. */
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
