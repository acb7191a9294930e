/**
 * An answer of `node:http`, as far as it has to be a `Response`.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { RestResponse } from '../rest-fetch.ts'

/** Reads an answer once: by {@link text}, or by {@link body}. */
export class NodeResponse implements RestResponse {
  readonly #message: IncomingMessage
  #body: ReadableStream<Uint8Array> | undefined

  constructor(message: IncomingMessage) {
    this.#message = message
  }

  get status(): number {
    return this.#message.statusCode ?? 0
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): RestResponse['headers'] {
    return { get: (name) => headerOf(this.#message, name) }
  }

  /** A stream is made for whoever asks: most answers are read at once. */
  get body(): ReadableStream<Uint8Array> {
    this.#body ??= Readable.toWeb(this.#message) as unknown as ReadableStream<Uint8Array>
    return this.#body
  }

  /** Rejects when the connection ends before the answer does. */
  text(): Promise<string> {
    const message = this.#message
    return new Promise((resolve, reject) => {
      let text = ''
      message.setEncoding('utf8')
      message.on('data', (part: string) => {
        text += part
      })
      message.once('error', reject)
      message.once('end', () => resolve(text))
      const lose = (): void => {
        // Every answer closes. An error is made where none will come: it costs a stack.
        if (!message.readableEnded) reject(new Error('The connection ended before the answer'))
      }
      message.once('close', lose)
      if (message.destroyed) lose()
    })
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(', ') : (value ?? null)
}
