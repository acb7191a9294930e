/**
 * Failures as reported to clients, with nothing of a prompt, an answer or a credential.
 *
 * @module
 */

import { InvalidValueError, LoaderTimeoutError } from '../../errors.ts'

/** A request that is refused before any model is asked. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal'
  readonly status: number
  readonly type: string
  readonly retryAfterMs: number | undefined

  constructor(status: number, message: string, type: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.type = type
    this.retryAfterMs = retryAfterMs
  }
}

/** A failure as reported to a client. */
export interface Failure {
  readonly status: number
  readonly message: string
  readonly type: string
}

/** Describes an error for a client. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Refusal) return error
  if (error instanceof InvalidValueError) {
    const message = 'The request is nested too deeply'
    return { status: 400, message, type: 'invalid_request_error' }
  }
  if (error instanceof LoaderTimeoutError) {
    return { status: 504, message: 'The model did not answer in time', type: 'timeout' }
  }
  return { status: 502, message: 'The model could not be reached', type: 'upstream_error' }
}
