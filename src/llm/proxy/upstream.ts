/**
 * Sends requests to a model over HTTP.
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

/** Headers that `fetch` sets itself. */
const OF_FETCH = ['host', 'content-length', 'accept-encoding']
/** Headers meant for this proxy alone: a browser also sends the cookies of the proxy's site. */
const OWN = ['cache-control', 'cookie', 'x-nearcache']
/** The body of an error response is cut off here; in practice none is as long. */
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

/** Content types that are never a stream, even if a stream was asked for. */
const WHOLE = /\bjson\b|html/

/** What is known of an answer before its parts. */
export interface Head {
  readonly shape: Shape
  readonly headers: Headers
  /** Whether the part that ends the answer has arrived. */
  isEnded(): boolean
}

/** A request to a model. */
export interface Call {
  readonly upstream: Upstream
  /** The path below the URL of the upstream, with the query. */
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
  // `fetch` has decoded the body.
  result.delete('content-encoding')
  // It would set a cookie of the proxy's site.
  result.delete('set-cookie')
  return result
}

/**
 * Sends a request. A redirect is not followed: it would send the key of this host to another host.
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

/** Sends a request and reads the answer in parts, or as one part if it is no stream. */
export async function open(
  policy: Pick<ProxyPolicy, 'fetch' | 'platform'>,
  call: Call,
  { split, isEnd }: Pick<Dialect, 'split' | 'isEnd'>,
  signal: AbortSignal,
): Promise<Opened<string> & { readonly head: Head }> {
  const own = new AbortController()
  const response = await ask(policy, call, AbortSignal.any([signal, own.signal]))
  const type = response.headers.get('content-type') ?? ''
  // Some servers send a stream without a content type, or as plain text.
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

/** The parts before the one that ends the answer; `drain` reads whatever comes after that. */
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

/** Reads to the end, so that the connection can be reused. Aborts it if the server does not end in time. */
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
  // Yields nothing.
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
