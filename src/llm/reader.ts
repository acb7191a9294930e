/**
 * Reads an answer that may not be complete yet.
 *
 * @module
 */

import { LoaderTimeoutError } from '../errors.ts'
import { unlessAborted } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'

/** The state of a recording. */
export type State =
  | { readonly kind: 'running' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Abort reason of a watch timer, when what it watches has ended. */
export const ENDED = 'ended'

/** What a reader finds at a position: a part, or the recording's state if there is no part yet. */
export type Found<Part> = { readonly kind: 'part'; readonly part: Part } | State

/** What a reader needs from its recording. */
export interface Tape<Part> {
  at(index: number): Found<Part>
  head(): { readonly value: unknown } | undefined
  changed(): Promise<void>
  advanced(): void
  left(reader: Reader<Part>): void
  readonly firstMs: number
  readonly idleMs: number
}

/** Reads a recording from its beginning, at its own pace. To stop before the end, call `return`. */
export class Reader<Part> implements AsyncIterableIterator<Part, void> {
  readonly #platform: Platform
  readonly #tape: Tape<Part>
  readonly #expired = new AbortController()
  readonly #left = new AbortController()
  #position = 0
  #isDone = false
  #isWatched = false
  #waiting: { readonly since: number; readonly ms: number } | undefined

  constructor(platform: Platform, tape: Tape<Part>) {
    this.#platform = platform
    this.#tape = tape
  }

  /** How many parts this reader has read. */
  get position(): number {
    return this.#position
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /**
   * Waits until the model has begun to answer.
   *
   * @returns What the model sent before the parts, such as headers.
   * @throws As {@link next} does.
   */
  async opened(): Promise<unknown> {
    for (;;) {
      const head = this.#tape.head()
      if (head) return head.value
      const state = this.#tape.at(this.#position)
      if (state.kind === 'failed') this.#fail(state.error)
      await this.#wait(this.#tape.firstMs)
    }
  }

  /** @throws Whatever the model failed with; `LoaderTimeoutError` when no part arrives in time. */
  async next(): Promise<IteratorResult<Part, void>> {
    while (!this.#isDone) {
      const found = this.#tape.at(this.#position)
      switch (found.kind) {
        case 'part':
          this.#position++
          this.#tape.advanced()
          return { done: false, value: found.part }
        case 'ended':
          this.#leave()
          break
        case 'failed':
          this.#fail(found.error)
          break
        case 'running':
          await this.#wait(this.#position > 0 ? this.#tape.idleMs : this.#tape.firstMs)
      }
    }
    return { done: true, value: undefined }
  }

  /** The parts that can be read without waiting. */
  ready(): Part[] {
    const parts: Part[] = []
    for (let found = this.#tape.at(this.#position); !this.#isDone && found.kind === 'part'; ) {
      parts.push(found.part)
      this.#position++
      found = this.#tape.at(this.#position)
    }
    if (parts.length > 0) this.#tape.advanced()
    return parts
  }

  async return(): Promise<IteratorResult<Part, void>> {
    this.#leave()
    return { done: true, value: undefined }
  }

  async #wait(ms: number): Promise<void> {
    // Waits a little longer than the recording does, because the recording's own error is more precise.
    this.#waiting = { since: this.#platform.now(), ms: ms + GRACE_MS }
    if (!this.#isWatched) this.#platform.defer(this.#watch())
    await unlessAborted(this.#tape.changed(), this.#expired.signal)
    this.#waiting = undefined
  }

  /**
   * Times out if the recording was cut off and reports nothing. One timer for all parts. It ends when it finds nobody
   * waiting: a reader that is given up without `return` would otherwise stay in memory for good.
   */
  async #watch(): Promise<void> {
    this.#isWatched = true
    const { signal } = this.#left
    for (let wait = this.#waiting; wait && !signal.aborted; wait = this.#waiting) {
      const leftMs = wait.since + wait.ms - this.#platform.now()
      if (leftMs <= 0) this.#expire(wait.ms - GRACE_MS)
      const soonMs = Math.max(1, Math.min(leftMs, this.#tape.idleMs))
      await this.#platform.delay(soonMs, signal).catch(() => undefined) // the reader has left
    }
    this.#isWatched = false
  }

  #expire(ms: number): void {
    this.#expired.abort(new LoaderTimeoutError(ms))
    this.#leave()
  }

  #fail(error: unknown): never {
    this.#leave()
    throw error
  }

  #leave(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#left.abort(ENDED)
    this.#tape.left(this)
  }
}

const GRACE_MS = 1_000
