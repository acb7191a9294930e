/**
 * Reads the path form of a command: `/SET/key/value?EX=100`.
 *
 * @module
 */

import { Problem } from './problem.ts'
import type { Strings } from './strings.ts'

/** The parts of a URL, not yet decoded. */
export interface Target {
  readonly segments: readonly string[]
  /** Fields of the query in their order, without `_token`. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly token: string | undefined
}

/**
 * Splits a URL by hand, because `URL` would resolve `..` and hide which query fields have no value.
 *
 * @param base Path under which the app is mounted, such as `/redis`.
 */
export function readTarget(url: string, base: string): Target {
  const from = url.indexOf('/', url.indexOf('://') + 3)
  const [address = ''] = (from < 0 ? '' : url.slice(from)).split('#', 1)
  const mark = address.indexOf('?')
  const path = mark < 0 ? address : address.slice(0, mark)
  const segments = path.slice(base === '/' ? 0 : base.length).split('/')
  segments.shift()
  if (segments.at(-1) === '') segments.pop()
  const { fields, token } = readQuery(mark < 0 ? '' : address.slice(mark + 1))
  return { segments, fields, token }
}

function readQuery(query: string): Pick<Target, 'fields' | 'token'> {
  const fields: [string, string][] = []
  let token: string | undefined
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const value = equals < 0 ? '' : part.slice(equals + 1)
    if (name === '_token') token = new URLSearchParams(part).get('_token') ?? ''
    else fields.push([name, value])
  }
  return { fields, token }
}

/**
 * The words of the command: segments, the body, then the query. A field without a value is a flag.
 *
 * @throws {Problem} 400, if a percent-encoding is broken, or the backend cannot hold the bytes.
 */
export function readWords(
  { segments, fields }: Target,
  body: Uint8Array,
  strings: Strings,
): readonly string[] {
  const words = segments.map((segment) => decode(segment, strings))
  if (body.length > 0) words.push(fromBytes(body, strings))
  for (const [name, value] of fields) {
    words.push(decodeField(name, strings))
    if (value !== '') words.push(decodeField(value, strings))
  }
  return words
}

/** In a query, `+` is a space (URL standard, section 5.1). */
function decodeField(field: string, strings: Strings): string {
  return decode(field.replaceAll('+', ' '), strings)
}

/** Percent-decodes. The resulting bytes need not be text. */
export function decode(text: string, strings: Strings): string {
  if (!text.includes('%')) return strings.fromText(text)
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new Problem(400, 'ERR broken percent-encoding')
  const encoded = new TextEncoder().encode(text)
  const bytes = new Uint8Array(encoded.length)
  let length = 0
  for (let index = 0; index < encoded.length; index++) {
    if (encoded[index] === 0x25) {
      bytes[length++] = Number.parseInt(
        String.fromCharCode(...encoded.subarray(index + 1, index + 3)),
        16,
      )
      index += 2
    } else {
      bytes[length++] = encoded[index] ?? 0
    }
  }
  return fromBytes(bytes.subarray(0, length), strings)
}

function fromBytes(bytes: Uint8Array, strings: Strings): string {
  const word = strings.fromBytes(bytes)
  if (word === undefined) {
    throw new Problem(400, 'ERR an argument is not UTF-8, and this database holds text alone')
  }
  return word
}
