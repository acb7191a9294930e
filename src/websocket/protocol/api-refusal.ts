/**
 * The error by which the HTTP API refuses a request.
 *
 * @module
 */

/** The HTTP statuses of a refusal. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 413

const TITLES: Readonly<Record<RefusalStatus, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  413: 'Too large',
}

/** Is answered as problem details. The message contains nothing from the request. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  declare readonly status: RefusalStatus
  /** The field of the request that is wrong. */
  declare readonly field: string | undefined

  constructor(status: RefusalStatus, message: string, field?: string) {
    super(message)
    this.status = status
    this.field = field
  }

  /** A short title, the same for every refusal with this status. */
  get title(): string {
    return TITLES[this.status]
  }
}
