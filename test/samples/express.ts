/**
 * The part of Express that the samples use: an application with routes, and a response with `json`.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A response, as handlers have it. */
export interface Response extends ServerResponse {
  json(body: unknown): void
}

type Handler = (req: IncomingMessage, res: Response) => unknown

/** An application that listens on its own port. */
export interface App {
  get(path: string, handler: Handler): void
  /** @returns Its address. */
  listen(): Promise<string>
  close(): Promise<void>
}

export function express(): App {
  const routes = new Map<string, Handler>()
  const server = createServer((req, res) => {
    const json = (body: unknown): void => {
      res.setHeader('content-type', 'application/json; charset=utf-8')
      res.end(JSON.stringify(body))
    }
    const handler = routes.get(req.url ?? '')
    if (handler) void handler(req, Object.assign(res, { json }))
    else res.writeHead(404).end()
  })
  return {
    get: (path, handler) => void routes.set(path, handler),
    listen: () =>
      new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
        })
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
