/**
 * Errors of commands that were called wrongly, or interrupted by the user.
 *
 * @module
 */

/** Invalid arguments. Printed as one line without a stack; the message says how to correct them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The process was asked to stop before the command had finished. */
export class EndedError extends Error {
  override readonly name = 'EndedError'
  constructor() {
    super('interrupted')
  }
}
