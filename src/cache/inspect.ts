/**
 * Inspects a key for an operator: what is stored, and why a read would or would not be served it. Counts no read
 * and changes nothing.
 *
 * @module
 */

import { utf8Length } from '../entry/bytes.ts'
import { type EntryHeader, hardIdOf, headerIn, isMarker, sameHard } from '../entry/header.ts'
import { type CacheContext, type Target, targetOf } from './context.ts'
import { judge, unseenTags } from './judge.ts'
import type { FoundMarkers } from './marker-texts.ts'
import type { Marker } from './names.ts'
import type { CacheNamespace } from './namespace.ts'
import { partsOf } from './namespace-parts.ts'
import { weigh } from './observe.ts'
import type { Policy } from './options.ts'
import type { MissReason } from './outcome.ts'
import { type ReadSegment, readSegment } from './segment.ts'

/** A tag, and whether it was invalidated since the entry was loaded. */
export interface InspectedTag {
  /** As {@link readSegment} returns it. */
  readonly tag: string
  readonly kind: ReadSegment['kind']
  /**
   * Since the entry was loaded, `same`: not invalidated. `soft`: invalidated softly. `hard`: invalidated, and the
   * marker was created again by a later load or write. `missing`: invalidated, or the marker was lost. `not
   * carried`: the read declares the tag, but the entry does not have it.
   */
  readonly state: 'same' | 'soft' | 'hard' | 'missing' | 'not carried'
  /** When the current marker was created or last softened, in epoch milliseconds; null if it is missing. */
  readonly markedAt: number | null
}

/** A stored entry. Instants are epoch milliseconds. */
export interface InspectedEntry {
  readonly createdAt: number
  readonly freshUntil: number
  readonly revalidateUntil: number
  readonly staleUntil: number
  readonly loadMs: number
  /** New for every write. */
  readonly writeId: string
  readonly format: 'json' | 'rich'
  readonly isCompressed: boolean
  /** The id of the encryption key; null if the entry is not encrypted. */
  readonly keyId: string | null
  readonly sizeBytes: number
  /** Milliseconds until Redis drops it; null if it never expires, or is gone by now. */
  readonly expiresInMs: number | null
}

/** The result of {@link inspectKey}. */
export interface Inspection {
  readonly key: string
  /** The path of the namespace. */
  readonly namespace: string
  /** The name of the entry in Redis, which does not contain the key if keys are hashed. */
  readonly name: string
  /** What a read would find now; for a `miss`, `reason` says why. */
  readonly verdict: 'fresh' | 'stale' | 'stale-if-error' | 'miss'
  readonly reason: MissReason | null
  /** Null if there is no entry, or its header cannot be read. */
  readonly entry: InspectedEntry | null
  /** The tags of the entry, then those that only the read declares. Empty if `entry` is null. */
  readonly tags: readonly InspectedTag[]
  /** The lease of a load, set or ticket under way. A load prolongs it while its loader runs. */
  readonly lease: { readonly heldForMs: number; readonly endsInMs: number | null } | null
  /** Whether this isolate has a near copy. */
  readonly hasNearCopy: boolean
  /** The value, if it was requested and a read would be served it. */
  readonly value: unknown
}

/** Options for {@link inspectKey}. */
export interface InspectOptions {
  /** Tags that the caller's reads declare. @default the namespace's own */
  readonly tags?: readonly string[]
  /**
   * `sealed`: judges by tags and age alone, so that encryption keys are not needed. `checked`: also decodes the
   * payload; one that cannot be read is a miss, as for a read. `returned`: as `checked`, and returns the value.
   * @default 'checked'
   */
  readonly payload?: 'sealed' | 'checked' | 'returned'
}

interface Seen {
  readonly text: string
  readonly header: EntryHeader
  readonly markers: FoundMarkers
}

/**
 * Inspects one key: one request, and a second one if the entry has tags that are not declared.
 *
 * @throws {InvalidKeyError} When the key or a tag is not valid.
 * @throws {InvalidOptionError} When another copy of this package made the namespace.
 * @throws {RemoteError} When Redis cannot be reached; also `RemoteTimeoutError` and `CircuitOpenError`.
 */
export async function inspectKey(
  namespace: CacheNamespace,
  key: string,
  { tags, payload = 'checked' }: InspectOptions = {},
): Promise<Inspection> {
  const { ctx, policy: own } = partsOf(namespace, 'namespace')
  const policy = tags ? { ...own, tags } : own
  const target = targetOf(ctx, key, policy)
  const { names, declared } = target
  const [look, life, leaseLife] = await Promise.all([
    ctx.steps.look(names, target.asked),
    ctx.link.send(['PTTL', names.entry]),
    ctx.link.send(['PTTL', names.lease]),
  ])
  const common = {
    key,
    namespace: ctx.names.keyspace.path,
    name: names.entry,
    lease: leaseOf(look.lease, Number(leaseLife), ctx.platform.now()),
    hasNearCopy: ctx.near.get(key) !== undefined,
  }
  const header = look.entry === null ? undefined : headerIn(look.entry)
  if (look.entry === null || !header) {
    return { ...common, ...NOTHING, reason: look.entry === null ? 'absent' : 'corrupt' }
  }
  const unseen = unseenTags(header, look.markers).map((segment) => ctx.names.bySegment(segment))
  const more = unseen.length === 0 ? [] : await ctx.steps.lookAt(unseen)
  const markers = new Map([...look.markers, ...more])
  const seen: Seen = { text: look.entry, header, markers }
  return {
    ...common,
    ...(await conclude(ctx, target, policy, seen, payload)),
    entry: entryOf(seen, Number(life)),
    tags: tagsOf(seen, declared),
  }
}

const NOTHING = { verdict: 'miss', entry: null, tags: [], value: undefined } as const

async function conclude(
  ctx: CacheContext,
  target: Target,
  policy: Policy,
  { text, header, markers }: Seen,
  payload: NonNullable<InspectOptions['payload']>,
): Promise<Pick<Inspection, 'verdict' | 'reason' | 'value'>> {
  const found =
    payload === 'sealed'
      ? judge(header, target.declared, markers, ctx.platform.now())
      : await weigh(ctx, target, policy, text, markers)
  if (found.kind === 'none') return { verdict: 'miss', reason: found.reason, value: undefined }
  const value = payload === 'returned' && 'value' in found ? found.value : undefined
  return { verdict: found.kind, reason: null, value }
}

function entryOf({ header, text }: Seen, life: number): InspectedEntry {
  const { createdAt, freshUntil, revalidateUntil, staleUntil, loadMs, writeId, encoding } = header
  const [form = '', keyId = null] = encoding.split('.')
  return {
    ...{ createdAt, freshUntil, revalidateUntil, staleUntil, loadMs, writeId },
    format: form.startsWith('j') ? 'json' : 'rich',
    isCompressed: form.endsWith('z'),
    keyId,
    sizeBytes: utf8Length(text),
    expiresInMs: life >= 0 ? life : null,
  }
}

function tagsOf(
  { header: { stamps }, markers }: Seen,
  declared: readonly Marker[],
): InspectedTag[] {
  const others = declared.filter(({ segment }) => !stamps.has(segment))
  return [...stamps.keys(), ...others.map(({ segment }) => segment)].map((segment) => {
    const { kind, text } = readSegment(segment)
    const current = markers.get(segment)
    const state = stateOf(stamps.get(segment), current)
    return { tag: text, kind, markedAt: markedAt(current), state }
  })
}

function stateOf(
  stamp: string | undefined,
  current: string | null | undefined,
): InspectedTag['state'] {
  if (stamp === undefined) return 'not carried'
  if (current === stamp) return 'same'
  if (!isMarker(current)) return 'missing'
  return sameHard(current, stamp) ? 'soft' : 'hard'
}

/** When a marker was created or last softened. Its soft id is newer, but is `0` until the first softening. */
function markedAt(marker: string | null | undefined): number | null {
  if (!isMarker(marker)) return null
  return madeAt(marker.slice(marker.indexOf('.') + 1)) ?? madeAt(hardIdOf(marker))
}

/** When an id was created, in epoch milliseconds: it ends with the time of Redis in microseconds. */
function madeAt(id: string): number | null {
  const [, micros] = /-(\d{1,17})$/.exec(id) ?? []
  return micros === undefined ? null : Math.floor(Number(micros) / 1_000)
}

function leaseOf(lease: string | null, life: number, now: number): Inspection['lease'] {
  if (lease === null) return null
  const since = madeAt(lease)
  if (since === null) return null
  return {
    heldForMs: Math.max(0, now - since),
    endsInMs: life >= 0 ? life : null,
  }
}
