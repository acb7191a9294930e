/**
 * Records an answer while it is generated, so that any number of readers can read it from its beginning.
 *
 * @module
 */

import { LoaderTimeoutError } from '../errors.ts'
import { unlessAborted } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { ENDED, type Found, Reader, type State } from './reader.ts'

/** An answer that the model has begun to send. */
export interface Opened<Part> {
  readonly parts: AsyncIterable<Part>
  /** What came before the parts, such as the headers of a response. */
  readonly head?: unknown
}

/** Bounds of a recording. */
export interface RecordingBounds<Part> {
  /** How long the model may take to begin, and then to send its first part, in milliseconds. */
  readonly firstMs: number
  /** How long it may pause between two parts, in milliseconds. */
  readonly idleMs: number
  /** How much is kept, in the units of `sizeOf`. A longer answer is passed on, but not kept. */
  readonly maxSize: number
  readonly sizeOf: (part: Part) => number
}

/** A complete answer. */
export interface Recorded<Part> {
  /** `undefined` when the answer was too long to keep. */
  readonly parts: readonly Part[] | undefined
  /** From the call of the model to the last part, in milliseconds. */
  readonly tookMs: number
  /** From the call of the model to the first part, in milliseconds. */
  readonly firstMs: number
  /** How many readers joined besides the first. */
  readonly followers: number
}

/** Abort reason for a model when the last reader of its answer has left. */
export const UNWANTED: unique symbol = Symbol('nobody reads this answer any more')

const RUNNING: State = { kind: 'running' }

/**
 * One answer, recorded while it is read.
 *
 * Readers take parts from a list and never touch the model's stream, because on Workers a stream belongs
 * to the request that opened it. Every wait has a timeout, because a request that is cut off reports
 * nothing. When the last reader leaves, the model is told to stop. Once the answer exceeds `maxSize`, no
 * reader can join, parts that all readers have read are dropped, and the model waits for the slowest one.
 */
export class Recording<Part = unknown> {
  readonly #platform: Platform
  readonly #bounds: RecordingBounds<Part>
  readonly #readers = new Set<Reader<Part>>()
  readonly #stopped = new AbortController()
  #parts: Part[] = []
  #dropped = 0
  #size = 0
  /** Size of the parts that were not dropped. */
  #keptSize = 0
  #state: State = RUNNING
  #head: { readonly value: unknown } | undefined
  /** Only created in the model's request: Workers drop waiters on a promise of a request that has ended. */
  #changed = Promise.withResolvers<void>()
  #trimmed: PromiseWithResolvers<void> | undefined
  #joined = 0
  #heardAt = 0

  constructor(platform: Platform, bounds: RecordingBounds<Part>) {
    this.#platform = platform
    this.#bounds = bounds
  }

  /** A reader from the beginning; `undefined` once the answer failed, exceeds `maxSize` or was abandoned. */
  subscribe(): Reader<Part> | undefined {
    const isAbandoned = this.#joined > 0 && this.#readers.size === 0 && this.#state === RUNNING
    if (this.#dropped > 0 || this.#isOver || isAbandoned || this.#state.kind === 'failed') {
      return undefined
    }
    const reader = new Reader<Part>(this.#platform, {
      at: (index) => this.#at(index),
      head: () => this.#head,
      changed: () => this.#changed.promise,
      advanced: () => this.#trim(),
      left: (gone) => this.#leave(gone),
      firstMs: this.#bounds.firstMs,
      idleMs: this.#bounds.idleMs,
    })
    this.#readers.add(reader)
    this.#joined++
    return reader
  }

  /**
   * Calls the model and records its answer to the end.
   *
   * @param signal Stops the recording from outside.
   * @throws Whatever the model failed with, unchanged; `LoaderTimeoutError` when it took too long;
   * `UNWANTED` when the last reader has left.
   */
  async run(
    open: (signal: AbortSignal) => Promise<Opened<Part>>,
    signal?: AbortSignal,
  ): Promise<Recorded<Part>> {
    const startedAt = this.#platform.now()
    const controller = new AbortController()
    const ended = new AbortController()
    const onAbort = (): void => this.#stopped.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#platform.defer(this.#watch(startedAt, ended.signal))
    let firstMs: number | undefined
    let iterator: AsyncIterator<Part> | undefined
    try {
      const { parts, head } = await this.#unlessStopped(open(controller.signal))
      this.#head = { value: head }
      this.#heardAt = this.#platform.now()
      this.#change()
      iterator = parts[Symbol.asyncIterator]()
      for (;;) {
        const step = await this.#unlessStopped(iterator.next())
        if (step.done) break
        this.#heardAt = this.#platform.now()
        firstMs ??= this.#heardAt - startedAt
        this.#push(step.value)
        await this.#room()
      }
      this.#end({ kind: 'ended' })
    } catch (error) {
      this.#end({ kind: 'failed', error })
      controller.abort(error)
      // Not awaited, because a generator that is waiting is closed only after that.
      this.#platform.defer((async () => iterator?.return?.())())
      throw error
    } finally {
      ended.abort(ENDED)
      signal?.removeEventListener('abort', onAbort)
    }
    const tookMs = this.#platform.now() - startedAt
    const parts = this.#isOver ? undefined : this.#parts
    return { parts, tookMs, firstMs: firstMs ?? tookMs, followers: this.#joined - 1 }
  }

  get #isOver(): boolean {
    return this.#size > this.#bounds.maxSize
  }

  /** Not `Promise.race`, which would keep each part in memory until the long-lived signal aborts. */
  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(work, this.#stopped.signal)
  }

  /** Stops the recording when the model sends nothing for too long. One timer for all parts. */
  async #watch(startedAt: number, ended: AbortSignal): Promise<void> {
    const { firstMs, idleMs } = this.#bounds
    while (!ended.aborted) {
      const hasBegun = this.#dropped + this.#parts.length > 0
      const ms = hasBegun ? idleMs : firstMs
      const since = this.#head ? this.#heardAt : startedAt
      const leftMs = since + ms - this.#platform.now()
      if (leftMs <= 0) this.#stopped.abort(new LoaderTimeoutError(ms))
      if (leftMs <= 0) return
      // The first part may come long before its time is over, and from then on the shorter time counts.
      await this.#platform.delay(Math.min(leftMs, idleMs), ended).catch(() => undefined) // ended
    }
  }

  #push(part: Part): void {
    this.#parts.push(part)
    const size = this.#bounds.sizeOf(part)
    this.#size += size
    this.#keptSize += size
    this.#change()
  }

  /** Once the answer exceeds `maxSize`, waits for the slowest reader, for at most `idleMs`. */
  async #room(): Promise<void> {
    while (this.#isOver && this.#isFarAhead) {
      this.#trimmed = Promise.withResolvers<void>()
      await this.#unlessStopped(this.#trimmed.promise)
    }
  }

  /** Whether too much is unread. A single part may be larger than `maxSize`, or it could not be passed on. */
  get #isFarAhead(): boolean {
    const count = this.#parts.length
    return count > MAX_LAG || (count > 1 && this.#keptSize > this.#bounds.maxSize)
  }

  #trim(): void {
    if (!this.#isOver) return
    const read = Math.min(...[...this.#readers].map(({ position }) => position))
    const count = Math.min(read - this.#dropped, this.#parts.length)
    if (!(count > 0)) return
    for (const part of this.#parts.splice(0, count)) this.#keptSize -= this.#bounds.sizeOf(part)
    this.#dropped += count
    this.#trimmed?.resolve()
  }

  #at(index: number): Found<Part> {
    if (index < this.#dropped + this.#parts.length) {
      return { kind: 'part', part: this.#parts[index - this.#dropped] as Part }
    }
    return this.#state
  }

  #leave(reader: Reader<Part>): void {
    this.#readers.delete(reader)
    if (this.#readers.size === 0) this.#stopped.abort(UNWANTED)
    else this.#trim()
  }

  #end(state: State): void {
    this.#state = state
    this.#change()
  }

  #change(): void {
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers<void>()
    resolve()
  }
}

/** How many parts the slowest reader may be behind, once the answer exceeds `maxSize`. */
const MAX_LAG = 256
