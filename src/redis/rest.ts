/**
 * Redis over HTTP with the REST protocol of Upstash, for every runtime that has `fetch`.
 *
 * Sends each request once. Deadlines, retries and the circuit breaker belong to the guard.
 *
 * @module
 */

import { ClosedError, RemoteError } from '../errors.ts'
import { unlessAborted } from '../flight/deadline.ts'
import { isWorkers } from '../platform/host-module.ts'
import { callListener } from '../platform/listener.ts'
import { checkAnswer } from './answer.ts'
import { decodeResult, discard, readEvents, readText } from './body.ts'
import {
  answerError,
  httpError,
  networkError,
  operationOf,
  parseRetryAfter,
  replyError,
} from './failure.ts'
import { commandsOf, isReadOnly } from './replay.ts'
import type { RedisRequest, RedisResponse, Transport } from './requester.ts'
import { GRACE_MS, type RestResponse } from './rest-fetch.ts'
import { type RestOptions, type RestPolicy, resolveRestOptions } from './rest-options.ts'

export type { RestFetch, RestRequestInit, RestResponse } from './rest-fetch.ts'
export type { RestOptions } from './rest-options.ts'

/**
 * Connects to an Upstash database, or to another server with the same REST protocol.
 *
 * Supports `subscribe` and `psubscribe` as streams: the request resolves when the stream is open,
 * `onMessage` is called with each event (`message,channel,payload`), and the signal ends the stream, as does a
 * listener that throws or rejects. If the stream ends by itself, nothing is called.
 *
 * @throws {InvalidOptionError} When an option is unknown or unusable.
 *
 * @example
 * ```ts
 * const transport = restTransport({
 *   url: env.UPSTASH_REDIS_REST_URL,
 *   token: env.UPSTASH_REDIS_REST_TOKEN,
 * })
 * ```
 */
export function restTransport(options: RestOptions): Transport {
  return new RestTransport(resolveRestOptions(options))
}

class RestTransport implements Transport {
  readonly kind = 'rest'
  readYourWrites = true
  /** Sent with the next request, so that a replica shows our own writes. Empty at first. */
  upstashSyncToken = ''
  readonly #policy: RestPolicy
  readonly #streams = new Set<AbortController>()
  #closed = false
  /** When a request was last granted a grace, on Workers. */
  #graceAt = 0

  constructor(policy: RestPolicy) {
    this.#policy = policy
  }

  async request<Result = unknown>(request: RedisRequest): Promise<RedisResponse<Result>> {
    const { signal } = request
    if (this.#closed) throw new ClosedError('rest transport')
    if (signal?.aborted) throw signal.reason
    try {
      const answer = request.isStreaming
        ? this.#subscribe<Result>(request)
        : this.#exchange<Result>(request)
      // The runtime's own fetch rejects when the signal aborts. A custom fetch may not, so it needs a listener.
      return await (this.#policy.fetch ? unlessAborted(answer, signal) : answer)
    } catch (error) {
      // Runtimes reject an aborted fetch or body with different errors.
      if (signal?.aborted) throw signal.reason
      throw error instanceof RemoteError ? error : networkError(operationOf(request), error)
    }
  }

  graceMs(): number {
    const { fetch, platform } = this.#policy
    const ms = fetch?.graceMs ?? GRACE_MS
    if (!isWorkers()) return ms
    // A Worker has six connections at a time, and its loaders may need the others.
    const now = platform.now()
    if (Math.abs(now - this.#graceAt) < ms) return 0
    this.#graceAt = now
    return ms
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const stream of this.#streams) stream.abort()
  }

  async #exchange<Result>(request: RedisRequest): Promise<RedisResponse<Result>> {
    const token = this.#tokenFor(request)
    const response = await this.#post(request, token, request.signal)
    this.#keepToken(response, request, token)
    if (!response.ok) return this.#refused(request, response)
    const text = await readText(response, this.#policy.maxReplyBytes)
    const answer = this.#decode(request, parse(request, text))
    return checkAnswer<Result>(request, answer)
  }

  async #subscribe<Result>(request: RedisRequest): Promise<RedisResponse<Result>> {
    const { onMessage, signal } = request
    const stream = new AbortController()
    const ended = signal ? AbortSignal.any([signal, stream.signal]) : stream.signal
    this.#streams.add(stream)
    const forget = (): boolean => this.#streams.delete(stream)
    try {
      const response = await this.#post(request, this.#tokenFor(request), ended)
      if (!response.ok) return await this.#refused(request, response)
      const fail = (): void => stream.abort()
      const reading = readEvents(
        response,
        (data) => onMessage && callListener(onMessage, [data], fail),
      )
      this.#policy.platform.defer(reading.finally(forget))
      return { result: 1 as Result }
    } catch (error) {
      forget()
      throw error
    }
  }

  #post(
    { path, body, headers }: RedisRequest,
    token: string,
    signal: AbortSignal | undefined,
  ): Promise<RestResponse> {
    const { url, headers: own, fetch = globalThis.fetch } = this.#policy
    const sent: Record<string, string> = { ...(headers && lowerCased(headers)), ...own }
    if (token !== '') sent['upstash-sync-token'] = token
    return fetch(path?.length ? url + path.map(encodeURIComponent).join('/') : url, {
      method: 'POST',
      headers: sent,
      body: JSON.stringify(body) ?? '',
      redirect: 'manual',
      // No `cache` option: old workerd rejects every value of it, and caches must forward a POST
      // (RFC 9111, section 4).
      signal: signal ?? null,
    })
  }

  async #refused<Result>(
    request: RedisRequest,
    response: RestResponse,
  ): Promise<RedisResponse<Result>> {
    const { status, headers } = response
    const operation = operationOf(request)
    // An error reply of Redis arrives with status 400. All other statuses come from the HTTP server.
    if (status === 400) {
      const error = errorIn(await readText(response, this.#policy.maxReplyBytes))
      if (error !== undefined && operation === 'pipeline') throw replyError(operation, error)
      if (error !== undefined) return { error }
    } else {
      await discard(response.body)
    }
    const now = this.#policy.platform.now()
    throw httpError(operation, status, parseRetryAfter(headers.get('retry-after'), now))
  }

  #decode(request: RedisRequest, answer: unknown): unknown {
    if (this.#policy.encoding === 'none') return answer
    try {
      return Array.isArray(answer) ? answer.map(decodeAnswer) : decodeAnswer(answer)
    } catch {
      // atob failed: the server does not support the encoding, or an intermediary changed the reply
      throw answerError(operationOf(request), 'malformed reply')
    }
  }

  #tokenFor({ upstashSyncToken }: RedisRequest): string {
    return this.readYourWrites ? upstashSyncToken || this.upstashSyncToken : ''
  }

  #keepToken(response: RestResponse, request: RedisRequest, sent: string): void {
    const token = response.headers.get('upstash-sync-token')
    if (!this.readYourWrites || token === null || token === '') return
    // A read sent before the last write was answered may return a token from before that write.
    if (sent === this.upstashSyncToken || !commandsOf(request).every(isReadOnly))
      this.upstashSyncToken = token
  }
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  const lower: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value
  return lower
}

function parse(request: RedisRequest, text: string | undefined): unknown {
  if (text === undefined) throw answerError(operationOf(request), 'reply too large')
  try {
    return JSON.parse(text)
  } catch {
    // A SyntaxError quotes the text, which contains values.
    throw answerError(operationOf(request), 'not JSON')
  }
}

function errorIn(text = ''): string | undefined {
  try {
    const { error } = JSON.parse(text) as RedisResponse<unknown>
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined // a page of an intermediary: its status says more
  }
}

function decodeAnswer(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('result' in answer)) return answer
  return { ...answer, result: decodeResult(answer.result) }
}
