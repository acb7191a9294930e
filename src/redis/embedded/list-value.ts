/**
 * The value of a key of type list.
 *
 * @module
 */

import { Deque } from './deque.ts'
import { type Collection, MEMBER_BYTES } from './values.ts'

/** An end of a list. */
export type End = 'LEFT' | 'RIGHT'

/** Texts in order. */
export class ListValue implements Collection {
  readonly type = 'list'
  readonly #texts = new Deque()
  #bytes = 0

  get size(): number {
    return this.#texts.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The text at an index; negative indexes count from the end. Undefined outside. */
  at(index: number): string | undefined {
    return this.#texts.at(index < 0 ? this.size + index : index)
  }

  push(end: End, text: string): void {
    if (end === 'LEFT') this.#texts.pushFirst(text)
    else this.#texts.pushLast(text)
    this.#bytes += text.length + MEMBER_BYTES
  }

  pop(end: End): string | undefined {
    const text = end === 'LEFT' ? this.#texts.popFirst() : this.#texts.popLast()
    if (text !== undefined) this.#bytes -= text.length + MEMBER_BYTES
    return text
  }

  /** Replaces the text at an index of [-size, size). */
  set(index: number, text: string): void {
    const position = index < 0 ? this.size + index : index
    this.#bytes += text.length - (this.#texts.at(position)?.length ?? 0)
    this.#texts.set(position, text)
  }

  /** The texts of [start, end), all of them by default. */
  slice(start: number = 0, end: number = this.size): string[] {
    return this.#texts.slice(start, end)
  }

  /** Replaces all texts. */
  reset(texts: readonly string[]): void {
    this.#texts.reset(texts)
    this.#bytes = texts.reduce((bytes, text) => bytes + text.length + MEMBER_BYTES, 0)
  }

  clone(): ListValue {
    const copy = new ListValue()
    copy.reset(this.slice())
    return copy
  }
}
