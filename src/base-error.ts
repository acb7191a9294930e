/**
 * What all errors of this library have in common.
 *
 * @module
 */

/**
 * Base of the family. Messages never contain cached values or keys, so they are safe to log. What the
 * constructors fill is `declare`d, and so not named a second time in bundles.
 */
export abstract class NearcacheError extends Error {
  abstract readonly code: string
  /** Tells these errors from others, those of another copy of the package included. */
  readonly isNearcacheError: true = true
}
