/**
 * The texts of markers, by tag. Readers that ask for the same markers and get the same texts, as those of one tick
 * do, share one map.
 *
 * @module
 */

import { isEqual } from '../near/labels.ts'
import type { Texts } from '../redis/gather.ts'
import type { Marker } from './names.ts'

/** Tag segment to marker text; null for a missing marker. */
export type FoundMarkers = ReadonlyMap<string, string | null>

/** Remembers the latest list of markers, and its latest texts. */
export class MarkerTexts {
  #markers: readonly Marker[] = []
  #keys: readonly string[] = []
  #texts: Texts = []
  #found: FoundMarkers | undefined

  /** The Redis keys of markers. */
  keysOf(markers: readonly Marker[]): readonly string[] {
    if (this.#markers !== markers) {
      this.#markers = markers
      this.#keys = markers.map(({ key }) => key)
      this.#found = undefined
    }
    return this.#keys
  }

  /** @param texts The texts of the markers, in the same order. */
  found(markers: readonly Marker[], texts: Texts): FoundMarkers {
    const isLatest = this.#markers === markers
    if (isLatest && this.#found && isEqual(this.#texts, texts)) return this.#found
    const found = new Map(markers.map(({ segment }, i) => [segment, texts[i] ?? null]))
    if (isLatest) {
      this.#texts = texts
      this.#found = found
    }
    return found
  }
}
