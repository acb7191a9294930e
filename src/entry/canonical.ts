/**
 * Values as text that is the same for what means the same, for keys made of inputs and arguments.
 *
 * @module
 */

import { InvalidKeyError } from '../errors.ts'
import { toBase64, urlSafe } from './bytes.ts'

/** As many as the longest key has bytes: a value with more parts cannot be a key. */
const MAX_PARTS = 65_536
const MAX_DEPTH = 100

/**
 * The text of a value. Different values have different texts, but for these, which say the same: the
 * order of an object's properties, of a Map's pairs and of a Set's members does not matter; a property
 * that is undefined is as one that is absent; -0 is 0; a null prototype is as an ordinary one; a hole
 * is undefined.
 *
 * Takes null, undefined, booleans, numbers, strings, bigint, arrays, objects without a class, Date,
 * Map, Set, URL, Uint8Array and ArrayBuffer.
 *
 * @throws {InvalidKeyError} For functions, symbols, promises and other class instances, for symbols as
 * properties, for more than 65,536 parts, and below 100 levels, as in a cycle.
 */
export function canonicalText(value: unknown): string {
  return new Writer().write(value, 0)
}

class Writer {
  // Counted, as references to one object can make a small value a text without end.
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
    // A length is not a size: it is refused before it is walked.
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

/** By its brand: the name `Date` itself is for the platform. */
function isDate(value: object): value is { getTime(): number } {
  return Object.prototype.toString.call(value) === '[object Date]' && 'getTime' in value
}

function refused(reason: string): InvalidKeyError {
  return new InvalidKeyError(`a value cannot be part of a key: ${reason}`)
}
