/**
 * Entity tags, and the conditions that clients send (RFC 9110, sections 8.8.3 and 13).
 *
 * @module
 */

import { type Bytes, toBase64Url } from '../entry/bytes.ts'
import { listMembers } from '../web/list-field.ts'
import { parseHttpDate } from './http-date.ts'

const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/
const HASH_BYTES = 15

/** A strong tag for a body: the start of its SHA-256. */
export async function etagOf(body: Bytes): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  return `"${toBase64Url(digest.subarray(0, HASH_BYTES))}"`
}

/** The tag as a weak one, for a body that was decoded on the way. */
export function weaken(tag: string): string {
  return tag.startsWith('W/') ? tag : `W/${tag}`
}

/** Strong comparison: whether two tags stand for the same bytes. */
export function matchesStrongly(one: string, other: string): boolean {
  return one === other && TAG.test(one) && !one.startsWith('W/')
}

function matchesWeakly(one: string, other: string): boolean {
  return opaque(one) === opaque(other)
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}

/**
 * Whether the client's conditions say that it already has the response. The date is compared only if the
 * client sends no tags. A response without `Last-Modified` counts as modified at its `Date`.
 *
 * @param now Epoch milliseconds.
 */
export function isUnmodified(request: Headers, response: Headers, now: number): boolean {
  const tags = request.get('if-none-match')
  if (tags !== null) {
    const own = response.get('etag')
    if (tags.trim() === '*') return true
    return own !== null && listMembers(tags).some((tag) => matchesWeakly(tag, own))
  }
  const since = parseHttpDate(request.get('if-modified-since'), now)
  if (since === undefined) return false
  const modified = response.get('last-modified') ?? response.get('date')
  const modifiedAt = parseHttpDate(modified, now)
  return modifiedAt !== undefined && modifiedAt <= since
}

/** Whether the client's `If-Range` allows to send a range of this response. */
export function permitsRange(request: Headers, response: Headers, now: number): boolean {
  const condition = request.get('if-range')
  if (condition === null) return true
  const tag = response.get('etag')
  if (condition.includes('"')) return tag !== null && matchesStrongly(condition.trim(), tag)
  const modifiedAt = parseHttpDate(response.get('last-modified'), now)
  return modifiedAt !== undefined && modifiedAt === parseHttpDate(condition, now)
}
