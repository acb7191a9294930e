/**
 * Converts strings for ioredis: as text, or byte for byte.
 *
 * @module
 */

import type { Reply } from '../requester.ts'
import type { TcpArgument, TcpBatch, TcpClient } from './client.ts'
import type { Outgoing } from './commands.ts'

/** Sends commands, and converts replies to the form of `Requester`. */
export interface Wire {
  /** How strings become bytes. */
  readonly encoding: 'utf8' | 'latin1'
  call(client: Pick<TcpClient, 'call' | 'callBuffer'>, command: Outgoing): Promise<Reply>
  queue(batch: TcpBatch, command: Outgoing): void
  /** An error inside a list, as scripts and EXEC return it, becomes its message. */
  toReply(value: unknown): Reply
}

/** Strings are text in UTF-8. Integers beyond 2^53 are rounded to the nearest number. */
export const TEXT: Wire = {
  encoding: 'utf8',
  call: (client, { name, args }) => client.call(name, args).then(textReply),
  queue: (batch, { name, args }) => batch.call(name, args),
  toReply: textReply,
}

/** Strings have one character a byte; integers beyond 2^53 are bigints. */
export const BYTES: Wire = {
  encoding: 'latin1',
  call: (client, { name, args }) => client.callBuffer(name, args.map(toArgument)).then(byteReply),
  queue: (batch, { name, args }) => batch.callBuffer(name, args.map(toArgument)),
  toReply: byteReply,
}

function textReply(value: unknown): Reply {
  if (Array.isArray(value)) return value.map(textReply)
  if (value instanceof Error) return value.message
  return value as Reply
}

/** ASCII text is the same in both encodings, and needs no buffer. */
function toArgument(arg: string | number): TcpArgument {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  return typeof arg === 'string' && /[^\x00-\x7f]/.test(arg) ? Buffer.from(arg, 'latin1') : arg
}

function byteReply(value: unknown): Reply {
  if (Buffer.isBuffer(value)) return value.toString('latin1')
  if (Array.isArray(value)) return value.map(byteReply)
  // With `stringNumbers`, ioredis returns integers as strings, and all other strings as buffers.
  if (typeof value === 'string') return toInteger(value)
  if (value instanceof Error) return Buffer.from(value.message).toString('latin1')
  return value as Reply
}

function toInteger(digits: string): Reply {
  const number = Number(digits)
  if (Number.isSafeInteger(number)) return number
  // With RESP3, which a client of ioredis 6 may use, fractions also come as strings.
  if (!/^-?\d+$/.test(digits)) return digits
  // `Reply` has no bigint. Callers that chose bytes expect it.
  return BigInt(digits) as unknown as Reply
}
