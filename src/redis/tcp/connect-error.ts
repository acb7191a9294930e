/**
 * Turns errors of ioredis into errors of this library.
 *
 * @module
 */

import { RemoteError } from '../../errors.ts'
import { firstWord, networkError, replyError } from '../failure.ts'
import { asReplyError, isReplyError } from './reply-error.ts'

/** The error for a connection that failed, with the reason of the network or of the server. */
export function connectError(operation: string, error: unknown): RemoteError {
  if (error instanceof RemoteError) return error
  const reason = lastingReason(error)
  if (reason !== undefined) {
    return new RemoteError({ operation, reason, applied: 'no', retryable: false })
  }
  if (!isReplyError(error)) return networkError(operation, error, 'no')
  return replyError(operation, error.message)
}

/** The reason, if it is one that a retry cannot help and that `failure.ts` does not know. */
function lastingReason(error: unknown): string | undefined {
  if (isReplyError(error)) return LACKS.find(([text]) => text.test(error.message))?.[1]
  const { code } = Object(error) as { code?: unknown }
  return typeof code === 'string' && LASTING.test(code) ? code : undefined
}

/**
 * A TLS failure, such as an unusable certificate or key, or one that the server refuses or misses; or an access
 * that Node's permission model denies.
 */
const LASTING = /^ERR_(ACCESS_DENIED|(SSL|OSSL)_[A-Z\d_/]{1,64})$/

const LACKS: readonly (readonly [text: RegExp, reason: string])[] = [
  [/\bDB index is out of range/i, 'no such database'],
  [/^ERR No such master with that name/, 'no such primary'],
]

/** Sentinel answers with nil for a name that it does not monitor. This is the error reply instead. */
export function unknownPrimary(): Error {
  return asReplyError('ERR No such master with that name')
}

/** The error for a server that accepts the connection but does not answer. */
export function silenceError(): Error {
  return Object.assign(new Error('The server is silent'), { code: 'ETIMEDOUT' })
}

/** The reason why Redis or ioredis discarded a transaction. Rethrows any other failure. */
export function discardedBecause(error: unknown): string {
  if (isReplyError(error)) {
    const [first] = (error as { previousErrors?: readonly Error[] }).previousErrors ?? []
    const discarded = error.message.startsWith('EXECABORT') && isReplyError(first)
    return discarded
      ? `EXECABORT Transaction discarded because of: ${first.message}`
      : error.message
  }
  // ioredis checks the slots of a transaction before it sends anything.
  if (error instanceof Error && /belong to the same slot/.test(error.message)) {
    return "CROSSSLOT Keys in request don't hash to the same slot"
  }
  throw error
}

/**
 * Whether an error says less than the previous one. That a connection has ended, or that authentication is
 * missing, may only be the consequence of the previous error.
 */
export function saysLess(error: unknown, before: unknown): boolean {
  if (before === undefined) return false
  // The command that followed a refused password.
  if (isReplyError(error)) return isWord('NOAUTH', error) && isWord('WRONGPASS', before)
  const { code, lastNodeError } = Object(error) as { code?: unknown; lastNodeError?: unknown }
  return code === undefined && lastNodeError === undefined
}

function isWord(word: string, error: unknown): boolean {
  return isReplyError(error) && firstWord(error.message) === word
}
