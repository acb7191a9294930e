/**
 * Decides whether and how an entry found in Redis may be served (step 10 of the protocol). Pure.
 *
 * @module
 */

import { classify, type Freshness } from '../entry/freshness.ts'
import { type EntryHeader, isMarker, sameHard } from '../entry/header.ts'
import type { FoundMarkers } from './marker-texts.ts'
import type { Marker } from './names.ts'
import type { MissReason } from './outcome.ts'

/** How an entry may be served, or why it may not. */
export type Verdict =
  | { readonly kind: Exclude<Freshness, 'expired'> }
  | { readonly kind: 'none'; readonly reason: MissReason }

/** The tags of an entry whose markers have not been read. */
export function unseenTags({ stamps }: EntryHeader, seen: FoundMarkers): string[] {
  const unseen: string[] = []
  for (const segment of stamps.keys()) if (!seen.has(segment)) unseen.push(segment)
  return unseen
}

/**
 * Judges by tags, then by age.
 *
 * Valid: the entry carries every declared tag, and the hard id of each of its tags is the current one. A marker
 * that is missing or malformed never matches. Fresh: the soft ids are current too, and `ttl` has not passed. A
 * soft invalidation makes an entry stale at once, whatever its age.
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

/** The verdict on a softly invalidated entry before its windows end: it may be served only if it has a window. */
function softened({ freshUntil, revalidateUntil, staleUntil }: EntryHeader): Verdict {
  if (revalidateUntil > freshUntil) return { kind: 'stale' }
  if (staleUntil > freshUntil) return { kind: 'stale-if-error' }
  return { kind: 'none', reason: 'invalidated' }
}
