/**
 * Messages that could not be stored as such, kept with the reason.
 *
 * @module
 */

import { toBase64Url } from '../entry/bytes.ts'
import { sha256 } from '../entry/sha256.ts'
import { type SqlDatabase, toSqlDriver } from './database.ts'
import type { SqlDriver } from './driver.ts'
import { readInteger } from './fields.ts'

/** A message to keep. */
export interface Rejection {
  /** Why, in words, without anything of the message. */
  readonly reason: string
  readonly envelopeFrom: string
  readonly envelopeTo: string
  /** As it arrived, or the start of it. */
  readonly raw: Uint8Array
  /** Epoch milliseconds. */
  readonly receivedAt: number
}

/** A message that was kept. */
export interface RejectedMessage extends Omit<Rejection, 'raw'> {
  /** The same for the same bytes, so that a message delivered again is kept once. */
  readonly id: string
  /** Of what was read; a message that is too large is read no further than that. */
  readonly sizeBytes: number
  /** The first 64 KiB, each byte as the character with its number. */
  readonly rawStart: string
}

/** Bytes that are kept of each message: the header and the start of the body, in nearly all mail. */
const MAX_KEPT_BYTES = 65_536

const INSERT = `INSERT INTO rejected_messages
  (id, reason, envelope_from, envelope_to, received_at, size_bytes, raw_start)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

const SELECT = `SELECT id, reason, envelope_from AS envelopeFrom, envelope_to AS envelopeTo,
  received_at AS receivedAt, size_bytes AS sizeBytes, raw_start AS rawStart
FROM rejected_messages ORDER BY received_at DESC, id LIMIT ?`

/** Options for {@link RejectedMessages}. */
export interface RejectedMessagesOptions {
  /** What the mailbox is in. */
  readonly db: SqlDatabase
}

/** The rejected messages of a mailbox. They are in none of its lists, and not cached. */
export class RejectedMessages {
  readonly #driver: SqlDriver

  /** @throws {InvalidOptionError} `db`, when it is no database this library knows. */
  constructor({ db }: RejectedMessagesOptions) {
    this.#driver = toSqlDriver(db)
  }

  /** Keeps a message. Made again for the same bytes, it changes nothing. */
  async add({ reason, envelopeFrom, envelopeTo, raw, receivedAt }: Rejection): Promise<void> {
    const id = toBase64Url(sha256(raw))
    const start = latin1(raw.subarray(0, MAX_KEPT_BYTES))
    const values = [id, reason, envelopeFrom, envelopeTo, receivedAt, raw.length, start]
    await this.#driver.run(INSERT, values)
  }

  /**
   * Answers those that came last, newest first.
   *
   * @param limit From 1 to 100. @default 20
   */
  async list(limit: number = 20): Promise<readonly RejectedMessage[]> {
    const rows = await this.#driver.all(SELECT, [readInteger(limit, 'limit', 1, 100)])
    return rows.map((row) => ({ ...row })) as unknown as readonly RejectedMessage[]
  }
}

/** SQL text has no NUL in it, so that one byte is shown as the symbol for it. */
function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte === 0 ? '\u2400' : String.fromCharCode(byte))).join('')
}
