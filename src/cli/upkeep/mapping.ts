/**
 * Which keys of another cache are to become which entries of this one.
 *
 * @module
 */

import { UsageError } from '../usage-error.ts'
import { Template } from './template.ts'

/** A mapping as it is written. */
export interface MappingText {
  /** What the keys of the other cache look like. */
  readonly from: string
  /** The key that one becomes. */
  readonly key: string
  /** The namespace that it goes to, nested ones as outer/inner. */
  readonly namespace: string
  /** Tags that it gets. */
  readonly tags: readonly string[]
}

/** Where a key goes. */
export interface Destination {
  readonly path: readonly string[]
  readonly key: string
  readonly tags: readonly string[]
}

/**
 * The format of the cache that this library's interface comes from. Its namespaces become those inside the
 * outermost one, as `cache.namespace(name)` makes them; its `default` is the outermost itself.
 */
export const ORIGINAL = {
  from: 'cache:data:{namespace}:{key}',
  key: '{key}',
  namespace: 'default/{namespace}',
} as const

/** Says where keys go. */
export class Mapping {
  readonly #from: Template
  readonly #key: Template
  readonly #namespace: Template
  readonly #tags: readonly Template[]

  /** @throws {UsageError} When a template is none, or names a gap that `from` has not. */
  constructor({ from, key, namespace, tags }: MappingText) {
    this.#from = new Template('from', from)
    this.#key = template('key', key, this.#from)
    this.#namespace = template('namespace', namespace, this.#from)
    this.#tags = tags.map((tag) => template('tag', tag, this.#from))
  }

  /** What Redis finds the keys by. */
  get glob(): string {
    return this.#from.glob
  }

  /** `undefined` for a key that is none of these. */
  of(name: string): Destination | undefined {
    const gaps = this.#from.match(name)
    if (!gaps) return undefined
    return {
      path: pathOf(this.#namespace.fill(gaps)),
      key: this.#key.fill(gaps),
      tags: this.#tags.map((tag) => tag.fill(gaps)),
    }
  }
}

function pathOf(namespace: string): readonly string[] {
  return namespace === 'default/default' ? ['default'] : namespace.split('/')
}

function template(option: string, text: string, from: Template): Template {
  const made = new Template(option, text)
  const unknown = made.gaps.find((gap) => !from.gaps.includes(gap))
  if (unknown === undefined) return made
  throw new UsageError(`--${option} uses {${unknown}}, which is not in --from`)
}
