/**
 * Parses cache directives: `Cache-Control`, leniently, and the targeted fields of RFC 9213, which are
 * strict structured fields.
 *
 * @module
 */

import { withoutOpenQuotes } from '../web/list-field.ts'

/** Directive names in lower case, with their argument; `true` for one without. */
export type Directives = ReadonlyMap<string, string | true>

/** Larger numbers of seconds are reduced to this one (RFC 9111, section 1.2.2). */
const MAX_SECONDS = 2_147_483_648

const DIRECTIVE =
  /[ \t]*([!#$%&'*+.^_`|~\w-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s",]*)))?[ \t]*(?:,|$)/y
/** Text that cannot be parsed, up to the next comma outside quotes. */
const UNREADABLE = /(?:"(?:[^"\\]|\\.)*"|[^,])*(?:,|$)/y

/**
 * The directives of a `Cache-Control` field. Names are case-insensitive. Of duplicates, the first counts.
 * Commas within quotes do not separate. Text that cannot be parsed is skipped.
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
 * The number of seconds of a directive: `undefined` if it is absent, 0 if its value is invalid, because
 * invalid freshness information means stale (RFC 9111, section 4.2.1).
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
 * The directives of a targeted field. `undefined` if the field is empty or not a dictionary of structured
 * fields (RFC 8941, section 3.2): it is then ignored. Inner lists are refused, as no directive has one.
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
    // A dictionary must not end with a comma.
    if (next === undefined || (next === text.length && text.endsWith(','))) return undefined
    at = next
  }
  return found.size > 0 ? found : undefined
}

interface Member {
  readonly name: string
  /** `undefined` if no directive has a value of this type. */
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

/** Integers and true are the only values of directives in a targeted field. */
function directiveValue(item: string): string | true | undefined {
  if (item === '?1') return true
  return /^-?\d+$/.test(item) ? item : undefined
}

function take(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
