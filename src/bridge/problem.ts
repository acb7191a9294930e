/**
 * Errors that the bridge answers itself, with an HTTP status.
 *
 * @module
 */

/** The HTTP statuses of the protocol for a refusal or a failure. */
export type ProblemStatus = 400 | 401 | 405 | 429 | 500 | 503 | 504

/** Thrown to answer `{ "error": message }`. The message contains nothing from the request. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: ProblemStatus

  constructor(status: ProblemStatus, message: string) {
    super(message)
    this.status = status
  }
}
