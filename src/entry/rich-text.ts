/**
 * Writes and reads text for values that JSON does not preserve, in the format of devalue: a list in which each
 * distinct part has one place, and refers to other parts by their places. An eighth of that package's size.
 *
 * @module
 */

import { type Bytes, fromBase64, toBase64 } from './bytes.ts'
import { builtIn, isLeafName, isPlain, MAX_SPARSE_LENGTH, nameOf } from './survey.ts'

/** Stands for a missing element of an array. */
const HOLE = -2
/** Begins a sparse array: its length, then the index and place of each element. */
const SPARSE = -7
/** Values with fixed places: the first at -1, the next at -2, and so on. */
const SPECIAL: readonly unknown[] = [undefined, HOLE, Number.NaN, Infinity, -Infinity, -0]
/** The largest index. Once an array has had an element there, its memory depends on its elements, not its length. */
const MAX_INDEX = 2 ** 32 - 2

/**
 * The text of a value.
 *
 * @param value A value that `survivesJson` has not refused.
 * @throws {TypeError} When a part has no text: properties named by symbols, or shared memory. Also whatever
 * a getter throws.
 */
export function writeRich(value: unknown): string {
  const writer = new Writer()
  const place = writer.place(value)
  return place < 0 ? String(place) : `[${writer.texts.join()}]`
}

/**
 * The value of a text.
 *
 * @throws {Error} When the text is malformed; the kind of error has no meaning.
 */
export function readRich(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed === 'number') return new Reader([]).at(parsed)
  return new Reader(parsed as readonly unknown[]).at(0)
}

class Writer {
  readonly texts: string[] = []
  readonly #places = new Map<unknown, number>()

  place(value: unknown): number {
    if (value === undefined || isSpecialNumber(value)) {
      return ~SPECIAL.findIndex((known) => Object.is(known, value))
    }
    const known = this.#places.get(value)
    if (known !== undefined) return known
    // Registered before its parts are written, because they may refer back to it.
    const place = this.texts.push('') - 1
    this.#places.set(value, place)
    this.texts[place] = this.#write(value)
    return place
  }

  #write(value: unknown): string {
    if (typeof value === 'bigint') return named('BigInt', [JSON.stringify(String(value))])
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    if (Array.isArray(value)) return this.#writeArray(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === null) return named('null', this.#writePairs(value, ','))
    if (!isPlain(value)) return this.#writeBuiltIn(value)
    return `{${this.#writePairs(value, ':').join()}}`
  }

  #writePairs(value: object, between: string): string[] {
    const symbols = Object.getOwnPropertySymbols(value)
    if (symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol))) {
      throw new TypeError('symbols as properties have no text')
    }
    const record = value as Readonly<Record<string, unknown>>
    return Object.keys(record).map((name) => quoted(name) + between + this.place(record[name]))
  }

  #writeArray(list: readonly unknown[]): string {
    const places = list.map((item) => this.place(item))
    let filled = 0
    // `forEach` skips holes.
    places.forEach(() => {
      filled++
    })
    if (filled === list.length) return `[${places.join()}]`
    if (filled * 2 >= list.length) return `[${Array.from(places, (n) => n ?? HOLE).join()}]`
    return `[${[SPARSE, list.length, ...Object.entries(places)].join()}]`
  }

  #writeBuiltIn(value: object): string {
    const name = nameOf(value)
    if (name === 'Date') return named(name, [quoted(textOf(value))])
    if (value instanceof Set) return named(name, this.#placesOf(value))
    if (value instanceof Map) return named(name, this.#placesOf([...value].flat()))
    if (value instanceof ArrayBuffer) {
      return named(name, [quoted(toBase64(new Uint8Array(value)))])
    }
    if (ArrayBuffer.isView(value)) return named(name, [this.place(visible(value))])
    if (value instanceof RegExp) return named(name, [value.source, value.flags].map(quoted))
    if (BOXES.includes(name)) return named('Object', [this.place(value.valueOf())])
    if (!isLeafName(name)) throw new TypeError('it has no text')
    return named(name, [quoted(textOf(value))])
  }

  #placesOf(parts: Iterable<unknown>): number[] {
    return Array.from(parts, (part) => this.place(part))
  }
}

function isSpecialNumber(value: unknown): boolean {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
}

const BOXES = ['Number', 'String', 'Boolean', 'BigInt']

function named(name: string, parts: readonly (string | number)[]): string {
  return `[${[quoted(name), ...parts].join()}]`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

/** An invalid date has no ISO form. It is written as an empty text, from which an invalid date is made again. */
function textOf(value: object): string {
  if (!('toISOString' in value)) return String(value)
  return Number.isNaN(Number(value)) ? '' : (value as { toISOString(): string }).toISOString()
}

/** The part of the buffer that a view shows. Otherwise the whole buffer would be stored. */
function visible({ buffer, byteOffset, byteLength }: ArrayBufferView): ArrayBufferLike {
  return byteLength === buffer.byteLength
    ? buffer
    : buffer.slice(byteOffset, byteOffset + byteLength)
}

class Reader {
  readonly #parts: readonly unknown[]
  readonly #values = new Map<number, unknown>()

  constructor(parts: readonly unknown[]) {
    this.#parts = parts
  }

  at(place: unknown): unknown {
    if (typeof place !== 'number') throw malformed()
    const isSpecial = place !== HOLE && (~place) in SPECIAL
    if (isSpecial) return SPECIAL[~place]
    const known = this.#values.get(place)
    if (known !== undefined) return known
    if (!(place in this.#parts)) throw malformed()
    const part = this.#parts[place]
    return typeof part === 'object' && part !== null ? this.#read(place, part) : part
  }

  /** Registers a value before its parts are read, because they may refer back to it. */
  #keep<Value>(place: number, value: Value): Value {
    this.#values.set(place, value)
    return value
  }

  #read(place: number, part: object): unknown {
    if (!Array.isArray(part)) return this.#readRecord(place, part as Record<string, unknown>)
    const [first, ...rest] = part as unknown[]
    if (typeof first === 'string') return this.#readNamed(place, first, rest)
    if (first === SPARSE) return this.#readSparse(place, rest)
    const list = this.#keep(place, new Array<unknown>(part.length))
    part.forEach((item, i) => {
      if (item !== HOLE) list[i] = this.at(item)
    })
    return list
  }

  #readRecord(place: number, part: Readonly<Record<string, unknown>>): unknown {
    const record = this.#keep(place, {})
    for (const name of Object.keys(part)) this.#set(record, name, part[name])
    return record
  }

  #set(record: Record<string, unknown>, name: unknown, place: unknown): void {
    if (typeof name !== 'string' || name === '__proto__') throw malformed()
    record[name] = this.at(place)
  }

  #readSparse(place: number, [length, ...pairs]: readonly unknown[]): unknown {
    // A length of ten characters must not make the reader allocate four thousand million elements.
    if (!isIndex(length, MAX_SPARSE_LENGTH + 1)) throw malformed()
    const list: unknown[] = this.#keep(place, [])
    list[MAX_INDEX] = undefined
    list.length = length
    for (let i = 0; i < pairs.length; i += 2) {
      const index = pairs[i]
      if (!isIndex(index, length)) throw malformed()
      list[index] = this.at(pairs[i + 1])
    }
    return list
  }

  #readNamed(place: number, name: string, rest: readonly unknown[]): unknown {
    switch (name) {
      case 'null': {
        const record = this.#keep(place, Object.create(null))
        for (let i = 0; i < rest.length; i += 2) this.#set(record, rest[i], rest[i + 1])
        return record
      }
      case 'Set': {
        const set = this.#keep(place, new Set())
        for (const item of rest) set.add(this.at(item))
        return set
      }
      case 'Map': {
        const map = this.#keep(place, new Map())
        for (let i = 0; i < rest.length; i += 2) map.set(this.at(rest[i]), this.at(rest[i + 1]))
        return map
      }
      default:
        return this.#keep(place, this.#readLeaf(name, rest))
    }
  }

  #readLeaf(name: string, rest: readonly unknown[]): unknown {
    const [first, ...more] = rest
    switch (name) {
      case 'BigInt':
        return BigInt(textIn(first))
      case 'Object':
        return boxed(this.at(first))
      case 'ArrayBuffer':
        return bytesIn(first).buffer
    }
    const type = isLeafName(name) ? builtIn(name) : undefined
    if (type === undefined) throw malformed()
    if (name.startsWith('Temporal.')) return type.from(textIn(first))
    // A typed array would take the text for its length, and allocate gigabytes.
    if (typeof first === 'string' && !name.endsWith('Array')) return new type(...rest.map(textIn))
    const buffer = this.at(first)
    if (!(buffer instanceof ArrayBuffer)) throw malformed()
    return new type(buffer, ...more)
  }
}

function malformed(): Error {
  return new SyntaxError('malformed')
}

function isIndex(value: unknown, below: number): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < below
}

function textIn(part: unknown): string {
  if (typeof part !== 'string') throw malformed()
  return part
}

function bytesIn(part: unknown): Bytes {
  const bytes = fromBase64(textIn(part))
  if (bytes === undefined) throw malformed()
  return bytes
}

function boxed(value: unknown): unknown {
  if (value === undefined || typeof value === 'object') throw malformed()
  return Object(value)
}
