/**
 * The tags and marker names of near copies. Copies with equal lists share one object.
 *
 * @module
 */

/** The tags of an entry, as the caller wrote them and as names of markers. */
export interface Labels {
  /** The tags that the call declared, as the caller wrote them. */
  readonly tags: readonly string[]
  /** Redis keys of the markers of all tags of the entry. */
  readonly markerKeys: readonly string[]
  /** What Redis must still hold for the copy to be valid; only with `verify`. Such labels are not shared. */
  readonly evidence: Evidence | undefined
}

/** Shows that the entry in Redis is still the one that the copy was made of, and is still valid. */
export interface Evidence {
  /** The first bytes of the entry: see `writePrefix`. */
  readonly prefix: string
  /** The markers it is stamped with, in the order of the copy's marker keys. */
  readonly stamps: readonly string[]
}

/** How many different labels are remembered before all are forgotten; existing copies keep theirs. */
const MAX_REMEMBERED = 2_000

/** Finds equal labels that other copies already use. */
export class LabelSets {
  readonly #known = new Map<string, Labels>()

  /** Equal labels without evidence: usually an object that another copy already uses. */
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

/** Whether two lists have the same members in the same order. */
export function isEqual<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((one, i) => one === b[i]))
}
