/**
 * What a namespace works with, for what is built beside it: apart from the namespace itself, so that who has
 * none of that ships none.
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
 * @param option What the namespace was given by, for the error.
 * @throws {InvalidOptionError} When it is of another copy of this package, which keeps its parts to itself.
 */
export function partsOf<Values>(namespace: CacheNamespace<Values>, option: string): NamespaceParts {
  const parts = CacheNamespace.partsOf(namespace)
  if (parts) return parts
  throw new InvalidOptionError(option, 'a namespace of this copy of the package')
}
