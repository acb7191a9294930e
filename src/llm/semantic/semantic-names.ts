/**
 * The Redis keys of semantic matching.
 *
 * ```
 * <prefix>:<namespace>:v:{<scope>/<model>/<dimensions>}   vectors and prompts
 * <prefix>:<namespace>:w:{<scope>/<model>/<dimensions>}   log of their changes
 * <prefix>:<namespace>:j:{<scope>/<model>/<dimensions>}   judgements
 * ```
 *
 * @module
 */

import type { Keyspace } from '../../entry/key.ts'
import type { VectorSpace } from './vector-store.ts'

/** The keys of one scope, in one hash slot. */
export interface ScopeNames {
  readonly vectors: string
  readonly log: string
  readonly state: string
}

/** The keys for the vectors of one model. Another model has other keys. */
export class SemanticNames {
  readonly #keyspace: Keyspace
  readonly #base: string
  readonly #space: string

  constructor(keyspace: Keyspace, { model, dimensions }: VectorSpace) {
    this.#keyspace = keyspace
    this.#base = keyspace.markerKey('').slice(0, -':t:'.length)
    this.#space = `${model}/${dimensions}`
  }

  /** @throws {InvalidKeyError} When the scope is empty, too long or not well-formed. */
  of(scope: string): ScopeNames {
    const name = this.#keyspace.name(`${scope}/${this.#space}`)
    const key = (kind: string): string => `${this.#base}:${kind}:{${name}}`
    return { vectors: key('v'), log: key('w'), state: key('j') }
  }
}
