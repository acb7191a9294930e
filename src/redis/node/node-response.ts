/**
 * The part of `Response` that the REST transport needs, over a response of `node:http`.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { RestResponse } from '../rest-fetch.ts'

/** The answer can be read once: by {@link text} or by {@link body}. */
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

  /** Created on demand: most answers are read with {@link text}. */
  get body(): ReadableStream<Uint8Array> {
    this.#body ??= Readable.toWeb(this.#message) as unknown as ReadableStream<Uint8Array>
    return this.#body
  }

  /** Rejects when the connection ends before the answer is complete. */
  text(): Promise<string> {
    const message = this.#message
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = []
      message.on('data', (part: Buffer) => parts.push(part))
      message.once('error', reject)
      message.once('end', () => resolve(textOf(parts)))
      const lose = (): void => {
        // 'close' also follows a complete answer. The error is created only if needed: its stack trace is costly.
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

/** Searches the raw headers: only three are ever read, and building `headers` costs more. */
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
