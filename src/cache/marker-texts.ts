/**
 * What markers were found to hold, by tag: told once for all who ask for the same and find the same, as
 * the readers of one tick do.
 *
 * @module
 */

import { isEqual } from '../near/labels.ts'
import type { Texts } from '../redis/gather.ts'
import type { Marker } from './names.ts'

/** Tag segment to marker text; null for a marker that is not there. */
export type FoundMarkers = ReadonlyMap<string, string | null>

/** Remembers the latest list of markers that was asked for, and the latest answer. */
export class MarkerTexts {
  #markers: readonly Marker[] = []
  #keys: readonly string[] = []
  #texts: Texts = []
  #found: FoundMarkers | undefined

  /** What the markers are called in Redis. */
  keysOf(markers: readonly Marker[]): readonly string[] {
    if (this.#markers !== markers) {
      this.#markers = markers
      this.#keys = markers.map(({ key }) => key)
      this.#found = undefined
    }
    return this.#keys
  }

  /** @param texts Of the markers, in their order. */
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
