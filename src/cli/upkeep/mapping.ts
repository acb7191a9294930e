/**
 * Maps keys of another cache to entries of this one.
 *
 * @module
 */

import { UsageError } from '../usage-error.ts'
import { Template } from './template.ts'

/** A mapping, written as templates. */
export interface MappingText {
  /** The format of the old keys. */
  readonly from: string
  /** The key of the new entry. */
  readonly key: string
  /** The namespace of the new entry, nested ones as outer/inner. */
  readonly namespace: string
  /** The tags of the new entry. */
  readonly tags: readonly string[]
}

/** Where an old key is moved to. */
export interface Destination {
  readonly path: readonly string[]
  readonly key: string
  readonly tags: readonly string[]
}

/**
 * The format of the cache that this library's interface comes from. Its namespaces become namespaces inside
 * the outermost one, as `cache.namespace(name)` creates them. Its `default` becomes the outermost one.
 */
export const ORIGINAL = {
  from: 'cache:data:{namespace}:{key}',
  key: '{key}',
  namespace: 'default/{namespace}',
} as const

/** Finds the destination of each old key. */
export class Mapping {
  readonly #from: Template
  readonly #key: Template
  /** One template for each name of the path. */
  readonly #path: readonly Template[]
  readonly #tags: readonly Template[]

  /** @throws {UsageError} When a template is invalid, or has a gap that `from` does not have. */
  constructor({ from, key, namespace, tags }: MappingText) {
    this.#from = new Template('from', from)
    this.#key = template('key', key, this.#from)
    template('namespace', namespace, this.#from)
    // Split here and not after filling in: a slash in a gap is part of a name, as it is for `cache.namespace`.
    this.#path = namespace.split('/').map((name) => new Template('namespace', name))
    this.#tags = tags.map((tag) => template('tag', tag, this.#from))
  }

  /** The Redis glob that finds the old keys. */
  get glob(): string {
    return this.#from.glob
  }

  /** `undefined` if the key does not have the format. */
  of(name: string): Destination | undefined {
    const gaps = this.#from.match(name)
    if (!gaps) return undefined
    return {
      path: pathOf(this.#path.map((name) => name.fill(gaps))),
      key: this.#key.fill(gaps),
      tags: this.#tags.map((tag) => tag.fill(gaps)),
    }
  }
}

function pathOf(names: readonly string[]): readonly string[] {
  return names.length === 2 && names.every((name) => name === 'default') ? ['default'] : names
}

function template(option: string, text: string, from: Template): Template {
  const made = new Template(option, text)
  const unknown = made.gaps.find((gap) => !from.gaps.includes(gap))
  if (unknown === undefined) return made
  throw new UsageError(`--${option} uses {${unknown}}, which is not in --from`)
}
