/**
 * A `fetch` on `node:http` for the REST transport. For a small POST with a small answer on an open
 * connection it uses less than half the CPU time of Node's own `fetch`.
 *
 * @module
 */

import {
  type AgentOptions,
  type ClientRequest,
  globalAgent,
  Agent as HttpAgent,
  request,
} from 'node:http'
import { Agent as HttpsAgent, request as secureRequest } from 'node:https'
import type { Socket } from 'node:net'
import { checkFields, wholeNumber } from '../../entry/option-checks.ts'
import { GRACE_MS, type RestFetch, type RestRequestInit } from '../rest-fetch.ts'
import { NodeResponse } from './node-response.ts'

/** Options for {@link nodeFetch}. */
export interface NodeFetchOptions {
  /**
   * The maximum number of connections to one host; further requests wait. An integer of at least 1. The cache
   * sends one request a tick, so few connections are in use. Each open subscription holds one, so the number must
   * be greater than that of your subscriptions. @default 64
   */
  readonly maxConnections?: number
  /**
   * Used for `https://`: certificates, a proxy. Use it for nothing else: when a request on a connection that was
   * used before is aborted before its answer, the agent's idle connections are closed. @default an agent that keeps connections open, and uses the
   * proxy of the environment if Node is set to do so (`NODE_USE_ENV_PROXY=1`, from 24.5 on)
   */
  readonly agent?: HttpsAgent
}

/** The target of a URL in the form that `node:http` takes. */
interface Route {
  readonly request: typeof request
  readonly options: {
    readonly hostname: string
    readonly port: string
    readonly path: string
    readonly agent: HttpAgent
  }
}

/** A database uses three paths, and one more for each subscribed channel. */
const MAX_ROUTES = 100

/**
 * Makes a `fetch` for {@link RestOptions}. Connections stay open between requests and do not keep
 * the process alive. A request on a new connection that is aborted rejects at once, and goes on for up to two
 * seconds, so that the connection can serve others. It follows no redirects and asks for no compression. Instrumentation of the
 * global `fetch` does not see its requests; instrumentation of `node:http` does.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 *
 * @example
 * ```ts
 * const redis = restTransport({ url, token, fetch: nodeFetch() })
 * ```
 */
export function nodeFetch(options: NodeFetchOptions = {}): RestFetch {
  checkFields(options, 'options', ['maxConnections', 'agent'])
  const { maxConnections = 64, agent } = options
  wholeNumber(maxConnections, 'maxConnections', 1)
  // Uses the proxy of the environment if Node is set to do so, as Node's own fetch does.
  const { proxyEnv } = (globalAgent as HttpAgent & { readonly options: AgentOptions }).options
  const terms = { keepAlive: true, maxSockets: maxConnections, proxyEnv }
  const plain = new HttpAgent(terms)
  const secure = agent ?? new HttpsAgent(terms)
  const routes = new Map<string, Route>()

  function routeTo(url: string): Route {
    const known = routes.get(url)
    if (known) return known
    const { protocol, hostname, port, pathname, search } = new URL(url)
    const isSecure = protocol === 'https:'
    const route: Route = {
      request: isSecure ? secureRequest : request,
      options: {
        // A URL writes an IPv6 address in brackets, a socket wants it without.
        hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
        port,
        path: pathname + search,
        agent: isSecure ? secure : plain,
      },
    }
    if (routes.size >= MAX_ROUTES) routes.clear()
    routes.set(url, route)
    return route
  }

  const fetch: RestFetch = (url, init) => exchange(routeTo(url), init)
  return Object.assign(fetch, { graceMs: 0 })
}

function exchange(route: Route, init: RestRequestInit): Promise<NodeResponse> {
  const { method, body, signal } = init
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const headers = { ...init.headers, 'content-length': Buffer.byteLength(body) }
    const sent = route.request({ ...route.options, method, headers })
    let isAnswered = false
    sent.once('error', reject)
    sent.once('response', (message) => {
      isAnswered = true
      resolve(new NodeResponse(message))
    })
    if (signal) {
      endOn(signal, sent, () => {
        if (!isAnswered && sent.socket && !sent.reusedSocket) {
          reject(signal.reason)
          goOn(sent, sent.socket)
          return
        }
        sent.destroy()
        if (!isAnswered) leaveIdle(route.options.agent)
      })
    }
    sent.end(body)
  })
}

/** Calls `end` when the caller aborts, unless the request and its answer are complete. */
function endOn(signal: AbortSignal, sent: ClientRequest, end: () => void): void {
  const forget = (): void => signal.removeEventListener('abort', end)
  signal.addEventListener('abort', end, { once: true })
  sent.once('close', forget)
}

/**
 * Lets a request on a new connection go on after the caller has given up. Setting up the connection may have taken
 * most of the time; once the answer has come, the connection is ready for other requests. Does not keep the process
 * alive.
 */
function goOn(sent: ClientRequest, socket: Socket): void {
  endOn(AbortSignal.timeout(GRACE_MS), sent, () => sent.destroy())
  sent.once('response', (message) => message.resume())
  socket.unref()
}

/**
 * Closes idle connections. If the network has silently dropped one of them, it has probably dropped the others,
 * and each would cost a request its whole deadline.
 */
function leaveIdle({ freeSockets = {} }: HttpAgent): void {
  for (const idle of Object.values(freeSockets).flat()) idle?.destroy()
}
