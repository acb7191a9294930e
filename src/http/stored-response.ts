/**
 * The stored form of a response, and the conversions to and from it.
 *
 * @module
 */

import type { StandardSchema } from '../cache/standard-schema.ts'
import { type Bytes, decodeUtf8, encodeUtf8, fromBase64, toBase64 } from '../entry/bytes.ts'
import { imfFixdate } from '../entry/iso-time.ts'
import { dropHopByHop } from '../web/hop-by-hop.ts'
import { etagOf } from './etag.ts'
import { pairsOf } from './fields.ts'
import type { Received, Terms } from './rules.ts'

/** A stored response. Instants are in epoch milliseconds, durations in milliseconds. */
export interface StoredResponse {
  readonly kind: 'response'
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [string, string])[]
  /** The body, as text if it is UTF-8 and as base64 otherwise. */
  readonly body: string
  readonly isText: boolean
  readonly sizeBytes: number
  /** When the request was forwarded to the origin. */
  readonly requestedAt: number
  readonly receivedAt: number
  readonly ageMs: number
  readonly lifetimeMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly strict: boolean
  /** Names of the request fields that the response varies by. */
  readonly vary: readonly string[]
  /** Secondary key: hash of the values that the request had in those fields. */
  readonly secondary: string
  /** Part of the keys of all variants of the resource. */
  readonly mark: string
  /** Whether this cache has generated the `ETag`, so that the origin does not know it. */
  readonly ownTag: boolean
}

/** There was nothing to store. Requests in the next seconds ask the origin at once, each for itself. */
export interface Pass {
  readonly kind: 'pass'
}

/** What an entry holds. */
export type Stored = StoredResponse | Pass

export const PASS: Pass = Object.freeze({ kind: 'pass' })

/** A body with its status, fields and times. */
export interface Content {
  readonly body: Bytes
  readonly received: Received & { readonly statusText: string }
  readonly requestedAt: number
}

/** Where a response is stored among the variants of its resource. */
export interface Place {
  readonly secondary: string
  readonly mark: string
}

/** Converts a response to its stored form. */
export async function toStored(
  { body, received, requestedAt }: Content,
  terms: Terms,
  place: Place,
  etag: 'generate' | 'keep',
): Promise<StoredResponse> {
  const headers = reusable(received.headers, terms.withheld)
  const isTransformable = !headers.get('cache-control')?.includes('no-transform')
  const ownTag =
    etag === 'generate' && received.status === 200 && !headers.has('etag') && isTransformable
  if (ownTag) headers.set('etag', await etagOf(body))
  if (!headers.has('date')) headers.set('date', imfFixdate(received.receivedAt))
  const text = asText(body)
  return {
    kind: 'response',
    status: received.status,
    statusText: received.statusText,
    headers: pairsOf(headers),
    body: text ?? toBase64(body),
    isText: text !== undefined,
    sizeBytes: body.length,
    requestedAt,
    receivedAt: received.receivedAt,
    ...lifetimes(terms),
    ...place,
    ownTag,
  }
}

function lifetimes(terms: Terms) {
  const { ageMs, lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs, strict, vary } = terms
  return { ageMs, lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs, strict, vary }
}

/** The fields of a response that may be reused. `Age` is computed for each answer. */
function reusable(headers: Headers, withheld: readonly string[]): Headers {
  const kept = new Headers(headers)
  dropHopByHop(kept)
  for (const name of ['age', 'cache-status', ...withheld]) {
    if (/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) kept.delete(name)
  }
  return kept
}

/** A copy of the stored fields, which the caller may change. */
export function headersOf({ headers }: StoredResponse): Headers {
  return new Headers(headers as [string, string][])
}

/** Fields that describe the stored body, which a 304 must not change. */
const OF_THE_BODY = ['content-length', 'content-encoding', 'content-range', 'transfer-encoding']

/** The fields of a stored response after a 304 that came at `receivedAt` (RFC 9111, section 3.2). */
export function updatedFields(
  stored: StoredResponse,
  update: Headers,
  receivedAt: number,
): Headers {
  const fields = headersOf(stored)
  // If the 304 has no `Date`, the old one would make the refreshed response too old.
  fields.set('date', imfFixdate(receivedAt))
  for (const [name, value] of pairsOf(update)) {
    if (!OF_THE_BODY.includes(name)) fields.set(name, value)
  }
  return fields
}

/** The stored body with the fields and terms of a 304. */
export function refreshed(
  stored: StoredResponse,
  { headers, receivedAt }: Received,
  requestedAt: number,
  terms: Terms,
): StoredResponse {
  const tag = headersOf(stored).get('etag')
  return {
    ...stored,
    headers: pairsOf(reusable(headers, terms.withheld)),
    ownTag: stored.ownTag && headers.get('etag') === tag,
    requestedAt,
    receivedAt,
    ...lifetimes(terms),
  }
}

function asText(body: Bytes): string | undefined {
  try {
    return decodeUtf8(body)
  } catch {
    // TypeError: the body is not UTF-8.
    return undefined
  }
}

/** Decoded bytes, because a copy in the near tier is served many times. */
const decoded = new WeakMap<StoredResponse, Bytes>()

/**
 * The body of a stored response, in the form that needs no conversion if possible. Without a type it is bytes,
 * because for a text `Response` would add one.
 */
export function bodyOf(stored: StoredResponse, headers: Headers): Bytes | string {
  return stored.isText && headers.has('content-type') ? stored.body : bytesOf(stored)
}

/** The bytes of a stored response. */
export function bytesOf(stored: StoredResponse): Bytes {
  const known = decoded.get(stored)
  if (known) return known
  const bytes = stored.isText
    ? encodeUtf8(stored.body)
    : (fromBase64(stored.body) ?? encodeUtf8(''))
  decoded.set(stored, bytes)
  return bytes
}

const NUMBERS = [
  'requestedAt',
  'receivedAt',
  'ageMs',
  'lifetimeMs',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'sizeBytes',
] as const

/** Whether a value from Redis, which is not trusted, is a stored response. */
export function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  if (value.kind === 'pass') return true
  const stored = value as Partial<StoredResponse>
  return (
    stored.kind === 'response' &&
    hasFields(stored) &&
    Number.isInteger(stored.status) &&
    NUMBERS.every((name) => Number.isFinite(stored[name])) &&
    (stored.isText === true || isDecodable(stored as StoredResponse))
  )
}

function isDecodable(stored: StoredResponse): boolean {
  const bytes = fromBase64(stored.body)
  if (bytes) decoded.set(stored, bytes)
  return bytes !== undefined
}

function hasFields(stored: Partial<StoredResponse>): boolean {
  const texts = [stored.statusText, stored.body, stored.secondary, stored.mark]
  return (
    texts.every((text) => typeof text === 'string') &&
    [stored.isText, stored.strict, stored.ownTag].every((flag) => typeof flag === 'boolean') &&
    Array.isArray(stored.vary) &&
    stored.vary.every((name) => typeof name === 'string') &&
    Array.isArray(stored.headers) &&
    areHeaders(stored.headers as [string, string][])
  )
}

function areHeaders(pairs: [string, string][]): boolean {
  try {
    return [...new Headers(pairs)].length <= pairs.length
  } catch {
    // TypeError: the values are not pairs, or not valid header fields.
    return false
  }
}

/** {@link isStored} as a Standard Schema, for the option `schema` of the cache. */
export const STORED_SCHEMA: StandardSchema<Stored> = {
  '~standard': {
    version: 1,
    vendor: 'nearcache',
    validate: (value) =>
      isStored(value) ? { value } : { issues: [{ message: 'it is no stored response' }] },
  },
}
