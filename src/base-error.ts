/**
 * What all errors of this library have in common.
 *
 * @module
 */

/** Base of the family. Messages never contain cached values or keys, so they are safe to log. */
export abstract class NearcacheError extends Error {
  abstract readonly code: string
  readonly isNearcacheError: true = true
}
