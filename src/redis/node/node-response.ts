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
      const lose = (): void => {
        // Every answer closes. An error is made where none will come: it costs a stack.
        if (!message.readableEnded) reject(new Error('The connection ended before the answer'))
      }
      message.once('close', lose)
      if (message.destroyed) lose()
    })
  }
}

function textOf(parts: readonly Buffer[]): string {
  const [first] = parts
  return String(parts.length === 1 ? first : Buffer.concat(parts))
}

/** Looks at what came: three are asked for, and an object of all of them costs more than the looks. */
function headerOf({ rawHeaders }: IncomingMessage, name: string): string | null {
  const wanted = name.toLowerCase()
  let found: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== wanted) continue
    const value = rawHeaders[i + 1] ?? ''
    found = found === null ? value : `${found}, ${value}`
  }
  return found
}
