/**
 * Looks an entry over for an operator: what is stored, and why a read would or would not be served it.
 * No read is counted, and nothing is changed.
 *
 * @module
 */

import { type EntryHeader, isMarker, parseEntry, sameHard } from '../entry/header.ts'
import { CorruptEntryError, InvalidOptionError } from '../errors.ts'
import { targetOf } from './context.ts'
import { unseenTags } from './judge.ts'
import { CacheNamespace } from './namespace.ts'
import { weigh } from './observe.ts'
import type { MissReason } from './outcome.ts'

/** What has become of a tag since the entry was loaded. */
export type TagState =
  /** Nothing: the entry holds by it. */
  | 'unchanged'
  /** Invalidated softly: the entry is stale. */
  | 'soft'
  /** Invalidated, or its marker was lost, which is the same: the entry is dead. */
  | 'hard'

/** A tag of an entry. */
export interface InspectedTag {
  /** The tag as callers wrote it; of one that is hashed, the hash as Redis has it. */
  readonly tag: string
  /** `implicit`: the namespace's own, or an outer one's; dropped by `clear`. */
  readonly kind: 'tag' | 'prefix' | 'implicit'
  readonly state: TagState
}

/** What an entry says of itself. Instants are epoch milliseconds. */
export interface InspectedEntry {
  readonly createdAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  readonly loadMs: number
  /** New for every write. */
  readonly writeId: string
  readonly format: 'json' | 'rich'
  readonly isCompressed: boolean
  /** The id of the key that it is encrypted with; `undefined` if it is not. */
  readonly keyId: string | undefined
  readonly sizeBytes: number
  readonly tags: readonly InspectedTag[]
}

/** What is known of a key. */
export interface Inspection {
  /** What a read would find now; `miss` with the reason. */
  readonly state: 'fresh' | 'stale' | 'stale-if-error' | 'miss'
  readonly reason: MissReason | undefined
  /** The name of the entry in Redis; without the key where keys are hashed. */
  readonly name: string
  /** Whether somebody loads it now. */
  readonly isBeingLoaded: boolean
  /** Whether this isolate has a copy. */
  readonly hasNearCopy: boolean
  /** `undefined` where there is none, or it cannot be read. */
  readonly entry: InspectedEntry | undefined
  /** The value, where it was asked for and a read would be served it. */
  readonly value: unknown
}

/** Options for {@link inspectKey}. */
export interface InspectOptions {
  /** Tags that the caller's reads declare. @default the namespace's own */
  readonly tags?: readonly string[]
  /** Whether the value is to be had. @default false */
  readonly withValue?: boolean
}

/**
 * Inspects one key: one command, and one more for tags that are not declared.
 *
 * @throws {InvalidKeyError} When the key or a tag cannot be one.
 * @throws {RemoteError} When Redis cannot be asked; also `RemoteTimeoutError` and `CircuitOpenError`.
 */
export async function inspectKey(
  namespace: CacheNamespace,
  key: string,
  { tags, withValue = false }: InspectOptions = {},
): Promise<Inspection> {
  const parts = CacheNamespace.partsOf(namespace)
  if (!parts) throw new InvalidOptionError('namespace', 'one of this package')
  const { ctx } = parts
  const policy = tags ? { ...parts.policy, tags } : parts.policy
  const target = targetOf(ctx, key, policy)
  const { entry: text, lease, markers } = await ctx.steps.look(target.names, target.asked)
  const common = {
    name: target.names.entry,
    isBeingLoaded: lease !== null,
    hasNearCopy: ctx.near.get(key) !== undefined,
  }
  if (text === null) return { ...common, ...MISS, reason: 'absent' }
  const header = headerOf(text)
  if (!header) return { ...common, ...MISS, reason: 'corrupt' }
  const unseen = unseenTags(header, markers).map((segment) => ctx.names.bySegment(segment))
  const seen = new Map([...markers, ...(await ctx.steps.lookAt(unseen))])
  const found = await weigh(ctx, target, policy, text, seen)
  const entry = entryOf(header, seen, text.length)
  if (found.kind === 'none') return { ...common, ...MISS, entry, reason: found.reason }
  const value = withValue ? found.value : undefined
  return { ...common, state: found.kind, reason: undefined, entry, value }
}

const MISS = { state: 'miss', entry: undefined, value: undefined } as const

function headerOf(text: string): EntryHeader | undefined {
  try {
    return parseEntry(text).header
  } catch (error) {
    if (error instanceof CorruptEntryError) return undefined
    throw error
  }
}

function entryOf(
  header: EntryHeader,
  seen: ReadonlyMap<string, string | null>,
  sizeBytes: number,
): InspectedEntry {
  const { createdAt, freshUntil, staleUntil, loadMs, writeId, encoding, stamps } = header
  const [form = '', keyId] = encoding.split('.')
  return {
    createdAt,
    freshUntil,
    staleUntil,
    loadMs,
    writeId,
    format: form.startsWith('j') ? 'json' : 'rich',
    isCompressed: form.endsWith('z'),
    keyId,
    sizeBytes,
    tags: [...stamps].map(([segment, stamp]) => ({
      ...tagOf(segment),
      state: stateOf(stamp, seen.get(segment)),
    })),
  }
}

function stateOf(stamp: string, current: string | null | undefined): TagState {
  if (current === stamp) return 'unchanged'
  return isMarker(current) && sameHard(current, stamp) ? 'soft' : 'hard'
}

/** What a tag of a header stands for. Segments of users' tags never begin with a star. */
export function tagOf(segment: string): Pick<InspectedTag, 'tag' | 'kind'> {
  if (segment.startsWith('*/')) return { tag: plain(segment.slice(2)), kind: 'prefix' }
  if (segment.startsWith('*')) return { tag: segment, kind: 'implicit' }
  return { tag: plain(segment), kind: 'tag' }
}

function plain(segment: string): string {
  return segment.startsWith('#') ? segment : decodeURIComponent(segment)
}
