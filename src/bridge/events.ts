/**
 * Subscriptions as server-sent events (HTML standard, section 9.2).
 *
 * @module
 */

import type { Database } from './database.ts'
import type { BridgePolicy } from './options.ts'
import { Problem } from './problem.ts'

/** A client with a longer backlog is disconnected, as Redis does (client-output-buffer-limit). */
const MAX_BACKLOG_BYTES = 8_388_608

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Otherwise nginx would buffer the events.
  'x-accel-buffering': 'no',
}

/** Opens event streams for one bridge, up to a maximum number. */
export class EventStreams {
  readonly #policy: BridgePolicy
  #open = 0

  constructor(policy: BridgePolicy) {
    this.#policy = policy
  }

  /**
   * Subscribes, and resolves to the stream once the subscription is active. The stream ends when the client
   * disconnects or falls behind, or when the bridge is stopped.
   *
   * @param path `subscribe` or `psubscribe`, and the channels.
   * @throws {Problem} 429 if too many streams are open; 400, 503 or 504 if the subscription cannot start.
   */
  async open(database: Database, path: readonly string[], headers: HeadersInit): Promise<Response> {
    const { maxStreams, signal } = this.#policy
    if (signal.aborted) throw new Problem(503, 'ERR the bridge is being stopped')
    if (this.#open >= maxStreams) throw new Problem(429, 'ERR max concurrent connections exceeded')
    const ended = new AbortController()
    const end = (): void => ended.abort()
    this.#open++
    database.metrics.streams(1)
    signal.addEventListener('abort', end, { once: true })
    ended.signal.addEventListener('abort', () => {
      this.#open--
      database.metrics.streams(-1)
      signal.removeEventListener('abort', end)
    })
    try {
      const { body, write } = eventBody(ended)
      const answer = await database.listen(path, ended.signal, (data) => write(toEvent(data)))
      if (answer.error !== undefined) throw new Problem(400, answer.error)
      this.#policy.platform.defer(this.#beat(write, ended.signal))
      return new Response(body, { headers: { ...HEADERS, ...headers } })
    } catch (error) {
      end()
      throw error instanceof Problem ? error : new Problem(503, 'ERR the bridge is being stopped')
    }
  }

  /** Sends comments at intervals, so that intermediaries do not close a silent stream. */
  async #beat(write: (text: string) => void, signal: AbortSignal): Promise<void> {
    const { platform, heartbeatMs } = this.#policy
    while (!signal.aborted) {
      await platform.delay(heartbeatMs, signal)
      write(': still here\n\n')
    }
  }
}

interface EventBody {
  readonly body: ReadableStream<Uint8Array>
  write(text: string): void
}

/** A stream that ends when `ended` aborts. It aborts `ended` when its reader cancels or falls behind. */
function eventBody(ended: AbortController): EventBody {
  const encoder = new TextEncoder()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start(own) {
        controller = own
      },
      cancel: () => ended.abort(),
    },
    { highWaterMark: MAX_BACKLOG_BYTES, size: (chunk) => chunk.byteLength },
  )
  ended.signal.addEventListener('abort', () => {
    try {
      controller?.close()
    } catch {
      // TypeError: the reader has cancelled the stream, or fell behind
    }
  })
  return {
    body,
    write(text) {
      if (ended.signal.aborted || !controller) return
      controller.enqueue(encoder.encode(text))
      if ((controller.desiredSize ?? 0) > 0) return
      // After `close`, the backlog would wait for a client that may never read again.
      controller.error(new Error('The client of an event stream reads too slowly'))
      ended.abort()
    },
  }
}

/** Each line of a message becomes one `data` line. The client joins them again. */
function toEvent(data: string): string {
  return `data: ${data.split(/\r\n|\r|\n/).join('\ndata: ')}\n\n`
}
