/**
 * The secondary key of a response (RFC 9111, section 4.1): the request fields it was chosen by, in a
 * form that is the same for requests that ask for the same.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../entry/bytes.ts'
import { sha256 } from '../entry/sha256.ts'
import { listMembers } from '../web/list-field.ts'

/** More names than this are no way to choose a response. */
const MAX_NAMES = 16
const HASH_BYTES = 16

/** Fields whose order, case and spaces mean nothing; what they prefer is in their weights. */
const NEGOTIATED = new Set(['accept', 'accept-charset', 'accept-encoding', 'accept-language'])

/**
 * The names in `Vary`, in lower case, each once and in order; `undefined` where no request can be known
 * to match: for `*`, a name that is none, and more than 16 names.
 */
export function varyNames(headers: Headers): readonly string[] | undefined {
  const names = new Set(listMembers(headers.get('vary')).map((name) => name.toLowerCase()))
  const readable = [...names].every((name) => /^[!#$%&'+.^_`|~\w-]+$/.test(name))
  return readable && names.size <= MAX_NAMES ? [...names].sort() : undefined
}

/**
 * What a request has in these fields, hashed, since it may be a cookie; empty if it has none of them.
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

/** What can be taken apart at its commas: without quotes, and without what some take for space. */
const PLAIN = /^[\t !#-~]*$/
const WEIGHT = /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

/**
 * A request field in the one form of all that mean the same: no space behind commas, and for the fields
 * of content negotiation members in the order of their weights, written shortest.
 *
 * What does not follow the grammar is left as it is. Who makes the response may read it in another way
 * than it is read here, and nobody else is to get what comes of that.
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

/** `undefined` for a member that is none, or has no weight that is one. */
function weigh(
  name: string,
  member: string,
): { readonly text: string; readonly weight: number } | undefined {
  const [first = '', ...parameters] = member.split(';').map((part) => part.trim())
  const weights = parameters.filter((parameter) => /^q[ \t]*=/i.test(parameter))
  const [stated = 'q=1', ...more] = weights
  if (first === '' || more.length > 0 || !WEIGHT.test(stated)) return undefined
  const others = parameters.filter((parameter) => !weights.includes(parameter))
  // Values of parameters may be case-sensitive: only `Accept` has such.
  const kept = others.map((other) => (name === 'accept' ? other : other.toLowerCase()))
  return { text: [first.toLowerCase(), ...kept].join(';'), weight: Number(stated.slice(2)) }
}
