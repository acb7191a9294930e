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
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest)
    return asked
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
  if (Array.isArray(value)) return joined(value.map((one) => textOf(one, depth - 1)))
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype ? textOfFields(value, depth - 1) : undefined
}

function textOfScalar(value: unknown): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value)
  const isSaid = typeof value === 'boolean' || value === null || Number.isFinite(value)
  return isSaid ? String(value) : undefined
}

function textOfFields(value: object, depth: number): string | undefined {
  const fields = Object.entries(value).filter(([, one]) => one !== undefined)
  const texts = fields.map(([name, one]) => {
    const text = textOf(one, depth)
    return text && `${JSON.stringify(name)}:${text}`
  })
  return joined(texts, '{}')
}

function joined(
  texts: readonly (string | undefined)[],
  around: '[]' | '{}' = '[]',
): string | undefined {
  const isSaid = texts.every((text) => text !== undefined)
  return isSaid ? `${around[0]}${texts.join(',')}${around[1]}` : undefined
}
