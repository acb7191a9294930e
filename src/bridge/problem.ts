/**
 * Requests that are answered without asking the database.
 *
 * @module
 */

/** The statuses that the protocol has for a refusal or a failure. */
export type ProblemStatus = 400 | 401 | 405 | 429 | 500 | 503 | 504

/** Thrown to be answered as `{ "error": message }`. The message holds nothing of the request. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: ProblemStatus

  constructor(status: ProblemStatus, message: string) {
    super(message)
    this.status = status
  }
}
