/**
 * Values to text and back: JSON where JSON keeps the value as it is, devalue for the rest. What is
 * decoded comes from Redis and is not trusted.
 *
 * @module
 */

import { defaultParseOperations, parse, stringify } from 'devalue'
import { CorruptEntryError, InvalidValueError, isNearcacheError } from '../errors.ts'
import { MAX_SPARSE_LENGTH, survivesJson } from './survey.ts'

/** `j` is JSON, `d` is devalue. */
export type ValueFormat = 'j' | 'd'

/** A value as text; well-formed, so that its UTF-8 loses nothing. */
export interface ValueText {
  readonly format: ValueFormat
  readonly text: string
}

/** The part of a view that users see. Without it, all of its buffer would be stored. */
function viewInfo(view: ArrayBufferView & { readonly length?: number }) {
  const { buffer, byteOffset, byteLength } = view
  const visible =
    byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)
  return { buffer: visible, byteOffset: 0, byteLength, bufferByteLength: byteLength }
}

/** A length that costs ten bytes in the text must not cost the reader four thousand million. */
function createSparseArray(length: number): unknown[] {
  if (length > MAX_SPARSE_LENGTH) throw new RangeError('sparse array too long')
  return defaultParseOperations.createSparseArray(length)
}

const WRITING = { operations: { viewInfo } }
const READING = { operations: { createSparseArray } }

/**
 * The text of a value.
 *
 * Kept, beside what JSON keeps: undefined, -0, NaN, infinities, bigint, Date, Map, Set, RegExp, URL,
 * URLSearchParams, ArrayBuffer and its views, boxed primitives, Temporal, null prototypes, holes,
 * cycles and repeated references. A getter is stored as what it returns; a partial view as the bytes
 * it shows; properties added to an array or another built-in object are left out.
 *
 * @throws {InvalidValueError} For functions, symbols, promises, class instances (subclasses of
 * built-ins such as `Buffer` included), properties named `__proto__` or by symbols, sparse arrays
 * longer than 100,000 and nesting deeper than 1,000 levels.
 */
export function encodeValue(value: unknown): ValueText {
  try {
    if (survivesJson(value)) return { format: 'j', text: JSON.stringify(value) }
    return { format: 'd', text: stringify(value, undefined, WRITING) }
  } catch (error) {
    if (isNearcacheError(error)) throw error
    // devalue's own error holds the value, and a getter's could say anything: neither is passed on.
    throw new InvalidValueError('it has a part that cannot be encoded')
  }
}

/**
 * The value of a text. Own properties named `__proto__` are dropped from JSON; devalue text that
 * has one is refused.
 *
 * @throws {CorruptEntryError} When the text is not what {@link encodeValue} writes.
 */
export function decodeValue(format: ValueFormat, text: string): unknown {
  try {
    if (format === 'd') return parse(text, undefined, READING)
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
