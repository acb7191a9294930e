/**
 * Says in a few words why Redis did not answer, for health checks and status pages.
 *
 * @module
 */

import {
  CircuitOpenError,
  ClosedError,
  isNearcacheError,
  RemoteError,
  RemoteTimeoutError,
} from '../errors.ts'

/** The reason never contains an address, a key or text from the server (I5). */
export function failureReason(error: unknown): string {
  if (error instanceof RemoteTimeoutError) return `no answer within ${error.timeoutMs} ms`
  if (error instanceof RemoteError) return error.reason
  if (error instanceof CircuitOpenError) {
    return error.cause === undefined
      ? 'circuit open'
      : `circuit open: ${failureReason(error.cause)}`
  }
  if (error instanceof ClosedError) return 'stopped'
  return isNearcacheError(error) ? error.code : 'the transport failed'
}
