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
      const parts: Buffer[] = []
      message.on('data', (part: Buffer) => parts.push(part))
      message.once('error', reject)
      message.once('end', () => resolve(textOf(parts)))
      // After the end this is too late to matter; before it, nothing more will come.
      const lose = (): void => reject(new Error('The connection ended before the answer'))
      message.once('close', lose)
      if (message.destroyed) lose()
    })
  }
}

function textOf(parts: readonly Buffer[]): string {
  const [first] = parts
  if (first === undefined) return ''
  // In one piece, lest a character is cut in two.
  return (parts.length === 1 ? first : Buffer.concat(parts)).toString('utf8')
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(', ') : (value ?? null)
}
