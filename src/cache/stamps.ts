/**
 * The markers that an entry is stamped with: how long they live, and their texts.
 *
 * @module
 */

import { isMarker } from '../entry/header.ts'
import { malformed } from '../redis/answer.ts'
import type { Reply } from '../redis/requester.ts'
import type { Marker } from './names.ts'

/** A marker must outlive the entries stamped with it: without their marker they are not valid. */
const MIN_MARKER_MS = 7 * 86_400_000

/** Lifetime of the markers of an entry that lives `lifeMs`, in milliseconds. */
export function markerMs(lifeMs: number): number {
  return Math.max(MIN_MARKER_MS, 2 * lifeMs)
}

/** The texts of markers by segment. @throws {RemoteError} When a reply is not a marker. */
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
