/**
 * A `fetch` for one purpose, on `node:http`: a small POST and a small answer on a connection that
 * stays open cost it less than half the CPU time that they cost Node's own `fetch`.
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
import { wholeNumber } from '../../entry/option-checks.ts'
import type { RestFetch, RestRequestInit } from '../rest-fetch.ts'
import { NodeResponse } from './node-response.ts'

/** Options for {@link nodeFetch}. */
export interface NodeFetchOptions {
  /**
   * How many connections one host gets at most; further requests wait. An integer of at least 1.
   * A tick of the cache is one request, so few are in use. @default 64
   */
  readonly maxConnections?: number
  /**
   * Used for `https://`: certificates, a proxy. It should have no other use: when a request is given up without
   * an answer, its idle connections are closed. @default one that keeps connections open, through the proxy of the
   * environment if Node was told to use it (`NODE_USE_ENV_PROXY=1`, from 24.5 on)
   */
  readonly agent?: HttpsAgent
}

/** Where a URL leads, as `node:http` wants it. */
interface Route {
  readonly request: typeof request
  readonly options: {
    readonly hostname: string
    readonly port: string
    readonly path: string
    readonly agent: HttpAgent
  }
}

/** A database has three paths; those of subscriptions are as many as channels. */
const MAX_ROUTES = 100

/**
 * Makes a `fetch` for {@link RestOptions}: connections stay open between requests, and do not keep
 * the process alive. It follows no redirects, asks for no compression, and instrumentation of the
 * global `fetch` does not see it; that of `node:http` does.
 *
 * @throws {InvalidOptionError} When an option is out of its range.
 *
 * @example
 * ```ts
 * const redis = restTransport({ url, token, fetch: nodeFetch() })
 * ```
 */
export function nodeFetch({ maxConnections = 64, agent }: NodeFetchOptions = {}): RestFetch {
  wholeNumber(maxConnections, 'maxConnections', 1)
  // The proxy of the environment, where Node was told to use it: its own fetch does then.
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

  return (url, init) => exchange(routeTo(url), init)
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
        sent.destroy()
        if (!isAnswered) leaveIdle(route.options.agent)
      })
    }
    sent.end(body)
  })
}

/** Ends a request, or the answer to it that is still on its way, when its caller gives up. */
function endOn(signal: AbortSignal, sent: ClientRequest, end: () => void): void {
  const forget = (): void => signal.removeEventListener('abort', end)
  signal.addEventListener('abort', end, { once: true })
  sent.once('close', forget)
}

/**
 * Closes the connections that nothing is sent on. A path that has forgotten one of them has forgotten the
 * others, and each would cost a request its deadline.
 */
function leaveIdle({ freeSockets = {} }: HttpAgent): void {
  for (const idle of Object.values(freeSockets).flat()) idle?.destroy()
}
