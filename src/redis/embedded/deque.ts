/**
 * A double-ended queue for lists.
 *
 * @module
 */

const FIRST_CAPACITY = 8

/**
 * Texts in a ring buffer: constant time at both ends and by index, linear in the middle.
 */
export class Deque {
  #ring: (string | undefined)[] = new Array(FIRST_CAPACITY)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The text at an index of [0, size); undefined outside. */
  at(index: number): string | undefined {
    return index < 0 || index >= this.#size ? undefined : this.#ring[this.#slot(index)]
  }

  /** Replaces the text at an index of [0, size). */
  set(index: number, text: string): void {
    this.#ring[this.#slot(index)] = text
  }

  pushLast(text: string): void {
    this.#reserve()
    this.#ring[this.#slot(this.#size++)] = text
  }

  pushFirst(text: string): void {
    this.#reserve()
    this.#head = (this.#head - 1) & (this.#ring.length - 1)
    this.#ring[this.#head] = text
    this.#size++
  }

  popLast(): string | undefined {
    if (this.#size === 0) return undefined
    const slot = this.#slot(--this.#size)
    const text = this.#ring[slot]
    this.#ring[slot] = undefined
    return text
  }

  popFirst(): string | undefined {
    if (this.#size === 0) return undefined
    const text = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = this.#slot(1)
    this.#size--
    return text
  }

  /** The texts of [start, end). */
  slice(start: number, end: number): string[] {
    const texts: string[] = []
    for (let index = start; index < end; index++)
      texts.push(this.#ring[this.#slot(index)] as string)
    return texts
  }

  /** Replaces all texts. */
  reset(texts: readonly string[]): void {
    this.#ring = new Array(FIRST_CAPACITY)
    this.#head = 0
    this.#size = 0
    for (const text of texts) this.pushLast(text)
  }

  /** The capacity is a power of two, so that a mask can wrap an index around. */
  #slot(index: number): number {
    return (this.#head + index) & (this.#ring.length - 1)
  }

  #reserve(): void {
    if (this.#size < this.#ring.length) return
    const texts = this.slice(0, this.#size)
    this.#head = 0
    this.#ring = texts
    this.#ring.length = this.#size * 2
  }
}
