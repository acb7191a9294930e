/**
 * Gives features that are built beside a namespace access to its parts. Separate from the namespace, so that
 * only bundles with such features contain it.
 *
 * @module
 */

import { InvalidOptionError } from '../errors.ts'
import type { CacheContext } from './context.ts'
import { CacheNamespace } from './namespace.ts'
import type { Policy } from './options.ts'

/** A namespace, taken apart. */
export interface NamespaceParts {
  readonly ctx: CacheContext
  readonly policy: Policy
}

/**
 * Takes a namespace apart.
 *
 * @param option Name of the option that holds the namespace, for the error.
 * @throws {InvalidOptionError} When another copy of this package made the namespace, whose parts are private to it.
 */
export function partsOf<Values>(namespace: CacheNamespace<Values>, option: string): NamespaceParts {
  const parts = CacheNamespace.partsOf(namespace)
  if (parts) return parts
  throw new InvalidOptionError(option, 'a namespace of this copy of the package')
}
