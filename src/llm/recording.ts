/**
 * An answer while it is being generated: kept part by part, and read by any number of readers, each
 * from its beginning.
 *
 * @module
 */

import { LoaderTimeoutError } from '../errors.ts'
import { unlessAborted } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { ENDED, type Found, Reader, type State } from './reader.ts'

/** A model's answer that has begun. */
export interface Opened<Part> {
  readonly parts: AsyncIterable<Part>
  /** What came before the parts, such as the headers of a response. */
  readonly head?: unknown
}

/** Bounds of a recording. */
export interface RecordingBounds<Part> {
  /** How long the model may take to begin, in milliseconds. */
  readonly firstMs: number
  /** How long it may pause between two parts, in milliseconds. */
  readonly idleMs: number
  /** How much is kept, in the units of `sizeOf`. What is longer is passed on, and not kept. */
  readonly maxSize: number
  readonly sizeOf: (part: Part) => number
}

/** The whole of an answer. */
export interface Recorded<Part> {
  /** `undefined` when there was too much to keep. */
  readonly parts: readonly Part[] | undefined
  /** From the call of the model to the last part, in milliseconds. */
  readonly tookMs: number
  /** To the first part. */
  readonly firstMs: number
  /** How many readers beside the first there were. */
  readonly followers: number
}

/** Why a model is told to stop when nobody reads any more. */
export const UNWANTED: unique symbol = Symbol('nobody reads this answer any more')

const RUNNING: State = { kind: 'running' }

/**
 * One answer, recorded while it is read.
 *
 * Readers take parts from a list, and never touch the model's stream: on Workers it belongs to the
 * request that opened it. Every wait has an end, for a request that is cut off tells nobody. When the
 * last reader has left, the model is told to stop. Once there is more than may be kept nobody can
 * join, parts that all have read are dropped, and the model waits for the slowest reader.
 */
export class Recording<Part = unknown> {
  readonly #platform: Platform
  readonly #bounds: RecordingBounds<Part>
  readonly #readers = new Set<Reader<Part>>()
  readonly #stopped = new AbortController()
  #parts: Part[] = []
  #dropped = 0
  #size = 0
  /** Of it, what is still there. */
  #keptSize = 0
  #state: State = RUNNING
  #head: { readonly value: unknown } | undefined
  /** Made where the model is heard alone: Workers drop who waits for what was made by a request that is over. */
  #changed = Promise.withResolvers<void>()
  #trimmed: PromiseWithResolvers<void> | undefined
  #joined = 0
  #heardAt = 0

  constructor(platform: Platform, bounds: RecordingBounds<Part>) {
    this.#platform = platform
    this.#bounds = bounds
  }

  /** A reader from the beginning; `undefined` once it is too late for one. */
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
   * Calls the model and records what it says, until it has said all.
   *
   * @param signal Ends it from outside.
   * @throws Whatever the model failed with, unchanged; `LoaderTimeoutError` when it took too long;
   * `UNWANTED` when nobody reads any more.
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
    try {
      const { parts, head } = await this.#unlessStopped(open(controller.signal))
      this.#head = { value: head }
      this.#heardAt = this.#platform.now()
      this.#change()
      const iterator = parts[Symbol.asyncIterator]()
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

  /** Without a race, which would keep each part as long as what ends them all can still come. */
  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(work, this.#stopped.signal)
  }

  /** Stops the recording when the model is not heard of any more: one timer, not one a part. */
  async #watch(startedAt: number, ended: AbortSignal): Promise<void> {
    const { firstMs, idleMs } = this.#bounds
    while (!ended.aborted) {
      const [since, ms] = this.#head ? [this.#heardAt, idleMs] : [startedAt, firstMs]
      const leftMs = since + ms - this.#platform.now()
      if (leftMs <= 0) this.#stopped.abort(new LoaderTimeoutError(ms))
      if (leftMs <= 0) return
      await this.#platform.delay(leftMs, ended).catch(() => undefined) // ended
    }
  }

  #push(part: Part): void {
    this.#parts.push(part)
    const size = this.#bounds.sizeOf(part)
    this.#size += size
    this.#keptSize += size
    this.#change()
  }

  /** Beyond what is kept, waits for the slowest reader; it has as long as the model has. */
  async #room(): Promise<void> {
    while (this.#isOver && this.#isFarAhead) {
      this.#trimmed = Promise.withResolvers<void>()
      await this.#unlessStopped(this.#trimmed.promise)
    }
  }

  /** By more than the part that is being read. */
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

/** How many parts the slowest reader may be behind, once parts are not kept. */
const MAX_LAG = 256
