/**
 * The base class of all errors of this library.
 *
 * @module
 */

/**
 * Base class of all nearcache errors. Messages never contain cached values or keys, so they are safe to log.
 * Subclasses `declare` the fields that their constructors assign, so bundles contain no second definition.
 */
export abstract class NearcacheError extends Error {
  abstract readonly code: string
  /** Identifies errors of this library, including those of another copy of the package. */
  readonly isNearcacheError: true = true
}
