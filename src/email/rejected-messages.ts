/**
 * Stores messages that the mailbox could not accept, with the reason.
 *
 * @module
 */

import { toBase64Url } from '../entry/bytes.ts'
import { sha256 } from '../entry/sha256.ts'
import { type SqlDatabase, toSqlDriver } from './database.ts'
import type { SqlDriver } from './driver.ts'
import { readInteger } from './fields.ts'

/** A rejected message to store. */
export interface Rejection {
  /** Why it was rejected, in words; contains no text of the message. */
  readonly reason: string
  readonly envelopeFrom: string
  readonly envelopeTo: string
  /** The bytes of the message, or the start of them. */
  readonly raw: Uint8Array
  /** Epoch milliseconds. */
  readonly receivedAt: number
}

/** A rejected message, as stored. */
export interface RejectedMessage extends Omit<Rejection, 'raw'> {
  /** Derived from the bytes, so that a message delivered again is stored once. */
  readonly id: string
  /** Size of what was read. A message that is too large is not read to its end. */
  readonly sizeBytes: number
  /** The first 64 KiB in Latin-1: each byte is one character, and a NUL is U+2400. */
  readonly rawStart: string
}

/** Bytes stored of each message; enough for the header and the start of the body of nearly every message. */
const MAX_KEPT_BYTES = 65_536

const INSERT = `INSERT INTO rejected_messages
  (id, reason, envelope_from, envelope_to, received_at, size_bytes, raw_start)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

const SELECT = `SELECT id, reason, envelope_from AS envelopeFrom, envelope_to AS envelopeTo,
  received_at AS receivedAt, size_bytes AS sizeBytes, raw_start AS rawStart
FROM rejected_messages ORDER BY received_at DESC, id LIMIT ?`

/** Options for {@link RejectedMessages}. */
export interface RejectedMessagesOptions {
  /** The database of the mailbox. */
  readonly db: SqlDatabase
}

/** The rejected messages of a mailbox. They appear in none of its lists, and are not cached. */
export class RejectedMessages {
  readonly #driver: SqlDriver

  /** @throws {InvalidOptionError} `db`, when it is not a database that this library supports. */
  constructor({ db }: RejectedMessagesOptions) {
    this.#driver = toSqlDriver(db)
  }

  /** Stores a message. Does nothing if a message with the same bytes is stored already. */
  async add({ reason, envelopeFrom, envelopeTo, raw, receivedAt }: Rejection): Promise<void> {
    const id = toBase64Url(sha256(raw))
    const start = latin1(raw.subarray(0, MAX_KEPT_BYTES))
    const values = [id, reason, envelopeFrom, envelopeTo, receivedAt, raw.length, start]
    await this.#driver.run(INSERT, values)
  }

  /**
   * Returns the messages received last, newest first.
   *
   * @param limit From 1 to 100. @default 20
   */
  async list(limit: number = 20): Promise<readonly RejectedMessage[]> {
    const rows = await this.#driver.all(SELECT, [readInteger(limit, 'limit', 1, 100)])
    return rows.map((row) => ({ ...row })) as unknown as readonly RejectedMessage[]
  }
}

/** SQL text cannot contain NUL, so the byte 0 becomes U+2400, the symbol for NUL. */
function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte === 0 ? '\u2400' : String.fromCharCode(byte))).join('')
}
