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
  /** What a look at Redis has to find; only where looks are made: such labels are one copy's own. */
  readonly evidence: Evidence | undefined
}

/** How an entry can be told to be the one that a copy was made of, and to be valid still. */
export interface Evidence {
  /** The first bytes of the entry: see `writePrefix`. */
  readonly prefix: string
  /** The markers it is stamped with, in the order of the copy's marker keys. */
  readonly stamps: readonly string[]
}

/** So many different ones are remembered before all are forgotten; copies keep theirs. */
const MAX_REMEMBERED = 2_000

/** Labels seen before. */
export class LabelSets {
  readonly #known = new Map<string, Labels>()

  /** Equal labels, without evidence: most often the same object as before. */
  same({ tags, markerKeys }: Omit<Labels, 'evidence'>): Labels {
    const id = markerKeys.join('\n')
    const known = this.#known.get(id)
    if (known && isEqual(known.tags, tags)) return known
    const labels = { tags, markerKeys, evidence: undefined }
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(id, labels)
    return labels
  }
}

/** Whether two lists have the same members in the same places. */
export function isEqual<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => one === b[i]))
}
