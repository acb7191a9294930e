/**
 * Sends one JSON request to a service, within a deadline.
 *
 * @module
 */

import { withDeadline } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import { discard, readText } from '../../redis/body.ts'

/** Why a request failed. The reason is one of a fixed set of texts and repeats nothing of the response. */
export interface ServiceFailure {
  /** `timeout`, `network`, `HTTP 503`, `not JSON`, or what was wrong with the response. */
  readonly reason: string
  /** Whether a retry could succeed. */
  readonly retryable: boolean
}

/** A request, and a function that turns its failures into errors. */
export interface JsonRequest {
  readonly platform: Platform
  readonly fetch: typeof fetch | undefined
  readonly url: string
  readonly method?: 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  fail(failure: ServiceFailure): Error
}

type Answer = { readonly value: unknown } | { readonly failure: ServiceFailure }

/** Five times the size of 128 vectors of 4,096 numbers in decimal digits. */
const MAX_ANSWER_BYTES = 64 * 1_048_576
const TIMEOUT = new Error('timeout')

/**
 * Sends a request and returns the parsed response body.
 *
 * @throws The error that `fail` returns; `signal.reason` when the caller aborted.
 */
export async function postJson(request: JsonRequest): Promise<unknown> {
  request.signal?.throwIfAborted()
  const answer = await ask(request)
  request.signal?.throwIfAborted()
  if ('failure' in answer) throw request.fail(answer.failure)
  return answer.value
}

async function ask(request: JsonRequest): Promise<Answer> {
  const { platform, deadlineMs, signal } = request
  try {
    return await withDeadline(
      platform,
      deadlineMs,
      () => TIMEOUT,
      (expiry) => send(request, signal ? AbortSignal.any([signal, expiry]) : expiry),
    )
  } catch (error) {
    // An error of `fetch` may contain the address, and its type after an abort differs between runtimes.
    const reason = error === TIMEOUT ? 'timeout' : 'network'
    return { failure: { reason, retryable: true } }
  }
}

async function send(
  { fetch = globalThis.fetch, url, method = 'POST', headers, body }: JsonRequest,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  })
  const { status, ok } = response
  if (!ok) {
    await discard(response.body)
    const retryable = status === 408 || status === 429 || status >= 500
    return { failure: { reason: `HTTP ${status}`, retryable } }
  }
  return parse(await readText(response, MAX_ANSWER_BYTES))
}

function parse(text: string | undefined): Answer {
  if (text === undefined) {
    return { failure: { reason: 'an answer that is too long', retryable: false } }
  }
  try {
    return { value: JSON.parse(text) }
  } catch {
    // SyntaxError: its message may repeat parts of the response.
    return { failure: { reason: 'not JSON', retryable: false } }
  }
}
