/**
 * A local HTTP server that speaks the REST protocol of Upstash over any Requester, counts what
 * arrives, and fails on demand.
 *
 * @module
 */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RedisResponse, Requester } from '../../src/redis/requester.ts'

/** A request as the endpoint received it. */
export interface EndpointRequest {
  readonly path: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** What to do instead of answering: never answer, break the connection, or send this. */
export type Fault =
  | 'hang'
  | 'reset'
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }

/** Options for {@link startRestEndpoint}. */
export interface RestEndpointOptions {
  readonly requester: Requester
  /** @default 'endpoint-token' */
  readonly token?: string
}

/** A running endpoint. */
export interface RestEndpoint {
  readonly url: string
  readonly token: string
  /** All requests since the start, refused ones too. */
  readonly requests: readonly EndpointRequest[]
  /** Commands that were executed: each of a pipeline counts. */
  readonly commands: number
  /** Called for each request; `undefined` answers it normally. */
  respond: (request: EndpointRequest) => Fault | undefined
  /** Open subscriptions. */
  readonly streams: number
  /** Sends a `data` line to all open subscriptions. */
  emit(data: string): void
  stop(): Promise<void>
}

/** Answers each command with the command itself, for tests that need no Redis. */
export const echoRequester: Requester = {
  async request({ path = [], body }) {
    const answers =
      path.length === 0 ? { result: body } : (body as []).map((result) => ({ result }))
    return answers as never
  },
}

/** Starts an endpoint on a free port of 127.0.0.1. */
export async function startRestEndpoint(options: RestEndpointOptions): Promise<RestEndpoint> {
  const { requester, token = 'endpoint-token' } = options
  const requests: EndpointRequest[] = []
  const streams = new Set<ServerResponse>()
  let commands = 0
  let writes = 0

  async function answer(request: EndpointRequest, response: ServerResponse): Promise<void> {
    const { path, headers, body } = request
    if (headers.authorization !== `Bearer ${token}`) {
      return send(response, 401, { error: 'WRONGPASS invalid or missing auth token' })
    }
    if (headers.accept === 'text/event-stream') return open(path, response)
    if (!Array.isArray(body)) return send(response, 400, { error: 'ERR failed to parse command' })
    commands += path.length === 0 ? 1 : body.length
    const result: unknown = await requester.request({ path: [...path], body })
    response.setHeader('upstash-sync-token', String(++writes))
    const base64 = headers['upstash-encoding'] === 'base64'
    if (Array.isArray(result))
      return send(
        response,
        200,
        result.map((one) => encode(one, base64)),
      )
    const single = result as RedisResponse<unknown>
    send(response, single.error === undefined ? 200 : 400, encode(single, base64))
  }

  function open(path: readonly string[], response: ServerResponse): void {
    streams.add(response)
    response.on('close', () => streams.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${path[0]},${path[1]},1\n\n`)
  }

  const endpoint = {
    url: '',
    token,
    requests,
    get commands() {
      return commands
    },
    get streams() {
      return streams.size
    },
    respond: (_request: EndpointRequest): Fault | undefined => undefined,
    emit(data: string) {
      for (const stream of streams) stream.write(`data: ${data}\n\n`)
    },
    stop(): Promise<void> {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }

  const server = createServer((incoming, response) => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const request: EndpointRequest = {
        path: (incoming.url ?? '/').split('/').filter(Boolean).map(decodeURIComponent),
        headers: incoming.headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
      requests.push(request)
      const fault = endpoint.respond(request)
      if (fault === 'hang') return
      if (fault === 'reset') return void incoming.socket.resetAndDestroy()
      if (fault) return void response.writeHead(fault.status, fault.headers).end(fault.body)
      answer(request, response).catch(() => send(response, 500, { error: 'ERR endpoint failed' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  endpoint.url = `http://127.0.0.1:${port}`
  return endpoint
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function encode(answer: RedisResponse<unknown>, base64: boolean): RedisResponse<unknown> {
  if (!base64 || answer.error !== undefined || answer.result === 'OK') return answer
  return { result: encodeDeep(answer.result) }
}

function encodeDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(encodeDeep)
  return typeof value === 'string' ? Buffer.from(value).toString('base64') : value
}
