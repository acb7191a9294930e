/**
 * Decides what an entry found in Redis is worth (step 10 of the protocol). Pure.
 *
 * @module
 */

import { classify, type Freshness } from '../entry/freshness.ts'
import { type EntryHeader, isMarker, sameHard } from '../entry/header.ts'
import type { FoundMarkers } from './marker-texts.ts'
import type { Marker } from './names.ts'
import type { MissReason } from './outcome.ts'

/** A servable state, or the reason why there is none. */
export type Verdict =
  | { readonly kind: Exclude<Freshness, 'expired'> }
  | { readonly kind: 'none'; readonly reason: MissReason }

/** The tags that an entry carries and whose markers have not been looked at. */
export function unseenTags({ stamps }: EntryHeader, seen: FoundMarkers): string[] {
  const unseen: string[] = []
  for (const segment of stamps.keys()) if (!seen.has(segment)) unseen.push(segment)
  return unseen
}

/**
 * Judges by tags, then by age.
 *
 * Valid: it carries every declared tag, and the hard id of each of its tags is the current one. A
 * marker that is missing, or is none, equals nothing. Fresh: soft ids are equal too, and its time
 * is not up. A soft invalidation makes stale at once what is still young.
 *
 * @param seen The current markers of all tags that the entry carries.
 * @param now Epoch milliseconds.
 */
export function judge(
  header: EntryHeader,
  declared: readonly Marker[],
  seen: FoundMarkers,
  now: number,
): Verdict {
  if (declared.some(({ segment }) => !header.stamps.has(segment))) {
    return { kind: 'none', reason: 'undeclared-tag' }
  }
  let renewed = false
  for (const [segment, stamp] of header.stamps) {
    const current = seen.get(segment)
    if (current === stamp) continue
    if (!isMarker(current) || !sameHard(current, stamp)) {
      return { kind: 'none', reason: 'invalidated' }
    }
    renewed = true
  }
  const freshness = classify(header, now)
  if (freshness === 'expired') return { kind: 'none', reason: 'expired' }
  if (!renewed || freshness === 'stale-if-error') return { kind: freshness }
  return softened(header)
}

/** What a soft invalidation makes of a young entry, or of one from the future: stale, if it has a window for that. */
function softened({ freshUntil, revalidateUntil, staleUntil }: EntryHeader): Verdict {
  if (revalidateUntil > freshUntil) return { kind: 'stale' }
  if (staleUntil > freshUntil) return { kind: 'stale-if-error' }
  return { kind: 'none', reason: 'invalidated' }
}
