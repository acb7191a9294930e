/**
 * Cursors: the position after which the next page begins, as an opaque text.
 *
 * A cursor is the sort key of the last message of a page. Pages therefore neither skip nor repeat a
 * message when others are stored or deleted in between.
 *
 * @module
 */

import { bytesOf, decodeUtf8, encodeUtf8, fromUrlSafe, toBase64Url } from '../entry/bytes.ts'
import { InvalidFilterError } from '../errors.ts'
import { PRIORITIES } from './email.ts'
import { readAddress, readInteger, readName } from './fields.ts'
import { toInstant } from './instant.ts'
import type { EmailOrderBy, SortKey } from './order.ts'

/** The longest sender and id fit, encoded as JSON and base64; a longer text is no cursor. */
const MAX_CURSOR_LENGTH = 16_384

/** The prefix of each order's cursors; those of the default order have none. */
const MARKS: Readonly<Record<EmailOrderBy, readonly string[]>> = {
  received: [],
  sent: ['sent'],
  priority: ['priority'],
  sender: ['sender'],
}

/** The readers of the parts of each order's sort key. */
const KEYS: Readonly<Record<EmailOrderBy, readonly ((value: unknown) => number | string)[]>> = {
  received: [readTime, readId],
  sent: [readTime, readId],
  priority: [readUrgency, readTime, readId],
  sender: [readSender, readTime, readId],
}

/** @returns Base64url (RFC 4648, section 5) without padding. */
export function encodeCursor(key: SortKey, by: EmailOrderBy): string {
  return toBase64Url(encodeUtf8(JSON.stringify([...MARKS[by], ...key])))
}

/** @throws {InvalidFilterError} `cursor`, when it cannot be a result of {@link encodeCursor}. */
export function decodeCursor(cursor: unknown, by: EmailOrderBy): SortKey {
  const key = typeof cursor === 'string' ? parse(cursor, by) : undefined
  // Only the canonical encoding of a position is accepted; otherwise one page could be cached under two keys.
  if (key === undefined || encodeCursor(key, by) !== cursor) {
    throw new InvalidFilterError('cursor', 'a cursor that an earlier page of this order answered')
  }
  return key
}

function parse(cursor: string, by: EmailOrderBy): SortKey | undefined {
  if (cursor.length > MAX_CURSOR_LENGTH) return undefined
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytesOf(atob(fromUrlSafe(cursor)))))
    const parts = KEYS[by]
    const expected = MARKS[by].length + parts.length
    if (!Array.isArray(value) || value.length !== expected) return undefined
    const key = value.slice(MARKS[by].length)
    return parts.map((read, index) => read(key[index]))
  } catch {
    // Not base64, UTF-8 or JSON, or not a possible sort key: no cursor.
    return undefined
  }
}

function readTime(value: unknown): number {
  const instant = typeof value === 'number' ? toInstant(value) : undefined
  if (instant === undefined) throw new InvalidFilterError('cursor', 'whole epoch milliseconds')
  return instant
}

function readUrgency(value: unknown): number {
  return readInteger(value, 'cursor', 0, PRIORITIES.length - 1)
}

function readSender(value: unknown): string {
  return readAddress(value, 'cursor')
}

function readId(value: unknown): string {
  return readName(value, 'cursor')
}
