/**
 * Remembers queries that are asked again and again, so that each is checked and made canonical once.
 *
 * @module
 */

import { type CanonicalQuery, canonicalize, canonicalKey, type EmailQuery } from '../filter.ts'
import { toInstant } from '../instant.ts'

/** A query that was checked. */
export interface AskedQuery {
  readonly canonical: CanonicalQuery
  /** As {@link canonicalKey}. */
  readonly key: string
  /** A private copy of the query as plain data; undefined if the query is not plain data. */
  readonly plain: EmailQuery | undefined
}

/** The most queries that are remembered; the least recently asked are evicted first. */
const MOST_KNOWN = 2_048
/** Longer queries are not remembered, which bounds the memory. */
const MAX_TEXT = 4_096
/** Depth of nested lists and objects; no valid query is deeper. */
const MAX_DEPTH = 5

/** Canonical forms of queries, by the queries as asked. */
export class AskedQueries {
  readonly #known = new Map<string, AskedQuery>()

  /** @throws {InvalidFilterError} As {@link canonicalize}. */
  of(query: EmailQuery): AskedQuery {
    const text = textOf(query, MAX_DEPTH)
    const known = text === undefined ? undefined : this.#known.get(text)
    const asked = known ?? asAsked(canonicalize(query), text)
    if (text === undefined || text.length > MAX_TEXT) return asked
    // Inserted again, so that it is last in the order of eviction.
    if (known) this.#known.delete(text)
    this.#known.set(text, asked)
    if (this.#known.size > MOST_KNOWN) this.#dropOldest()
    return asked
  }

  #dropOldest(): void {
    const [oldest] = this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

function asAsked(canonical: CanonicalQuery, text: string | undefined): AskedQuery {
  const plain = text === undefined ? undefined : (JSON.parse(text) as EmailQuery)
  return { canonical, key: canonicalKey(canonical), plain }
}

/**
 * Plain data as JSON; undefined for values that JSON does not represent fully, such as inherited fields.
 * Different queries have different texts, and no valid query has the text of an invalid one.
 */
function textOf(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return textOfScalar(value)
  const instant = toInstant(value)
  // No number is written like this: a Date is invalid where a number is required, so their texts must differ.
  if (instant !== undefined) return `${instant}e0`
  if (depth === 0) return undefined
  if (Array.isArray(value)) return textOfItems(value, depth - 1)
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype ? textOfFields(value, depth - 1) : undefined
}

function textOfScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value)
  const isSaid = typeof value === 'boolean' || value === null || Number.isFinite(value)
  return isSaid ? String(value) : undefined
}

/** Concatenates without intermediate arrays, because every read calls it. */
function textOfFields(value: object, depth: number): string | undefined {
  const fields = value as Readonly<Record<string, unknown>>
  let all = ''
  for (const name of Object.keys(fields)) {
    if (fields[name] === undefined) continue
    const text = textOf(fields[name], depth)
    if (text === undefined) return undefined
    all += `${all && ','}${JSON.stringify(name)}:${text}`
  }
  return `{${all}}`
}

function textOfItems(value: readonly unknown[], depth: number): string | undefined {
  let all = ''
  for (const one of value) {
    const text = textOf(one, depth)
    if (text === undefined) return undefined
    all += `${all && ','}${text}`
  }
  return `[${all}]`
}
