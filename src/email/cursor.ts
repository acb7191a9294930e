/**
 * The position after which the next page begins, as an opaque text for callers to hand back.
 *
 * A cursor is the sort key of the last message seen, so pages neither skip nor repeat a message
 * when others arrive or leave in between.
 *
 * @module
 */

import { bytesOf, decodeUtf8, encodeUtf8, fromUrlSafe, toBase64Url } from '../entry/bytes.ts'
import { InvalidFilterError } from '../errors.ts'
import { PRIORITIES } from './email.ts'
import { readAddress, readInteger, readName } from './fields.ts'
import { toInstant } from './instant.ts'
import type { EmailOrderBy, SortKey } from './order.ts'

/** The longest sender and id, written as JSON and base64, fit; anything longer was not made here. */
const MAX_CURSOR_LENGTH = 16_384

/** What an order's cursors begin with; those of the usual order begin with the key itself. */
const MARKS: Readonly<Record<EmailOrderBy, readonly string[]>> = {
  received: [],
  sent: ['sent'],
  priority: ['priority'],
  sender: ['sender'],
}

/** The parts of each order's sort key, each read as a message would have it. */
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

/** @throws {InvalidFilterError} `cursor`, when {@link encodeCursor} cannot have made it. */
export function decodeCursor(cursor: unknown, by: EmailOrderBy): SortKey {
  const key = typeof cursor === 'string' ? parse(cursor, by) : undefined
  // One position has one spelling, or two cursors for the same page would be cached apart.
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
    // Not base64, not UTF-8, not JSON, or a key that no message has: not one of ours.
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
