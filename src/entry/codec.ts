/**
 * Converts values to text and back: JSON if it preserves the value, otherwise the format of devalue. Text to decode
 * comes from Redis and is not trusted.
 *
 * @module
 */

import { CorruptEntryError, InvalidValueError, isNearcacheError } from '../errors.ts'
import { isLongerThan } from './bytes.ts'
import { readRich, writeRich } from './rich-text.ts'
import { survivesJson } from './survey.ts'

/** `j` is JSON, `d` the format of devalue. */
export type ValueFormat = 'j' | 'd'

/** A value as text. The text is well-formed, so encoding it as UTF-8 loses nothing. */
export interface ValueText {
  readonly format: ValueFormat
  readonly text: string
}

/**
 * The text of a value.
 *
 * Besides what JSON preserves, it preserves undefined, -0, NaN, infinities, bigint, Date, Map, Set, RegExp, URL,
 * URLSearchParams, ArrayBuffer and its views, boxed primitives, Temporal, null prototypes, holes, cycles and repeated
 * references (except to frozen empty arrays). Of a getter it stores the result, and of a partial view only the bytes
 * in view. It leaves out properties added to an array or another built-in object.
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
    // The error of a getter could contain anything, so it is not passed on.
    throw new InvalidValueError('it has a part that cannot be encoded')
  }
}

/**
 * As {@link encodeValue}, with a limit on the size of the text.
 *
 * @param maxBytes Limit in UTF-8 bytes.
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
 * The value of a text. Properties named `__proto__` are dropped from JSON; text in the format of
 * devalue that has one is refused.
 *
 * @throws {CorruptEntryError} When the text cannot be decoded.
 */
export function decodeValue(format: ValueFormat, text: string): unknown {
  try {
    if (format === 'd') return readRich(text)
    return canNamePrototype(text) ? JSON.parse(text, withoutPrototype) : JSON.parse(text)
  } catch {
    // SyntaxError and the like; or RangeError, for deeper nesting than `encodeValue` allows.
    throw new CorruptEntryError('the value cannot be decoded')
  }
}

/** Whether the text could have a key `__proto__`, also one written with `\u00XX` escapes. */
function canNamePrototype(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u00')
}

function withoutPrototype(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}
