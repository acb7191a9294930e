/**
 * What ends a command by the will, or a mistake, of whoever typed it.
 *
 * @module
 */

/** Told in one line, which says how to mend it, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The process was asked to end before the command was through. */
export class EndedError extends Error {
  override readonly name = 'EndedError'
  constructor() {
    super('interrupted')
  }
}
