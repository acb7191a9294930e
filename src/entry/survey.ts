/**
 * Checks a value before it is stored: whether it can be encoded, and whether JSON preserves it.
 *
 * @module
 */

import { InvalidValueError } from '../errors.ts'

/** How deep a value may be nested, so that no reader's recursion overflows. */
export const MAX_DEPTH = 1_000
/** How long an array with holes may be: holes cost nothing to store, but time to walk. */
export const MAX_SPARSE_LENGTH = 100_000

/** Built-in objects without parts of their own to visit. */
const LEAVES: ReadonlySet<string> = new Set([
  ...['Date', 'RegExp', 'URL', 'URLSearchParams', 'ArrayBuffer', 'DataView'],
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array'],
  ...['Int32Array', 'Uint32Array', 'Float16Array', 'Float32Array', 'Float64Array'],
  ...['BigInt64Array', 'BigUint64Array', 'Number', 'String', 'Boolean', 'BigInt'],
])

/**
 * Whether JSON gives the value back unchanged: objects of `Object.prototype`, dense arrays,
 * strings, booleans, null and finite numbers other than -0, and no object twice except frozen empty arrays.
 *
 * @throws {InvalidValueError} When the value has no encoding at all.
 */
export function survivesJson(value: unknown): boolean {
  const survey = new Survey()
  survey.visit(value, 0)
  return survey.json
}

class Survey {
  json = true
  readonly #seen = new Set<object>()

  visit(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.json = false
        return
      case 'object':
        if (value !== null) this.#visitObject(value, depth)
        return
      case 'function':
      case 'symbol':
        throw new InvalidValueError(`${typeof value}s cannot be encoded`)
      default:
        this.json = false
    }
  }

  #visitObject(value: object, depth: number): void {
    if (depth >= MAX_DEPTH) {
      throw new InvalidValueError(`it is nested deeper than ${MAX_DEPTH} levels`)
    }
    if (this.#seen.has(value)) {
      if (!isNothing(value)) this.json = false
      return
    }
    this.#seen.add(value)
    const prototype: object | null = Object.getPrototypeOf(value)
    if (isPlain(value)) this.#visitRecord(value, depth)
    else if (Array.isArray(value) && isPlain(prototype)) this.#visitArray(value, depth)
    else this.#visitRich(value, prototype, depth)
  }

  #visitRecord(value: object, depth: number): void {
    if (Object.getOwnPropertySymbols(value).length > 0) this.json = false
    const record = value as Readonly<Record<string, unknown>>
    for (const key of Object.keys(record)) {
      if (key === '__proto__') {
        throw new InvalidValueError('objects with a property named __proto__ cannot be encoded')
      }
      this.visit(record[key], depth + 1)
    }
  }

  #visitArray(value: readonly unknown[], depth: number): void {
    for (let i = 0; i < value.length; i++) {
      const element = value[i]
      if (element === undefined && value.length > MAX_SPARSE_LENGTH && !(i in value)) {
        throw new InvalidValueError(`it has a sparse array longer than ${MAX_SPARSE_LENGTH}`)
      }
      this.visit(element, depth + 1)
    }
  }

  #visitRich(value: object, prototype: unknown, depth: number): void {
    this.json = false
    if (prototype === null) this.#visitRecord(value, depth)
    else if (prototype === Set.prototype) this.#visitEach(value as Set<unknown>, depth)
    else if (prototype === Map.prototype) {
      for (const pair of value as Map<unknown, unknown>) this.#visitEach(pair, depth)
    } else if (!isLeaf(value, prototype)) {
      const what = value instanceof Promise ? 'promises' : 'class instances'
      throw new InvalidValueError(`${what} cannot be encoded`)
    }
  }

  #visitEach(parts: Iterable<unknown>, depth: number): void {
    for (const part of parts) this.visit(part, depth + 1)
  }
}

/** Whether a value is a frozen empty array. Those are interchangeable. */
function isNothing(value: object): boolean {
  return Array.isArray(value) && value.length === 0 && Object.isFrozen(value)
}

/** Compares prototypes, not names: a subclass would be read back as its base class, without its methods. */
function isLeaf(value: object, prototype: unknown): boolean {
  const name = nameOf(value)
  return isLeafName(name) && prototype === builtIn(name)?.prototype
}

/** The string tag of an object, such as `Date`. */
export function nameOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** Whether objects of this name have no parts of their own to visit. */
export function isLeafName(name: string): boolean {
  return LEAVES.has(name) || name.startsWith('Temporal.')
}

/** The part of a host's class that is used to create values. */
interface BuiltIn {
  new (...parts: readonly unknown[]): object
  readonly prototype: object
  from(text: string): unknown
}

/** The class of a name, such as `Temporal.Instant`; `undefined` where the host has none. */
export function builtIn(name: string): BuiltIn | undefined {
  let found: unknown = globalThis
  for (const part of name.split('.')) {
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[part]
  }
  return found as BuiltIn | undefined
}

/** Whether the prototype of a value is `Object.prototype`, of this realm or another. */
export function isPlain(value: object | null): boolean {
  const prototype: unknown = value && Object.getPrototypeOf(value)
  return prototype !== null && Object.getPrototypeOf(prototype) === null
}
