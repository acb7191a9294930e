/**
 * Values by scope in the memory of this isolate, with a bound on their total size.
 *
 * @module
 */

/** Values by scope. Above the bound, the least recently used are dropped, but never the only one. */
export class BoundedScopes<Value> {
  readonly #maxBytes: number
  readonly #bytesOf: (value: Value) => number
  readonly #values = new Map<string, Value>()

  constructor(maxBytes: number, bytesOf: (value: Value) => number) {
    this.#maxBytes = maxBytes
    this.#bytesOf = bytesOf
  }

  get bytes(): number {
    let bytes = 0
    for (const value of this.#values.values()) bytes += this.#bytesOf(value)
    return bytes
  }

  get(scope: string): Value | undefined {
    const value = this.#values.get(scope)
    if (value === undefined) return undefined
    this.#values.delete(scope)
    this.#values.set(scope, value)
    return value
  }

  set(scope: string, value: Value): void {
    this.#values.delete(scope)
    this.#values.set(scope, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size === 1 || this.bytes <= this.#maxBytes) return
      this.#values.delete(oldest)
    }
  }

  delete(scope: string): void {
    this.#values.delete(scope)
  }
}
