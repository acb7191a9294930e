/**
 * Queries as they are asked, again and again: each is checked, and brought into its one form, once.
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
  /** The same question in plain data that nobody can change; undefined if it was asked with more. */
  readonly plain: EmailQuery | undefined
}

/** Queries that are remembered; the ones longest unasked leave first. */
const MOST_KNOWN = 2_048
/** Longer ones are checked each time, so that what is remembered is bounded. */
const MAX_TEXT = 4_096
/** Of lists and objects in each other; a query has fewer. */
const MAX_DEPTH = 5

/** Remembers queries. */
export class AskedQueries {
  readonly #known = new Map<string, AskedQuery>()

  /** @throws {InvalidFilterError} As {@link canonicalize}. */
  of(query: EmailQuery): AskedQuery {
    const text = textOf(query, MAX_DEPTH)
    const known = text === undefined ? undefined : this.#known.get(text)
    const asked = known ?? asAsked(canonicalize(query), text)
    if (text === undefined || text.length > MAX_TEXT) return asked
    // Behind the others: it was asked last.
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
 * Plain data as JSON; undefined for what JSON does not say in full, such as inherited fields. No two
 * questions have one text, and no question has that of a mistake.
 */
function textOf(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return textOfScalar(value)
  const instant = toInstant(value)
  // A number as no other is written: where a number is wanted, a Date is a mistake.
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

/** Put together without lists of parts, since every read goes through it. */
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
