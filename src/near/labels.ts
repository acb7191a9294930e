/**
 * What copies are dropped by: the same lists, held once, however many copies have them.
 *
 * @module
 */

/** The tags of an entry, under both of their names. */
export interface Labels {
  /** The tags that the call declared, as the caller wrote them. */
  readonly tags: readonly string[]
  /** Names of the markers of all tags the entry carries. */
  readonly markerKeys: readonly string[]
}

/** So many different ones are remembered before all are forgotten; copies keep theirs. */
const MAX_REMEMBERED = 2_000

/** Labels seen before. */
export class LabelSets {
  readonly #known = new Map<string, Labels>()

  /** Equal labels: most often the same object as before. */
  same({ tags, markerKeys }: Labels): Labels {
    const id = markerKeys.join('\n')
    const known = this.#known.get(id)
    if (known && isEqual(known.tags, tags)) return known
    const labels = { tags, markerKeys }
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(id, labels)
    return labels
  }
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, i) => tag === b[i])
}
