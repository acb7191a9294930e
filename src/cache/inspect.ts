/**
 * Looks a key over for an operator: what is stored, and why a read would or would not be served it.
 * No read is counted, and nothing is changed.
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

/** How a tag stands. */
export interface InspectedTag {
  /** As {@link readSegment} has it. */
  readonly tag: string
  readonly kind: ReadSegment['kind']
  /**
   * `same`: nothing was invalidated since the entry was loaded. `soft`: it was, softly. `hard`: it
   * was, and loaded anew since. `missing`: it was, or its marker was lost. `not carried`: the read
   * names it, the entry has it not.
   */
  readonly state: 'same' | 'soft' | 'hard' | 'missing' | 'not carried'
  /** When the marker that is there now was made, or softened, in epoch milliseconds. */
  readonly markedAt: number | null
}

/** What there is of an entry. Instants are epoch milliseconds. */
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
  /** The id of the key that it is encrypted with; null if it is not. */
  readonly keyId: string | null
  readonly sizeBytes: number
  /** When Redis drops it, in milliseconds from now; null if never. */
  readonly expiresInMs: number | null
}

/** What is known of a key. */
export interface Inspection {
  readonly key: string
  /** The path of the namespace. */
  readonly namespace: string
  /** The name of the entry in Redis; without the key where keys are hashed. */
  readonly name: string
  /** What a read would find now; `miss` with the reason. */
  readonly verdict: 'fresh' | 'stale' | 'stale-if-error' | 'miss'
  readonly reason: MissReason | null
  /** Null where there is none, or its header cannot be read. */
  readonly entry: InspectedEntry | null
  /** Those of the entry, then those that the read names besides. Empty without an entry. */
  readonly tags: readonly InspectedTag[]
  /** A load of the key that is under way: it prolongs its lease while its loader is at work. */
  readonly lease: { readonly heldForMs: number; readonly endsInMs: number | null } | null
  /** Whether this isolate has a copy. */
  readonly hasNearCopy: boolean
  /** The value, where it was asked for and a read would be served it. */
  readonly value: unknown
}

/** Options for {@link inspectKey}. */
export interface InspectOptions {
  /** Tags that the caller's reads declare. @default the namespace's own */
  readonly tags?: readonly string[]
  /**
   * `sealed`: the verdict is by tags and age alone, so that the keys of encryption are not needed.
   * `checked`: one that cannot be read is a miss, as it is to a read. `returned`: so, and the value
   * is had. @default 'checked'
   */
  readonly payload?: 'sealed' | 'checked' | 'returned'
}

interface Seen {
  readonly text: string
  readonly header: EntryHeader
  readonly markers: FoundMarkers
}

/**
 * Inspects one key: two requests, and one more for tags that are not declared.
 *
 * @throws {InvalidKeyError} When the key or a tag cannot be one.
 * @throws {InvalidOptionError} When the namespace is of another copy of this package.
 * @throws {RemoteError} When Redis cannot be asked; also `RemoteTimeoutError` and `CircuitOpenError`.
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

/** When a marker was made or softened: its soft id is the later one, and at first has no time. */
function markedAt(marker: string | null | undefined): number | null {
  if (!isMarker(marker)) return null
  return madeAt(marker.slice(marker.indexOf('.') + 1)) ?? madeAt(hardIdOf(marker))
}

/** An id ends with the microseconds of Redis at which it was made. */
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
