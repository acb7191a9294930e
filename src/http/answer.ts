/**
 * Builds the answer to a request from a stored response: the whole response, only its fields, a byte
 * range, or a 304.
 *
 * @module
 */

import { isUnmodified, permitsRange } from './etag.ts'
import { bodyOf, bytesOf, headersOf, type StoredResponse } from './stored-response.ts'
import { ageOf } from './verdict.ts'

/** Status codes whose responses have no body. */
const BODILESS = new Set([101, 204, 205, 304])

/** Fields that describe a body, which a 304 does not have. */
const OF_THE_BODY = ['content-length', 'content-encoding', 'content-type', 'content-range']

/**
 * The answer, with its `Age`. Conditions and ranges apply only to a 200 (RFC 9110, section 13).
 *
 * @param now Epoch milliseconds.
 */
export function answerFrom(stored: StoredResponse, request: Request, now: number): Response {
  const headers = headersOf(stored)
  headers.set('age', String(Math.floor(ageOf(stored, now) / 1_000)))
  if (stored.status === 200) {
    if (isUnmodified(request.headers, headers, now)) return notModified(headers)
    const part = request.method === 'GET' && rangeOf(stored, request.headers, headers, now)
    if (part) return partial(stored, headers, part)
  }
  const { status, statusText } = stored
  const hasBody = request.method !== 'HEAD' && !BODILESS.has(status)
  if (!hasBody && !BODILESS.has(status)) headers.set('content-length', String(stored.sizeBytes))
  return new Response(hasBody ? bodyOf(stored, headers) : null, { status, statusText, headers })
}

/** A 304 with these fields, except those that describe a body. */
export function notModified(fields: Headers): Response {
  const headers = new Headers(fields)
  for (const name of OF_THE_BODY) headers.delete(name)
  return new Response(null, { status: 304, headers })
}

/** The response with changed fields, or itself if no `Response` can be constructed with its status. */
export function withFields(
  response: Response,
  body: ReadableStream<Uint8Array> | null,
  change: (headers: Headers) => void,
): Response {
  const { status, statusText } = response
  if (status < 200 || status > 599) return response
  const headers = new Headers(response.headers)
  change(headers)
  return new Response(BODILESS.has(status) ? null : body, { status, statusText, headers })
}

/** A byte range of a body, half-open; `undefined` if it cannot be satisfied. */
interface Part {
  readonly range: readonly [start: number, end: number] | undefined
}

const RANGE = /^bytes=(\d*)-(\d*)$/

/** The requested range. A request for several ranges gets the whole response, as RFC 9110 permits. */
function rangeOf(
  { sizeBytes }: StoredResponse,
  request: Headers,
  response: Headers,
  now: number,
): Part | undefined {
  const [, first = '', last = ''] = RANGE.exec(request.get('range')?.trim() ?? '') ?? []
  const isRange = first !== '' || last !== ''
  if (!isRange || !permitsRange(request, response, now)) return undefined
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes)
    return { range: length > 0 ? [sizeBytes - length, sizeBytes] : undefined }
  }
  return partFrom(Number(first), last === '' ? Infinity : Number(last), sizeBytes)
}

/** From one byte to another, both included. If they are in the wrong order, the range is ignored. */
function partFrom(start: number, last: number, sizeBytes: number): Part | undefined {
  if (last < start) return undefined
  return { range: start < sizeBytes ? [start, Math.min(last + 1, sizeBytes)] : undefined }
}

function partial(stored: StoredResponse, headers: Headers, { range }: Part): Response {
  if (range === undefined) {
    headers.set('content-range', `bytes */${stored.sizeBytes}`)
    for (const name of ['content-length', 'content-type', 'etag']) headers.delete(name)
    return new Response(null, { status: 416, headers })
  }
  const [start, end] = range
  headers.set('content-range', `bytes ${start}-${end - 1}/${stored.sizeBytes}`)
  headers.set('content-length', String(end - start))
  return new Response(bytesOf(stored).subarray(start, end), { status: 206, headers })
}
