/**
 * What ioredis fails with, as errors of this library.
 *
 * @module
 */

import { RemoteError } from '../../errors.ts'
import { firstWord, networkError, replyError } from '../failure.ts'
import { asReplyError, isReplyError } from './reply-error.ts'

/** Why there is no connection: the network's reason, or the server's, such as a wrong password. */
export function connectError(operation: string, error: unknown): RemoteError {
  if (error instanceof RemoteError) return error
  const reason = lastingReason(error)
  if (reason !== undefined) {
    return new RemoteError({ operation, reason, applied: 'no', retryable: false })
  }
  if (!isReplyError(error)) return networkError(operation, error, 'no')
  return replyError(operation, error.message)
}

/** What trying again cannot help, unless it is one that every transport knows. */
function lastingReason(error: unknown): string | undefined {
  if (isReplyError(error)) return LACKS.find(([text]) => text.test(error.message))?.[1]
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' && LASTING.test(code) ? code : undefined
}

/**
 * A certificate or key that is of no use here, or one that the server refuses or misses; and what Node's
 * permission model does not allow.
 */
const LASTING = /^ERR_(ACCESS_DENIED|(SSL|OSSL)_[A-Z\d_/]{1,64})$/

const LACKS: readonly (readonly [text: RegExp, reason: string])[] = [
  [/\bDB index is out of range/i, 'no such database'],
  [/^ERR No such master with that name/, 'no such primary'],
]

/** What Sentinel would say, if it did not answer with nothing, of a name that it does not watch. */
export function unknownPrimary(): Error {
  return asReplyError('ERR No such master with that name')
}

/** Of a server that is connected to, and does not answer. */
export function silenceError(): Error {
  return Object.assign(new Error('The server is silent'), { code: 'ETIMEDOUT' })
}

/** Why Redis, or ioredis before it, discarded a transaction; rethrows what is another failure. */
export function discardedBecause(error: unknown): string {
  if (isReplyError(error)) {
    const [first] = (error as { previousErrors?: readonly Error[] }).previousErrors ?? []
    const discarded = error.message.startsWith('EXECABORT') && isReplyError(first)
    return discarded
      ? `EXECABORT Transaction discarded because of: ${first.message}`
      : error.message
  }
  // ioredis looks at the slots of a transaction before it sends any of it.
  if (error instanceof Error && /belong to the same slot/.test(error.message)) {
    return "CROSSSLOT Keys in request don't hash to the same slot"
  }
  throw error
}

/**
 * Whether an error says less than the one before: that a connection has ended, or that nobody was let in,
 * of which the one before may be the reason.
 */
export function saysLess(error: unknown, before: unknown): boolean {
  if (before === undefined) return false
  // What was sent behind a refused password.
  if (isReplyError(error)) return isWord('NOAUTH', error) && isWord('WRONGPASS', before)
  const { code, lastNodeError } = Object(error) as { code?: unknown; lastNodeError?: unknown }
  return code === undefined && lastNodeError === undefined
}

function isWord(word: string, error: unknown): boolean {
  return isReplyError(error) && firstWord(error.message) === word
}
