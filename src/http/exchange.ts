/**
 * Sends one request to the origin, and tells what the answer means for the stored response.
 *
 * @module
 */

import type { Platform } from '../platform/platform.ts'
import { CONDITIONAL } from './fields.ts'
import type { Received } from './rules.ts'
import { bodyOf, headersOf, type StoredResponse, updatedFields } from './stored-response.ts'
import type { Origin, Visit } from './visit.ts'

/** The answer of the origin to one request. */
export interface Exchange extends Received {
  readonly response: Response
  readonly requestedAt: number
}

/** Status codes that count as an error of the origin (RFC 5861, section 4). */
const ERRORS = new Set([500, 502, 503, 504])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Sends a GET for the whole response, without the client's conditions.
 *
 * @param stored The response to validate, if there is one.
 */
export async function exchange(
  { url, headers: asked, request }: Pick<Visit, 'url' | 'headers' | 'request'>,
  origin: Origin,
  stored: StoredResponse | undefined,
  platform: Platform,
): Promise<Exchange> {
  const headers = new Headers(asked)
  for (const name of CONDITIONAL) headers.delete(name)
  if (stored) addValidators(headers, stored)
  const requestedAt = platform.now()
  const { redirect } = request
  const response = await origin(new Request(url, { method: 'GET', headers, redirect }))
  const { status } = response
  return { response, status, headers: response.headers, requestedAt, receivedAt: platform.now() }
}

function addValidators(headers: Headers, stored: StoredResponse): void {
  const fields = headersOf(stored)
  const [tag, modified] = [fields.get('etag'), fields.get('last-modified')]
  // The origin does not know a tag that this cache has generated.
  if (tag !== null && !stored.ownTag) headers.set('if-none-match', tag)
  if (modified !== null) headers.set('if-modified-since', modified)
}

/** Whether a 304 is about this stored response (RFC 9111, section 4.3.4). */
export function isAbout({ headers }: Exchange, stored: StoredResponse): boolean {
  const tag = headers.get('etag')
  if (tag === null || stored.ownTag) return true
  return opaque(tag) === opaque(headersOf(stored).get('etag') ?? '')
}

/** The answer that a 304 about this response stands for: its body, with the updated fields and the cookies. */
export function completed(stored: StoredResponse, answer: Exchange): Exchange {
  const headers = updatedFields(stored, answer.headers, answer.receivedAt)
  for (const cookie of answer.headers.getSetCookie()) headers.append('set-cookie', cookie)
  const { status, statusText, sizeBytes } = stored
  const body = sizeBytes > 0 ? bodyOf(stored, headers) : null
  const response = new Response(body, { status, statusText, headers })
  return { ...answer, response, status, headers }
}

function opaque(tag: string): string {
  return tag.replace(/^W\//, '')
}

export function isRedirect({ status }: Exchange): boolean {
  return REDIRECTS.has(status)
}

/** Whether a stored response may be served instead of this answer. */
export function isServerError({ status }: Exchange): boolean {
  return ERRORS.has(status)
}

/** Whether the body differs in length from `Content-Length`, so that it must be incomplete. */
export function isTruncated(headers: Headers, sizeBytes: number): boolean {
  const promised = headers.get('content-length')
  return promised !== null && Number(promised) !== sizeBytes
}

/** Whether `Content-Length` says that the body is longer than this. */
export function isLongerThan(headers: Headers, maxBytes: number): boolean {
  return Number(headers.get('content-length') ?? 0) > maxBytes
}
