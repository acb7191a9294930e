/**
 * The names of one namespace's entries and markers in Redis.
 *
 * @module
 */

import type { Keyspace } from '../entry/key.ts'
import { InvalidOptionError } from '../errors.ts'
import { isEqual } from '../near/labels.ts'
import { EPOCH, NAMESPACE, PREFIX } from './segment.ts'

/** The stored id that stands for the latest invalidation of a tag. */
export interface Marker {
  /** Its name in the headers of entries. */
  readonly segment: string
  readonly key: string
}

const MAX_PREFIXES = 8
const MAX_REMEMBERED_TAGS = 2_000

/** The names of one namespace, and the markers that all its entries carry. */
export class Names {
  /** Marker of loads with late tags: dropped by every invalidation in the namespace. */
  declare readonly epoch: Marker
  /** Markers that every entry carries: this namespace's and its ancestors', innermost first. */
  declare readonly implicit: readonly Marker[]
  declare readonly keyspace: Keyspace
  readonly #prefixes: readonly { readonly text: string; readonly marker: Marker }[]
  readonly #tags = new Map<string, Marker>()
  #latest: { readonly tags: readonly string[]; readonly markers: readonly Marker[] }

  constructor(keyspace: Keyspace, prefixes: readonly string[] = [], parent?: Names) {
    if (!Array.isArray(prefixes) || prefixes.length > MAX_PREFIXES) {
      throw new InvalidOptionError('prefixes', `a list of at most ${MAX_PREFIXES} texts`)
    }
    this.keyspace = keyspace
    this.epoch = this.bySegment(EPOCH)
    // Headers name an ancestor by its distance, which is the same for all entries of this namespace.
    const above = (parent?.implicit ?? []).map(({ key }, i) => ({
      segment: `${NAMESPACE}${i + 1}`,
      key,
    }))
    this.implicit = [this.bySegment(NAMESPACE), ...above]
    this.#latest = { tags: [], markers: this.implicit }
    this.#prefixes = prefixes.map((text) => ({
      text,
      marker: this.bySegment(PREFIX + keyspace.tag(text)),
    }))
  }

  /** The markers that a call with these tags declares for a key. Equal lists in a row get the same array object. */
  markers(key: string, tags: readonly string[]): readonly Marker[] {
    if (this.#prefixes.length > 0) return this.#markersOf(key, tags)
    if (!isEqual(this.#latest.tags, tags)) {
      this.#latest = { tags, markers: this.#markersOf(key, tags) }
    }
    return this.#latest.markers
  }

  #markersOf(key: string, tags: readonly string[]): readonly Marker[] {
    const markers = [...this.implicit]
    for (const { text, marker } of this.#prefixes) if (key.startsWith(text)) markers.push(marker)
    for (const tag of tags) {
      const marker = this.tag(tag)
      if (!markers.includes(marker)) markers.push(marker)
    }
    return markers
  }

  /** @throws {InvalidKeyError} When the tag is not valid. */
  tag(tag: string): Marker {
    const known = this.#tags.get(tag)
    if (known) return known
    const marker = this.bySegment(this.keyspace.tag(tag))
    if (this.#tags.size >= MAX_REMEMBERED_TAGS) this.#tags.clear()
    this.#tags.set(tag, marker)
    return marker
  }

  /** The marker of a declared prefix, if `pattern` is that prefix followed by `*`. */
  prefixOf(pattern: string): Marker | undefined {
    return this.#prefixes.find(({ text }) => pattern === `${text}*`)?.marker
  }

  /** The marker that a segment in a header stands for. */
  bySegment(segment: string): Marker {
    return { segment, key: this.keyspace.markerKey(segment) }
  }
}
