/**
 * Turns an error into the message and exit code of a command, without a key, a value or an address.
 *
 * @module
 */

import {
  CircuitOpenError,
  ConfigurationError,
  InvalidKeyError,
  InvalidOptionError,
  isNearcacheError,
  RemoteError,
  RemoteTimeoutError,
  SessionUnavailableError,
} from '../errors.ts'
import type { ExitCode } from './command.ts'
import { EndedError, UsageError } from './usage-error.ts'

/** A failure as the command reports it. */
export interface Failure {
  readonly code: ExitCode
  /** For people, on one line. */
  readonly told: string
  /** For programs. */
  readonly failure: { readonly code: string; readonly message: string }
  /** Whether Redis failed, which may be temporary. */
  readonly isOfRedis: boolean
}

/** Describes an error. */
export function failureOf(error: unknown): Failure {
  const message = messageOf(error)
  const ofRedis = isOfRedis(error)
  return {
    code: isUsage(error) ? 2 : 1,
    told: ofRedis ? `${message}; see: nearcache doctor` : message,
    failure: { code: codeOf(error), message },
    isOfRedis: ofRedis,
  }
}

function isUsage(error: unknown): boolean {
  return (
    error instanceof UsageError ||
    error instanceof ConfigurationError ||
    error instanceof InvalidOptionError ||
    error instanceof InvalidKeyError
  )
}

function isOfRedis(error: unknown): boolean {
  return (
    error instanceof RemoteError ||
    error instanceof RemoteTimeoutError ||
    error instanceof CircuitOpenError ||
    error instanceof SessionUnavailableError
  )
}

function codeOf(error: unknown): string {
  if (error instanceof UsageError) return 'ERR_USAGE'
  if (error instanceof EndedError) return 'ERR_ENDED'
  return isNearcacheError(error) ? error.code : 'ERR_FAILED'
}

function messageOf(error: unknown): string {
  if (error instanceof ConfigurationError) return error.problems.join('; ')
  if (error instanceof SessionUnavailableError) return messageOf(error.cause)
  if (error instanceof RemoteError) return `Redis failed at ${error.operation}: ${error.reason}`
  if (error instanceof RemoteTimeoutError) {
    return `Redis did not answer ${error.operation} within ${error.timeoutMs} ms`
  }
  if (error instanceof CircuitOpenError) return messageOf(error.cause)
  if (error instanceof InvalidOptionError && /^[a-z-]+$/.test(error.option)) {
    return `--${error.option} ${error.message.slice(error.message.indexOf('must be'))}`
  }
  if (error instanceof UsageError || error instanceof EndedError || isNearcacheError(error)) {
    return error.message
  }
  // The message of a system error is safe to print: only that of `listen` has an address, which is local.
  return error instanceof Error && 'code' in error ? error.message : 'unexpected error'
}
