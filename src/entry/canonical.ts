/**
 * Turns values into text, and values that mean the same into the same text, to build keys from inputs and arguments.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import { toBase64, urlSafe } from './bytes.ts'

/** The number of bytes of the longest key: a value with more parts cannot fit into a key. */
const MAX_PARTS = 65_536
const MAX_DEPTH = 100

/**
 * The text of a value. Different values have different texts, with these exceptions: the order of an object's
 * properties, of a Map's pairs and of a Set's members does not matter; an undefined property counts as absent, -0 as
 * 0, a null prototype as an ordinary one, and a hole as undefined.
 *
 * Takes null, undefined, booleans, numbers, strings, bigint, arrays, objects without a class, Date,
 * Map, Set, URL, Uint8Array and ArrayBuffer.
 *
 * @throws {InvalidKeyError} For functions, symbols, promises and other class instances, for symbols as
 * properties, for more than 65,536 parts, and for more than 100 levels, as in a cycle.
 */
export function canonicalText(value: unknown): string {
  return new Writer().write(value, 0)
}

class Writer {
  // Counted, because repeated references to one object can turn a small value into an enormous text.
  #parts = 0

  write(value: unknown, depth: number): string {
    this.#parts++
    if (this.#parts > MAX_PARTS) throw refused('it has too many parts')
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value)
      case 'number':
        return String(value + 0)
      case 'bigint':
        return `${value}n`
      case 'boolean':
      case 'undefined':
        return String(value)
      case 'object':
        return value === null ? 'null' : this.#object(value, depth + 1)
      default:
        throw refused(`${typeof value}s have no text`)
    }
  }

  #object(value: object, depth: number): string {
    if (depth > MAX_DEPTH) throw refused(`it is nested deeper than ${MAX_DEPTH} levels`)
    if (Array.isArray(value)) return `[${this.#list(value, depth)}]`
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#record(value, depth)
    if (value instanceof Map) {
      return `Map{${sorted([...value].map(([key, item]) => this.#pair(key, item, depth)))}}`
    }
    if (value instanceof Set) {
      return `Set{${sorted([...value].map((item) => this.write(item, depth)))}}`
    }
    return leaf(value)
  }

  #list(list: readonly unknown[], depth: number): string {
    // Checked before the walk: a sparse array can have a huge length without elements.
    if (list.length > MAX_PARTS) throw refused('it has too many parts')
    return Array.from(list, (item) => this.write(item, depth)).join()
  }

  #record(value: object, depth: number): string {
    if (Object.getOwnPropertySymbols(value).length > 0) {
      throw refused('symbols as properties have no text')
    }
    const pairs = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => this.#pair(name, item, depth))
    return `{${sorted(pairs)}}`
  }

  #pair(key: unknown, item: unknown, depth: number): string {
    return `${this.write(key, depth)}:${this.write(item, depth)}`
  }
}

function sorted(texts: string[]): string {
  return texts.sort().join()
}

function leaf(value: object): string {
  if (isDate(value)) return `Date(${value.getTime()})`
  if (value instanceof URL) return `URL(${JSON.stringify(value.href)})`
  if (value instanceof Uint8Array) return `Bytes(${urlSafe(toBase64(value))})`
  if (value instanceof ArrayBuffer) return `Buffer(${urlSafe(toBase64(new Uint8Array(value)))})`
  throw refused(value instanceof Promise ? 'promises have no text' : 'class instances have no text')
}

/** Recognised by its string tag, because only the platform may use the global `Date`. */
function isDate(value: object): value is { getTime(): number } {
  return Object.prototype.toString.call(value) === '[object Date]' && 'getTime' in value
}

function refused(reason: string): InvalidKeyError {
  return new InvalidKeyError(`a value cannot be part of a key: ${reason}`)
}
