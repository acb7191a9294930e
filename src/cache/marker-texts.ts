/**
 * What markers were found to hold, by tag: told once for all who ask for the same and find the same, as
 * the readers of one tick do.
 *
 * @module
 */

import type { Texts } from '../redis/gather.ts'
import type { Marker } from './names.ts'

/** Tag segment to marker text; null for a marker that is not there. */
export type FoundMarkers = ReadonlyMap<string, string | null>

/** Remembers the latest list of markers that was asked for, and the latest answer. */
export class MarkerTexts {
  #markers: readonly Marker[] = []
  #keys: readonly string[] = []
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

  /** @param from Where among the texts that of the first marker is. */
  found(markers: readonly Marker[], texts: Texts, from = 0): FoundMarkers {
    const latest = this.#markers === markers ? this.#found : undefined
    const isSame = ({ segment }: Marker, i: number): boolean =>
      latest?.get(segment) === (texts[from + i] ?? null)
    if (latest && markers.every(isSame)) return latest
    const found = new Map(markers.map(({ segment }, i) => [segment, texts[from + i] ?? null]))
    if (this.#markers === markers) this.#found = found
    return found
  }
}
