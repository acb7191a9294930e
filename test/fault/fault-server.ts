/**
 * A real HTTP server on the loopback interface that speaks the REST protocol over embedded engines, with
 * faults that a test chooses. Each cache under test has its own lane: an address, an engine and a plan of
 * faults.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import type { Command, RedisRequest, Transport } from '../../src/redis/requester.ts'

/** A request that a fault applies to. */
export interface Exchange {
  readonly request: RedisRequest
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  /** Executes the request in the engine, and returns the correct answer. */
  apply(): Promise<Answered>
}

/** A status and a body. */
export interface Answered {
  readonly status: number
  readonly body: unknown
}

/** A fault that replaces the normal answer. */
export type Strike = (exchange: Exchange) => void | Promise<void>

/** Which fault applies to which requests. */
export interface Plan {
  readonly strike: Strike
  /** Selects requests. */
  readonly meant: (request: RedisRequest) => boolean
  /** The number of the selected request, from 0 since the plan was set; undefined for all of them. */
  readonly nth?: number | undefined
}

/** One engine behind one address. */
export interface Lane {
  readonly url: string
  /** The engine's own transport, which bypasses the server and its faults. */
  readonly engine: Transport
  /** Applies a plan of faults from now on, or none. */
  follow(plan: Plan | undefined): void
  /** Resolves when all requests have been applied, including those whose caller has given up. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** A running server. */
export interface FaultServer {
  readonly port: number
  /** Requests that are neither answered nor aborted yet. */
  readonly open: number
  lane(): Lane
  stop(): Promise<void>
}

/** The token that every lane accepts. */
export const TOKEN = 'SENTINEL-token'

/** Starts a server on a free port of 127.0.0.1. */
export async function startFaultServer(): Promise<FaultServer> {
  const lanes = new Map<
    string,
    { readonly engine: Transport; plan: Plan | undefined; seen: number }
  >()
  const open = new Set<ServerResponse>()
  const working = new Set<Promise<void>>()
  const server = createServer((incoming, response) => {
    open.add(response)
    response.on('close', () => open.delete(response))
    incoming.on('error', () => undefined)
    const work = serve(incoming, response).catch(() => void response.destroy())
    working.add(work)
    void work.finally(() => working.delete(work))
  })

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const [id = '', ...path] = (incoming.url ?? '').split('/').filter(Boolean)
    const lane = lanes.get(id)
    if (!lane) return void response.writeHead(404).end()
    const { plan } = lane
    const at = lane.seen++
    const body = await bodyOf(incoming)
    const request: RedisRequest = { path, body: JSON.parse(body) }
    const apply = async (): Promise<Answered> => {
      const answer: unknown = await lane.engine.request({ ...request })
      const { error } = Object(answer) as { error?: unknown }
      return { status: error === undefined ? 200 : 400, body: answer }
    }
    if (plan?.meant(request) && (plan.nth ?? at) === at) {
      return plan.strike({ request, incoming, response, apply })
    }
    respond(response, await apply())
  }

  const port = await listen(server)
  let made = 0
  return {
    port,
    get open() {
      return open.size
    },
    lane() {
      const id = `lane-${made++}`
      const engine = embeddedTransport()
      lanes.set(id, { engine, plan: undefined, seen: 0 })
      return {
        url: `http://127.0.0.1:${port}/${id}`,
        engine,
        async settle() {
          await Promise.all(working)
        },
        follow: (plan) => void lanes.set(id, { engine, plan, seen: 0 }),
        close() {
          lanes.delete(id)
          return engine.close()
        },
      }
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Answers with JSON. */
export function respond(
  response: ServerResponse,
  { status, body }: Answered,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** The commands of a request, one or many. */
export function commandsOf({ path = [], body }: RedisRequest): readonly Command[] {
  return path.length === 0 ? [body as Command] : (body as Command[])
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** A port on which nothing listens. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
