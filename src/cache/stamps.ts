/**
 * The markers that an entry is stamped with: how long they live, and what Redis has made them.
 *
 * @module
 */

import { isMarker } from '../entry/header.ts'
import { malformed } from '../redis/answer.ts'
import type { Reply } from '../redis/requester.ts'
import type { Marker } from './names.ts'

/** A marker outlives the entries it stamps, or they are lost with it. */
const MIN_MARKER_MS = 7 * 86_400_000

/** How long a marker lives that stamps an entry of this life, in milliseconds. */
export function markerMs(lifeMs: number): number {
  return Math.max(MIN_MARKER_MS, 2 * lifeMs)
}

/** @throws {RemoteError} When one of the replies is no marker. */
export function stampsOf(
  markers: readonly Marker[],
  made: readonly Reply[],
): ReadonlyMap<string, string> {
  return new Map(
    markers.map(({ segment }, i) => {
      const marker = made[i]
      if (!isMarker(marker)) throw malformed()
      return [segment, marker]
    }),
  )
}
