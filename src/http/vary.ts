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

/**
 * A request field in the one form of all that mean the same: no space around commas, and for the
 * fields of content negotiation members in the order of their weights, written shortest.
 */
export function canonicalField(name: string, value: string): string {
  const members = listMembers(value)
  if (!NEGOTIATED.has(name)) return members.join(',')
  const weighed = members.map((member) => weigh(name, member))
  const lines = weighed
    .sort((a, b) => b.weight - a.weight || (a.text < b.text ? -1 : 1))
    .map(({ text, weight }) => (weight === 1 ? text : `${text};q=${weight}`))
  return [...new Set(lines)].join(',')
}

function weigh(name: string, member: string): { readonly text: string; readonly weight: number } {
  const [first = '', ...parameters] = member.split(';').map((part) => part.trim())
  const isWeight = (parameter: string): boolean => /^q[ \t]*=/i.test(parameter)
  const weight = Number(parameters.find(isWeight)?.split('=')[1]?.trim() || 1)
  const others = parameters.filter((parameter) => !isWeight(parameter))
  // Values of parameters may be case-sensitive: only `Accept` has such.
  const kept = others.map((other) => (name === 'accept' ? other : other.toLowerCase()))
  const text = [first.toLowerCase(), ...kept].join(';')
  return { text, weight: weight >= 0 && weight <= 1 ? weight : 1 }
}
