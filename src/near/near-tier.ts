/**
 * The tier inside this isolate: decoded values, bounded by entries and bytes.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { EntryHeader } from '../entry/header.ts'
import { Fence } from './fence.ts'

/** A value and what was known about it when the remote tier last vouched for it. */
export interface NearCopy {
  readonly value: unknown
  readonly header: EntryHeader
  /** The tags that the call declared, as the caller wrote them. */
  readonly tags: readonly string[]
  /** Names of the markers of all tags the entry carries. */
  readonly markerKeys: readonly string[]
  /** Epoch milliseconds just before the request that proved it: its look, or its lease. */
  readonly provedAt: number
  /** {@link Fence.now} at that moment. */
  readonly instant: number
  /** Bytes it counts for: the length of the stored text. */
  readonly sizeBytes: number
}

/** Bounds of the near tier. */
export interface NearBounds {
  /** @default 10_000 */
  readonly maxEntries: number
  /** @default 64 MiB */
  readonly maxBytes: number
  /** Called for each copy dropped for room. */
  readonly onEvict?: (name: string) => void
}

/**
 * Copies by the name of their entry. A copy that a local call has covered is never returned; time is
 * the caller's to judge.
 */
export class NearTier {
  readonly fence: Fence
  readonly #bounds: NearBounds
  /** Made by the first copy: its room is reserved at once. */
  #copies: LRUCache<string, NearCopy> | undefined

  constructor(bounds: NearBounds, fence: Fence = new Fence()) {
    this.fence = fence
    this.#bounds = bounds
  }

  /** The living copy of an entry. */
  get(name: string): NearCopy | undefined {
    const copy = this.#copies?.get(name)
    if (copy === undefined) return undefined
    if (this.fence.isAlive(copy.instant, name, copy.markerKeys)) return copy
    this.#copies?.delete(name)
    return undefined
  }

  /** Keeps a copy, unless a local call that covers it has returned since it was dated. */
  put(name: string, copy: NearCopy): void {
    if (!this.fence.isAlive(copy.instant, name, copy.markerKeys)) return
    this.#copies ??= reserve(this.#bounds)
    this.#copies.set(name, copy)
  }

  drop(name: string): void {
    this.#copies?.delete(name)
  }

  clear(): void {
    this.#copies?.clear()
  }

  /** How many copies are held, and what they count for in bytes. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#copies?.size ?? 0, bytes: this.#copies?.calculatedSize ?? 0 }
  }
}

function reserve({ maxEntries, maxBytes, onEvict }: NearBounds): LRUCache<string, NearCopy> {
  return new LRUCache({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ sizeBytes }) => Math.max(1, sizeBytes),
    ...(onEvict && {
      dispose: (_copy: NearCopy, name: string, reason: string) => {
        if (reason === 'evict') onEvict(name)
      },
    }),
  })
}
