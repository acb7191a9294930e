/**
 * Values to text and back: JSON where JSON keeps the value as it is, the format of devalue for the rest. What is
 * decoded comes from Redis and is not trusted.
 *
 * @module
 */

import { CorruptEntryError, InvalidValueError, isNearcacheError } from '../errors.ts'
import { isLongerThan } from './bytes.ts'
import { readRich, writeRich } from './rich-text.ts'
import { survivesJson } from './survey.ts'

/** `j` is JSON, `d` the format of devalue. */
export type ValueFormat = 'j' | 'd'

/** A value as text; well-formed, so that its UTF-8 loses nothing. */
export interface ValueText {
  readonly format: ValueFormat
  readonly text: string
}

/**
 * The text of a value.
 *
 * Kept, beside what JSON keeps: undefined, -0, NaN, infinities, bigint, Date, Map, Set, RegExp, URL,
 * URLSearchParams, ArrayBuffer and its views, boxed primitives, Temporal, null prototypes, holes,
 * cycles and repeated references, but of frozen empty arrays. A getter is stored as what it returns; a
 * partial view as the bytes it shows; properties added to an array or another built-in object are left out.
 *
 * @throws {InvalidValueError} For functions, symbols, promises, class instances (subclasses of
 * built-ins such as `Buffer` included), properties named `__proto__` or by symbols, sparse arrays
 * longer than 100,000 and nesting deeper than 1,000 levels.
 */
export function encodeValue(value: unknown): ValueText {
  try {
    if (survivesJson(value)) return { format: 'j', text: JSON.stringify(value) }
    return { format: 'd', text: writeRich(value) }
  } catch (error) {
    if (isNearcacheError(error)) throw error
    // A getter's error could say anything: it is not passed on.
    throw new InvalidValueError('it has a part that cannot be encoded')
  }
}

/**
 * As {@link encodeValue}, of a value whose text is bounded.
 *
 * @param maxBytes In UTF-8.
 * @throws {InvalidValueError} As {@link encodeValue} does, and when the text is too large.
 */
export function encodeBounded(value: unknown, maxBytes: number): ValueText {
  const encoded = encodeValue(value)
  if (isLongerThan(encoded.text, maxBytes)) {
    throw new InvalidValueError(`it is larger than ${maxBytes} bytes`)
  }
  return encoded
}

/**
 * The value of a text. Own properties named `__proto__` are dropped from JSON; richer text
 * that has one is refused.
 *
 * @throws {CorruptEntryError} When the text is not what {@link encodeValue} writes.
 */
export function decodeValue(format: ValueFormat, text: string): unknown {
  try {
    if (format === 'd') return readRich(text)
    return canNamePrototype(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text)
  } catch {
    // SyntaxError and the like, or RangeError for a nesting no encoder of ours produces.
    throw new CorruptEntryError('the value cannot be decoded')
  }
}

/** Whether a key could read `__proto__`, be it by escapes: all of its characters are `\u00XX`. */
function canNamePrototype(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u00')
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}
