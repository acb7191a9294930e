/**
 * Records a body while it streams to a client: the client gets each piece as it arrives, and the cache
 * gets the whole body if it ends without error and is not too large.
 *
 * @module
 */

import { type Bytes, concatBytes } from '../entry/bytes.ts'

type Controller = ReadableStreamDefaultController<Uint8Array>
type SourceReader = ReadableStreamDefaultReader<Uint8Array>

/**
 * Cancels the body of a recording that was dropped unread, as `fetch` of Node does for its own responses: otherwise its
 * connection would stay open. Missing on Workers with an old compatibility date, where connections end with the request.
 */
const DROPPED =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<SourceReader>(async (reader) => {
        await reader.cancel().catch(() => undefined)
      })
    : undefined

/**
 * The recording of one body. Up to the size limit, the body is read as fast as it arrives, even if the
 * client is slow or has left. Beyond the limit, it is read at the client's pace, or cancelled if the
 * client has left.
 */
export class Recording {
  readonly #reader: SourceReader | undefined
  readonly #maxBytes: number
  readonly #whole = Promise.withResolvers<Bytes | undefined>()
  #pieces: Uint8Array[] = []
  #sizeBytes = 0
  #isTooLarge = false
  #client: Controller | undefined
  #ended: { readonly error?: unknown } | undefined
  /** Whether a client may still attach, is attached, or has left. */
  #audience: 'expected' | 'present' | 'gone' = 'expected'
  #demand = Promise.withResolvers<void>()

  constructor(body: ReadableStream<Uint8Array> | null, maxBytes: number) {
    this.#reader = body?.getReader()
    this.#maxBytes = maxBytes
    // Prevents an unhandled rejection when nobody waits for `whole` any more.
    this.#whole.promise.catch(() => undefined)
    if (this.#reader) DROPPED?.register(this, this.#reader)
    if (this.#reader) this.#run(this.#reader).catch(() => undefined)
    else this.#end({})
  }

  /**
   * The whole body; `undefined` if it is too large to store.
   *
   * @throws Whatever the source failed with, as a rejection.
   */
  get whole(): Promise<Bytes | undefined> {
    return this.#whole.promise
  }

  /** The body for the client; may be called once. A client that leaves does not end the recording. */
  stream(): ReadableStream<Uint8Array> | null {
    if (this.#reader === undefined) return null
    return new ReadableStream<Uint8Array>({
      start: (controller) => this.#attach(controller),
      pull: () => this.#demand.resolve(),
      cancel: () => this.leave(),
    })
  }

  /** Nobody will read the stream, now or later. */
  leave(): void {
    this.#audience = 'gone'
    this.#client = undefined
    this.#demand.resolve()
  }

  #attach(controller: Controller): void {
    this.#audience = 'present'
    this.#client = controller
    for (const piece of this.#pieces) controller.enqueue(piece)
    if (this.#isTooLarge) this.#pieces = []
    if (this.#ended) this.#close(controller, this.#ended)
  }

  async #run(reader: SourceReader): Promise<void> {
    try {
      for (;;) {
        if (this.#isTooLarge && !(await this.#isWanted())) return await this.#giveUp(reader)
        const { done, value } = await reader.read()
        if (done) return this.#end({})
        this.#take(value)
      }
    } catch (error) {
      this.#end({ error })
    }
  }

  #take(piece: Uint8Array): void {
    this.#sizeBytes += piece.byteLength
    const wasTooLarge = this.#isTooLarge
    this.#isTooLarge = this.#sizeBytes > this.#maxBytes
    if (!this.#isTooLarge || this.#client === undefined) this.#pieces.push(piece)
    this.#client?.enqueue(piece)
    if (!this.#isTooLarge || wasTooLarge) return
    if (this.#client) this.#pieces = []
    this.#whole.resolve(undefined)
  }

  /** Waits until the client can take more, or has left; false if it has left. */
  async #isWanted(): Promise<boolean> {
    while (this.#audience !== 'gone') {
      if (this.#client && (this.#client.desiredSize ?? 0) > 0) return true
      await this.#demand.promise
      this.#demand = Promise.withResolvers()
    }
    return false
  }

  async #giveUp(reader: SourceReader): Promise<void> {
    this.#pieces = []
    await reader.cancel().catch(() => undefined)
  }

  #end(ended: { readonly error?: unknown }): void {
    this.#ended = ended
    if (this.#client) this.#close(this.#client, ended)
    if ('error' in ended) this.#whole.reject(ended.error)
    else this.#whole.resolve(this.#isTooLarge ? undefined : concatBytes(this.#pieces))
  }

  #close(client: Controller, ended: { readonly error?: unknown }): void {
    this.#client = undefined
    if ('error' in ended) client.error(ended.error)
    else client.close()
  }
}
