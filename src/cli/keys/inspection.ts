/**
 * Looks at a key as a read does, and says what the read would make of it, and why. Changes nothing.
 *
 * @module
 */

import type { CacheContext } from '../../cache/context.ts'
import { judge, unseenTags, type Verdict } from '../../cache/judge.ts'
import type { Marker } from '../../cache/names.ts'
import { type EntryHeader, hardIdOf, isMarker, parseEntry, sameHard } from '../../entry/header.ts'
import { CorruptEntryError } from '../../errors.ts'
import { readSegment } from './names.ts'

/** How a tag of an entry stands. */
export interface TagState {
  /** The tag as its user wrote it; its hash where names are hashed. */
  readonly tag: string
  readonly kind: 'tag' | 'prefix' | 'namespace' | 'ancestor' | 'epoch'
  /**
   * `same`: nothing was invalidated. `soft`: it was, softly. `hard`: it was, and loaded anew since.
   * `missing`: it was, or its marker was lost. `not carried`: the read names it, the entry has it not.
   */
  readonly state: 'same' | 'soft' | 'hard' | 'missing' | 'not carried'
  /** When the marker that is there now was made, or softened, in epoch milliseconds. */
  readonly markedAt: number | null
}

/** What there is of an entry. */
export interface EntryFacts {
  readonly createdAt: number
  readonly freshUntil: number
  readonly revalidateUntil: number
  readonly staleUntil: number
  readonly loadMs: number
  readonly compressed: boolean
  readonly encrypted: boolean
  readonly sizeBytes: number
  /** When Redis drops it, in milliseconds from now; null if never. */
  readonly expiresInMs: number | null
}

/** What a key was found to be. */
export interface Inspection {
  readonly key: string
  readonly namespace: string
  /** The name of the entry in Redis. */
  readonly name: string
  /** What a read makes of it: `fresh`, `stale`, `stale-if-error`, or a reason for a miss. */
  readonly verdict: Verdict['kind'] | 'miss'
  readonly reason: string | null
  /** The same in words. */
  readonly explanation: string
  readonly entry: EntryFacts | null
  readonly tags: readonly TagState[]
  /** A load of the key that is under way. */
  readonly lease: { readonly heldForMs: number; readonly endsInMs: number | null } | null
}

interface Seen {
  readonly header: EntryHeader | undefined
  readonly text: string | null
  readonly markers: ReadonlyMap<string, string | null>
}

/**
 * Inspects a key: two requests, and a third where the entry has tags that were not named.
 *
 * @param tags Those that the read would name.
 */
export async function inspect(
  ctx: CacheContext,
  key: string,
  tags: readonly string[],
): Promise<Inspection> {
  const { names, steps, link, platform } = ctx
  const { entry: name, lease: leaseName } = names.of(key)
  const declared = names.markers(key, tags)
  const [look, life, leaseLife] = await Promise.all([
    steps.look({ entry: name, lease: leaseName }, declared),
    link.send(['PTTL', name]),
    link.send(['PTTL', leaseName]),
  ])
  const header = look.entry === null ? undefined : headerOf(look.entry)
  const unseen = header ? unseenTags(header, look.markers) : []
  const more = await steps.lookAt(unseen.map((segment) => names.bySegment(segment)))
  const seen: Seen = { header, text: look.entry, markers: new Map([...look.markers, ...more]) }
  const now = platform.now()
  const states = tagStates(seen, declared)
  return {
    key,
    namespace: names.keyspace.path,
    name,
    ...conclude(seen, declared, states, now),
    entry: header && seen.text !== null ? factsOf(header, seen.text, Number(life)) : null,
    tags: states,
    lease: leaseOf(look.lease, Number(leaseLife), now),
  }
}

function headerOf(text: string): EntryHeader | undefined {
  try {
    return parseEntry(text).header
  } catch (error) {
    if (error instanceof CorruptEntryError) return undefined
    throw error
  }
}

function factsOf(header: EntryHeader, text: string, life: number): EntryFacts {
  const { createdAt, freshUntil, revalidateUntil, staleUntil, loadMs, encoding } = header
  return {
    ...{ createdAt, freshUntil, revalidateUntil, staleUntil, loadMs },
    compressed: /^.z/.test(encoding),
    encrypted: encoding.includes('.'),
    sizeBytes: Buffer.byteLength(text),
    expiresInMs: life >= 0 ? life : null,
  }
}

function tagStates({ header, markers }: Seen, declared: readonly Marker[]): TagState[] {
  const carried = [...(header?.stamps ?? [])].map(([segment, stamp]) => ({ segment, stamp }))
  const others = header ? declared.filter(({ segment }) => !header.stamps.has(segment)) : []
  return [
    ...carried.map(({ segment, stamp }) => stateOf(segment, stamp, markers.get(segment) ?? null)),
    ...others.map(({ segment }): TagState => {
      const { kind, text } = readSegment(segment)
      return { tag: text, kind, state: 'not carried', markedAt: madeAt(markers.get(segment)) }
    }),
  ]
}

function stateOf(segment: string, stamp: string, current: string | null): TagState {
  const { kind, text } = readSegment(segment)
  const about = { tag: text, kind, markedAt: madeAt(current) }
  if (current === stamp) return { ...about, state: 'same' }
  if (!isMarker(current)) return { ...about, state: 'missing', markedAt: null }
  return { ...about, state: sameHard(current, stamp) ? 'soft' : 'hard' }
}

/** An id ends with the microseconds of Redis at which it was made; the soft one is the later. */
function madeAt(marker: string | null | undefined): number | null {
  if (!isMarker(marker)) return null
  const ids = [marker.slice(marker.indexOf('.') + 1), hardIdOf(marker)]
  const [micros] = ids.flatMap((id) => /-(\d{10,17})$/.exec(id)?.[1] ?? [])
  return micros === undefined ? null : Math.floor(Number(micros) / 1_000)
}

function leaseOf(lease: string | null, life: number, now: number): Inspection['lease'] {
  const [, micros] = /-(\d+)$/.exec(lease ?? '') ?? []
  if (micros === undefined) return null
  return {
    heldForMs: Math.max(0, now - Math.floor(Number(micros) / 1_000)),
    endsInMs: life >= 0 ? life : null,
  }
}

const WORDS: Readonly<Record<string, string>> = {
  fresh: 'a hit: the entry is fresh',
  stale: 'a hit: the entry is stale, and is served while getOrSet refreshes it; get misses',
  'stale-if-error': 'a load: the entry is served only if the load fails',
  absent: 'a miss: there is no entry',
  corrupt: 'a miss: what is there is no entry of this library',
  expired: 'a miss: the entry has expired',
}

function conclude(
  { header, text, markers }: Seen,
  declared: readonly Marker[],
  states: readonly TagState[],
  now: number,
): Pick<Inspection, 'verdict' | 'reason' | 'explanation'> {
  if (text === null) return missBy('absent')
  if (!header) return missBy('corrupt')
  const verdict = judge(header, declared, markers, now)
  if (verdict.kind !== 'none') {
    return { verdict: verdict.kind, reason: null, explanation: WORDS[verdict.kind] ?? '' }
  }
  return missBy(verdict.reason, culprits(verdict.reason, states))
}

function missBy(reason: string, because = WORDS[reason] ?? reason): ReturnType<typeof conclude> {
  return { verdict: 'miss', reason, explanation: because }
}

/** Which tags are at fault, where it is tags. */
function culprits(reason: string, states: readonly TagState[]): string | undefined {
  const named = (...wanted: readonly TagState['state'][]): string =>
    states
      .filter(({ state }) => wanted.includes(state))
      .map(({ kind, tag }) => (kind === 'tag' || kind === 'prefix' ? `"${tag}"` : tag))
      .join(', ')
  if (reason === 'undeclared-tag') {
    return `a miss: the entry was stored without ${named('not carried')}, which the read names`
  }
  if (reason !== 'invalidated') return undefined
  const gone = named('hard', 'missing')
  return `a miss: ${gone || named('soft')} was invalidated after the entry was loaded, or its marker was lost`
}
