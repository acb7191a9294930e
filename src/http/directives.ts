/**
 * Reads cache directives: `Cache-Control` as it is found in the world, and the targeted fields of
 * RFC 9213, which are strict structured fields.
 *
 * @module
 */

import { withoutOpenQuotes } from '../web/list-field.ts'

/** Directive names in lower case, with their argument; `true` for one without. */
export type Directives = ReadonlyMap<string, string | true>

/** Above this a number of seconds counts as this (RFC 9111, section 1.2.2). */
const MAX_SECONDS = 2_147_483_648

const DIRECTIVE =
  /[ \t]*([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",]*)))?[ \t]*(?:,|$)/y
/** What cannot be read, up to the comma that ends it outside of quotes. */
const UNREADABLE = /(?:"(?:[^"\\]|\\.)*"|[^,])*(?:,|$)/y

/**
 * The directives of a `Cache-Control` field. Names are case-insensitive, the first of several counts,
 * quotes hide what is in them, and what cannot be read is skipped.
 */
export function parseCacheControl(given: string | null): Directives {
  const found = new Map<string, string | true>()
  if (given === null) return found
  const field = withoutOpenQuotes(given)
  for (let at = 0; at < field.length; ) {
    DIRECTIVE.lastIndex = at
    const match = DIRECTIVE.exec(field)
    if (match === null) {
      UNREADABLE.lastIndex = at
      UNREADABLE.exec(field)
      at = Math.max(at + 1, UNREADABLE.lastIndex)
      continue
    }
    at = DIRECTIVE.lastIndex
    const [, name = '', quoted, token] = match
    const key = name.toLowerCase()
    if (!found.has(key)) found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token ?? true)
  }
  return found
}

/**
 * A number of seconds: `undefined` for a directive that is absent, 0 for one that is there and makes no
 * sense, since freshness that cannot be read is none (RFC 9111, section 4.2.1).
 */
export function seconds(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  if (value === undefined) return undefined
  if (value === true || !/^\d+$/.test(value)) return 0
  return Math.min(Number(value), MAX_SECONDS)
}

const KEY = /([a-z*][a-z0-9_.*-]*)/y
const BARE_ITEM =
  /(-?\d{1,15}(?:\.\d{1,3})?|"(?:[ !#-[\]-~]|\\["\\])*"|\?[01]|:[A-Za-z0-9+/=]*:|[A-Za-z*][!#$%&'*+.^_`|~\w:/-]*)/y
const SEPARATOR = /[ \t]*(?:,[ \t]*|$)/y

/**
 * The directives of a targeted field, or `undefined` if it is empty or no dictionary of structured
 * fields (RFC 8941, section 3.2), in which case it is as if it were not there. Inner lists are not
 * directives of any cache, and are refused.
 */
export function parseTargeted(field: string | null): Directives | undefined {
  const text = field?.trim() ?? ''
  const found = new Map<string, string | true>()
  for (let at = 0; at < text.length; ) {
    const member = readMember(text, at)
    if (member === undefined) return undefined
    const { name, value } = member
    if (value === undefined) found.delete(name)
    else found.set(name, value)
    const next = take(SEPARATOR, text, member.end)
    // A dictionary does not end in a comma.
    if (next === undefined || (next === text.length && text.endsWith(','))) return undefined
    at = next
  }
  return found.size > 0 ? found : undefined
}

interface Member {
  readonly name: string
  /** `undefined` where the type is not one that a directive has. */
  readonly value: string | true | undefined
  readonly end: number
}

function readMember(text: string, at: number): Member | undefined {
  const afterKey = take(KEY, text, at)
  if (afterKey === undefined) return undefined
  const name = text.slice(at, afterKey)
  const isBare = text[afterKey] !== '='
  const afterValue = isBare ? afterKey : take(BARE_ITEM, text, afterKey + 1)
  if (afterValue === undefined) return undefined
  const end = skipParameters(text, afterValue)
  if (end === undefined) return undefined
  const value = isBare ? true : directiveValue(text.slice(afterKey + 1, afterValue))
  return { name, value, end }
}

function skipParameters(text: string, from: number): number | undefined {
  let at = from
  while (text[at] === ';') {
    const start = take(/;[ ]*/y, text, at) ?? at
    const afterKey = take(KEY, text, start)
    if (afterKey === undefined) return undefined
    const end = text[afterKey] === '=' ? take(BARE_ITEM, text, afterKey + 1) : afterKey
    if (end === undefined) return undefined
    at = end
  }
  return at
}

/** Integers and true: all that the directives of a targeted field can be. */
function directiveValue(item: string): string | true | undefined {
  if (item === '?1') return true
  return /^-?\d+$/.test(item) ? item : undefined
}

function take(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
