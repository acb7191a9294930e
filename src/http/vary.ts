/**
 * The secondary key of a response (RFC 9111, section 4.1): the request fields that it varies by,
 * normalised so that equivalent requests have the same key.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { sha256 } from '../entry/sha256.ts'
import { listMembers } from '../web/list-field.ts'

/** A response that varies by more fields than this is not stored. */
const MAX_NAMES = 16
const HASH_BYTES = 16

/** Fields whose order, case and spaces have no meaning, because preferences are given as weights. */
const NEGOTIATED = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language'])

/**
 * The names in `Vary`, in lower case, sorted and without duplicates. `undefined` if no other request can
 * be shown to match: for `*`, an invalid name, or more than 16 names.
 */
export function varyNames(headers: Headers): readonly string[] | undefined {
  const names = new Set(listMembers(headers.get('vary')).map((name) => name.toLowerCase()))
  const readable = [...names].every((name) => /^[!#$%&'+.^_`|~\w-]+$/.test(name))
  return readable && names.size <= MAX_NAMES ? [...names].sort() : undefined
}

/**
 * The values of these request fields, hashed, because one may be a cookie; empty if the request has none.
 *
 * @param names In lower case, sorted.
 */
export function secondaryKey(names: Iterable<string>, request: Headers): string {
  const fields: string[] = []
  for (const name of names) {
    const value = request.get(name)
    if (value !== null) fields.push(JSON.stringify([name, canonicalField(name, value)]))
  }
  if (fields.length === 0) return ''
  const digest = sha256(encodeUtf8(fields.join('\n')))
  return toBase64Url(digest.subarray(0, HASH_BYTES))
}

/** Values that can be split at commas: without quotes, and without characters that some treat as space. */
const PLAIN = /^[\t !#-~]*$/
const WEIGHT = /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

/**
 * Normalises a request field: no space after commas, and in the fields of content negotiation, members
 * sorted by weight, in their shortest form.
 *
 * A value that does not follow the grammar stays unchanged. The origin may interpret it differently, and
 * its response must then not be served to other requests.
 */
export function canonicalField(name: string, value: string): string {
  if (!PLAIN.test(value)) return value
  if (!NEGOTIATED.has(name)) return value.replace(/,[ \t]+/g, ',')
  const weighed = value.split(',').map((member) => weigh(name, member))
  if (!weighed.every((one) => one !== undefined)) return value
  const lines = weighed
    .sort((a, b) => b.weight - a.weight || (a.text < b.text ? -1 : 1))
    .map(({ text, weight }) => (weight === 1 ? text : `${text};q=${weight}`))
  return [...new Set(lines)].join(',')
}

/** Parses a member; `undefined` if it is empty or its weight is invalid. */
function weigh(
  name: string,
  member: string,
): { readonly text: string; readonly weight: number } | undefined {
  const [first = '', ...parameters] = member.split(';').map((part) => part.trim())
  const weights = parameters.filter((parameter) => /^q[ \t]*=/i.test(parameter))
  const [stated = 'q=1', ...more] = weights
  if (first === '' || more.length > 0 || !WEIGHT.test(stated)) return undefined
  const others = parameters.filter((parameter) => !weights.includes(parameter))
  // Values of parameters may be case-sensitive; only `Accept` has parameters.
  const kept = others.map((other) => (name === 'accept' ? other : other.toLowerCase()))
  return { text: [first.toLowerCase(), ...kept].join(';'), weight: Number(stated.slice(2)) }
}
