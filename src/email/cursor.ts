/**
 * The position after which the next page begins, as an opaque text for callers to hand back.
 *
 * A cursor is the sort key of the last message seen, so pages neither skip nor repeat a message
 * when others arrive or leave in between.
 *
 * @module
 */

import { InvalidFilterError } from '../errors.ts'
import { readName } from './fields.ts'
import { toInstant } from './instant.ts'

/** The sort key of a message. */
export interface Position {
  /** Epoch milliseconds. */
  readonly receivedAt: number
  readonly id: string
}

/** The longest id, written as JSON and base64, fits; anything longer was not made here. */
const MAX_CURSOR_LENGTH = 8_192

/** @returns Base64url (RFC 4648, section 5) without padding. */
export function encodeCursor({ receivedAt, id }: Position): string {
  const bytes = new TextEncoder().encode(JSON.stringify([receivedAt, id]))
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** @throws {InvalidFilterError} `cursor`, when {@link encodeCursor} cannot have made it. */
export function decodeCursor(cursor: unknown): Position {
  const position = typeof cursor === 'string' ? parse(cursor) : undefined
  // One position has one spelling, or two cursors for the same page would be cached apart.
  if (position === undefined || encodeCursor(position) !== cursor) {
    throw new InvalidFilterError('cursor', 'a cursor that an earlier page answered')
  }
  return position
}

function parse(cursor: string): Position | undefined {
  if (cursor.length > MAX_CURSOR_LENGTH) return undefined
  try {
    const text = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes),
    )
    if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== 'number')
      return undefined
    const receivedAt = toInstant(value[0])
    return receivedAt === undefined ? undefined : { receivedAt, id: readName(value[1], 'cursor') }
  } catch {
    // Not base64, not UTF-8, not JSON, or an id that could not be stored: not one of ours.
    return undefined
  }
}
