/**
 * Asks a model over HTTP.
 *
 * @module
 */

import { readAtMost } from '../../entry/bounded-bytes.ts'
import { settledWithin, TIMED_OUT } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import { dropHopByHop } from '../../web/hop-by-hop.ts'
import type { Opened } from '../recording.ts'
import type { Dialect, Shape } from './dialect.ts'
import type { ProxyPolicy, Upstream } from './options.ts'
import { bytesOf } from './split.ts'

/** What `fetch` sets by itself. */
const OF_FETCH = ['host', 'content-length', 'accept-encoding']
/** What is meant for this proxy and no other: a browser sends it the cookies of its own site. */
const OWN = ['cache-control', 'cookie', 'x-nearcache']
/** A refusal is passed on whole, and is never long. */
const MAX_REFUSAL_BYTES = 1_048_576

/** The model answered with an error status. It is passed on as it is, and never stored. */
export class UpstreamRefusal extends Error {
  override readonly name: string = 'UpstreamRefusal'
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>

  constructor(status: number, headers: Headers, body: Uint8Array<ArrayBuffer>) {
    super(`The model answered with status ${status}`)
    this.status = status
    this.headers = headers
    this.body = body
  }

  toResponse(): Response {
    const headers = new Headers(this.headers)
    headers.set('x-nearcache', 'miss')
    return new Response(this.body, { status: this.status, headers })
  }
}

/** Types of what is no stream, whatever was asked for. */
const WHOLE = /\bjson\b|html/

/** What came before the parts of an answer. */
export interface Head {
  readonly shape: Shape
  readonly headers: Headers
  /** Whether the part that ends an answer has come. */
  isEnded(): boolean
}

/** A request to a model. */
export interface Call {
  readonly upstream: Upstream
  /** Below the URL of the model, with the query. */
  readonly path: string
  readonly headers: Headers
  readonly body: string
  /** Whether a stream is asked for. @default false */
  readonly isStreamed?: boolean
}

/** The request headers that go on to the model. */
export function forwarded(headers: Headers, upstream: Upstream): Headers {
  const result = withoutThoseOfTheConnection(headers)
  for (const name of OWN) result.delete(name)
  for (const [name, value] of Object.entries(upstream.headers)) {
    if (value === '') result.delete(name)
    else result.set(name, value)
  }
  return result
}

/** The response headers that go back to the client. */
export function returned(headers: Headers): Headers {
  const result = withoutThoseOfTheConnection(headers)
  // What `fetch` gives is decoded.
  result.delete('content-encoding')
  // It would be a cookie of this site.
  result.delete('set-cookie')
  return result
}

/**
 * Sends a question. A redirect is not followed: a key that was configured for this host would go to another.
 *
 * @throws {UpstreamRefusal} When the model answers with an error status.
 * @throws What `fetch` rejects with.
 */
export async function ask(
  policy: Pick<ProxyPolicy, 'fetch'>,
  { upstream, path, headers, body }: Call,
  signal: AbortSignal,
): Promise<Response> {
  const request = new Request(`${upstream.url}${path}`, {
    method: 'POST',
    headers: forwarded(headers, upstream),
    body,
    signal,
    redirect: 'manual',
  })
  const response = await policy.fetch(request)
  if (response.ok) return response
  const { bytes } = await readAtMost(response.body, MAX_REFUSAL_BYTES)
  throw new UpstreamRefusal(response.status, returned(response.headers), bytes)
}

/** Sends a question and reads the answer in parts, or in one where the model sends one. */
export async function open(
  policy: Pick<ProxyPolicy, 'fetch' | 'platform'>,
  call: Call,
  { split, isEnd }: Pick<Dialect, 'split' | 'isEnd'>,
  signal: AbortSignal,
): Promise<Opened<string> & { readonly head: Head }> {
  const own = new AbortController()
  const response = await ask(policy, call, AbortSignal.any([signal, own.signal]))
  const type = response.headers.get('content-type') ?? ''
  // Some servers do not say what they stream, or say that it is text.
  const isStream = /event-stream|ndjson/.test(type) || (call.isStreamed && !WHOLE.test(type))
  const shape: Shape = isStream ? 'stream' : 'whole'
  let isEnded = false
  const head = { shape, headers: returned(response.headers), isEnded: () => isEnded }
  if (shape === 'whole') return { parts: once(() => response.text()), head }
  const all = split(response.body ? bytesOf(response.body) : NOTHING)
  const drain = (): void => policy.platform.defer(readOut(policy.platform, all, own))
  const isLast = (part: string): boolean => {
    isEnded ||= isEnd(part)
    return isEnded
  }
  return { parts: untilEnd(all, isLast, drain), head }
}

/** The parts before the one that ends the answer; what comes after that is for `drain` to read. */
async function* untilEnd(
  parts: AsyncGenerator<string, void>,
  isEnd: (part: string) => boolean,
  drain: () => void,
): AsyncGenerator<string, void> {
  let isWhole = false
  try {
    for (let step = await parts.next(); ; step = await parts.next()) {
      isWhole = step.done === true || isEnd(step.value)
      if (step.done) return
      if (isWhole) return drain()
      yield step.value
    }
  } finally {
    if (!isWhole) await parts.return()
  }
}

/** Reads to the end, so that the connection can be used again; a server that does not end it is cut off. */
async function readOut(
  platform: Platform,
  parts: AsyncGenerator<string, void>,
  connection: AbortController,
): Promise<void> {
  const rest = (async () => {
    while (!(await parts.next()).done);
  })()
  const ending = await settledWithin(platform, DRAIN_MS, rest).catch(() => undefined)
  if (ending === TIMED_OUT) connection.abort()
}

const DRAIN_MS = 1_000

const NOTHING: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: none }

async function* none(): AsyncGenerator<never, void> {
  // Nothing is said.
}

async function* once(read: () => Promise<string>): AsyncGenerator<string, void> {
  yield await read()
}

function withoutThoseOfTheConnection(headers: Headers): Headers {
  const result = new Headers(headers)
  dropHopByHop(result)
  for (const name of OF_FETCH) result.delete(name)
  return result
}
