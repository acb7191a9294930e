/**
 * A map whose entries also have positions, so that choosing a random entry and resuming a scan take
 * constant time.
 *
 * @module
 */

/**
 * Iterates in order of insertion, as a `Map` does.
 *
 * Positions are dense. When an entry is removed, the last one moves into the gap. A walk from the last
 * position to the first therefore meets every entry that exists throughout, whatever is added or
 * removed in the meantime. {@link scan} relies on this.
 */
export class IndexedMap<V> {
  readonly #positions = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #values: V[] = []

  get size(): number {
    return this.#keys.length
  }

  has(key: string): boolean {
    return this.#positions.has(key)
  }

  get(key: string): V | undefined {
    const position = this.#positions.get(key)
    return position === undefined ? undefined : this.#values[position]
  }

  /** Stores a value; an existing entry keeps its position. */
  set(key: string, value: V): void {
    const position = this.#positions.get(key)
    if (position !== undefined) {
      this.#values[position] = value
      return
    }
    this.#positions.set(key, this.#keys.length)
    this.#keys.push(key)
    this.#values.push(value)
  }

  delete(key: string): boolean {
    const position = this.#positions.get(key)
    if (position === undefined) return false
    this.#positions.delete(key)
    const lastKey = this.#keys.pop() as string
    const lastValue = this.#values.pop() as V
    if (lastKey !== key) {
      this.#keys[position] = lastKey
      this.#values[position] = lastValue
      this.#positions.set(lastKey, position)
    }
    return true
  }

  /** The key at a position of [0, size). */
  keyAt(position: number): string {
    return this.#keys[position] as string
  }

  /** The value at a position of [0, size). */
  valueAt(position: number): V {
    return this.#values[position] as V
  }

  /** The keys, in order of insertion. */
  keys(): IterableIterator<string> {
    return this.#positions.keys()
  }

  /** The entries, in order of insertion. */
  *entries(): IterableIterator<[string, V]> {
    for (const [key, position] of this.#positions) yield [key, this.valueAt(position)]
  }
}
