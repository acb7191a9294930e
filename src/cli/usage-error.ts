/**
 * A mistake of whoever typed a command.
 *
 * @module
 */

/** Told in one line, which says how to mend it, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
