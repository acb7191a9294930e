/**
 * A local HTTP server that records requests, and answers what a test wants.
 *
 * @module
 */

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request, its body parsed. */
export interface JsonAsked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

/** The answer: a status with a text or a value, or none. */
export type JsonAnswer =
  | { readonly status?: number; readonly json?: unknown; readonly text?: string }
  | 'never'

export interface JsonServer {
  readonly url: string
  readonly asked: readonly JsonAsked[]
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1. */
export async function startJsonServer(
  answer: (asked: JsonAsked) => JsonAnswer,
): Promise<JsonServer> {
  const asked: JsonAsked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const { method = '', url: path = '', headers } = request
    const one = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) }
    asked.push(one)
    const given = answer(one)
    if (given === 'never') return
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json' })
    response.end(given.text ?? JSON.stringify(given.json))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
