/**
 * The near tier: decoded values in this isolate, bounded by number and by bytes.
 *
 * @module
 */

import { Fence } from './fence.ts'
import { LabelSets, type Labels } from './labels.ts'
import { type Node, Sieve, type SieveBounds } from './sieve.ts'

/** A value, and what was known about it when Redis last confirmed it. */
export interface NearCopy {
  readonly value: unknown
  readonly labels: Labels
  /** Epoch milliseconds just before the request that confirmed it: the read, or the request for the lease. */
  readonly provedAt: number
  /**
   * For how many milliseconds after `provedAt` it is fresh. A duration, not an instant, because engines store
   * small whole numbers without an object on the heap.
   */
  readonly freshMs: number
  /** {@link Fence.now} at `provedAt`. */
  readonly instant: number
  /** Its share of `maxBytes`. */
  readonly sizeBytes: number
}

/** Bounds of the near tier, for all its namespaces together. */
export interface NearBounds extends SieveBounds {
  /** Called for each evicted copy. */
  readonly onEvict?: () => void
}

/** How many namespaces are remembered before those without copies are forgotten. */
const MAX_SPACES = 1_000

/** A copy in the near tier. */
export interface KeptCopy extends NearCopy {
  /** The resolved promise that all reads sharing the value return; created by the first of them. */
  answer: Promise<unknown> | undefined
}

/** A copy with its place in the queue. One object for both, because there are many copies. */
interface Kept extends Node, KeptCopy {
  readonly key: string
  instant: number
  readonly space: Map<string, Kept>
  sizeBytes: number
}

/** The copies of all namespaces of a cache, which share the bounds and the fence. */
export class NearTier {
  declare readonly fence: Fence
  readonly labels: LabelSets = new LabelSets()
  readonly #queue: Sieve<Kept>
  #spaces = new Map<string, Map<string, Kept>>()
  readonly #hits = new Map<string, { count: number }>()
  #version = 0

  constructor(bounds: NearBounds, fence: Fence = new Fence()) {
    this.fence = fence
    this.#queue = new Sieve(bounds, ({ space, key }) => {
      space.delete(key)
      bounds.onEvict?.()
    })
  }

  /** Grows when results of {@link copiesOf} are no longer valid. */
  get version(): number {
    return this.#version
  }

  /** The copies of one namespace. */
  space(path: string): NearSpace {
    return new NearSpace(this, this.#queue, path)
  }

  /** The copies of a namespace by key. The map is valid until {@link version} changes. */
  copiesOf(path: string): Map<string, Kept> {
    const known = this.#spaces.get(path)
    if (known) return known
    if (this.#spaces.size >= MAX_SPACES) this.#forgetEmpty()
    const copies = new Map<string, Kept>()
    this.#spaces.set(path, copies)
    return copies
  }

  /** The hit counter of a path. Beyond `MAX_SPACES` paths, all others share the counter of the empty path. */
  hitsOf(path: string): { count: number } {
    const name = this.#hits.has(path) || this.#hits.size < MAX_SPACES ? path : ''
    const known = this.#hits.get(name) ?? { count: 0 }
    this.#hits.set(name, known)
    return known
  }

  /** Reads answered by a copy, by path of the namespace. */
  hits(): ReadonlyMap<string, number> {
    return new Map([...this.#hits].map(([path, { count }]) => [path, count]))
  }

  clear(): void {
    this.#queue.clear()
    // Each map is emptied too: a namespace that is never used again would keep its map, and so the copies.
    for (const copies of this.#spaces.values()) copies.clear()
    this.#spaces = new Map()
    this.#version++
  }

  /** Number of copies, and the sum of their `sizeBytes`. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return this.#queue.size
  }

  #forgetEmpty(): void {
    for (const [path, copies] of this.#spaces) if (copies.size === 0) this.#spaces.delete(path)
    this.#version++
  }
}

/**
 * The copies of one namespace. Never returns a copy that a local write or invalidation has covered. The caller
 * must check `freshMs`.
 */
export class NearSpace {
  declare readonly tier: NearTier
  /** Incremented by the code that serves a copy. */
  declare readonly hits: { count: number }
  readonly #queue: Sieve<Kept>
  readonly #path: string
  #known: Map<string, Kept>
  #version: number

  constructor(tier: NearTier, queue: Sieve<Kept>, path: string) {
    this.tier = tier
    this.#queue = queue
    this.#path = path
    this.#known = tier.copiesOf(path)
    this.#version = tier.version
    this.hits = tier.hitsOf(path)
  }

  /** The fence's label for a key. A path is escaped and has no newline, so labels are unambiguous. */
  label(key: string): string {
    return `${this.#path}\n${key}`
  }

  /** The copy of a key, if it is alive. */
  get(key: string): KeptCopy | undefined {
    const kept = this.#copies.get(key)
    if (kept === undefined) return undefined
    if (!this.#isAlive(key, kept)) {
      this.drop(key)
      return undefined
    }
    kept.isUsed = true
    // No call up to now covers the copy, so the next read has to check only later calls.
    kept.instant = this.tier.fence.now
    return kept
  }

  /** Keeps a copy, unless a local call that covers it has returned since it was dated. */
  put(key: string, copy: NearCopy): void {
    const sizeBytes = Math.max(1, copy.sizeBytes)
    if (!this.#isAlive(key, copy)) return
    const kept = this.#copies.get(key)
    if (!this.#queue.fits(sizeBytes)) {
      this.drop(key)
      return
    }
    const added = this.#place(key, copy, sizeBytes)
    this.#copies.set(key, added)
    if (kept) this.#queue.replace(kept, added)
    else this.#queue.add(added)
  }

  drop(key: string): void {
    const kept = this.#copies.get(key)
    if (kept === undefined) return
    this.#copies.delete(key)
    this.#queue.remove(kept)
  }

  /** This namespace's copies; looked up again if the tier's version has changed. */
  get #copies(): Map<string, Kept> {
    if (this.#version !== this.tier.version) {
      this.#known = this.tier.copiesOf(this.#path)
      this.#version = this.tier.version
    }
    return this.#known
  }

  #place(key: string, copy: NearCopy, sizeBytes: number): Kept {
    return {
      value: copy.value,
      answer: undefined,
      labels: copy.labels.evidence ? copy.labels : this.tier.labels.same(copy.labels),
      provedAt: copy.provedAt,
      freshMs: copy.freshMs,
      instant: copy.instant,
      sizeBytes,
      key,
      space: this.#copies,
      isUsed: false,
      older: undefined,
      newer: undefined,
    }
  }

  #isAlive(key: string, { instant, labels }: NearCopy): boolean {
    const { fence } = this.tier
    return instant === fence.now || fence.isAlive(instant, this.label(key), labels.markerKeys)
  }
}
