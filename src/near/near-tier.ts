/**
 * The tier inside this isolate: decoded values, bounded by entries and bytes.
 *
 * @module
 */

import { Fence } from './fence.ts'
import { LabelSets, type Labels } from './labels.ts'
import { type Node, Sieve, type SieveBounds } from './sieve.ts'

/** A value and what was known about it when the remote tier last vouched for it. */
export interface NearCopy {
  readonly value: unknown
  readonly labels: Labels
  /** Epoch milliseconds just before the request that proved it: its look, or its lease. */
  readonly provedAt: number
  /**
   * For how many milliseconds from then on it is fresh. A length, as small whole numbers take no room of
   * their own in the heap.
   */
  readonly freshMs: number
  /** {@link Fence.now} at that moment. */
  readonly instant: number
  /** Bytes it counts for. */
  readonly sizeBytes: number
}

/** Bounds of the near tier, for all its namespaces together. */
export interface NearBounds extends SieveBounds {
  /** Called for each copy dropped for room. */
  readonly onEvict?: () => void
}

/** So many namespaces can have copies before those that hold none are forgotten. */
const MAX_SPACES = 1_000

/** A copy that is kept. */
export interface KeptCopy extends NearCopy {
  /** What every read resolves to that shares the value: made by the first of them, once. */
  answer: Promise<unknown> | undefined
}

/** A copy in its place: one object, as there are many. */
interface Kept extends Node, KeptCopy {
  readonly key: string
  instant: number
  readonly space: Map<string, Kept>
  sizeBytes: number
}

/** What the namespaces of a cache share: the bounds, and the fence. */
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

  /** Grows when copies have to be found anew: see {@link copiesOf}. */
  get version(): number {
    return this.#version
  }

  /** The copies of one namespace. */
  space(path: string): NearSpace {
    return new NearSpace(this, this.#queue, path)
  }

  /** The copies of a namespace by key, as long as the version is the same. */
  copiesOf(path: string): Map<string, Kept> {
    const known = this.#spaces.get(path)
    if (known) return known
    if (this.#spaces.size >= MAX_SPACES) this.#forgetEmpty()
    const copies = new Map<string, Kept>()
    this.#spaces.set(path, copies)
    return copies
  }

  /** The one count of a path. Beyond so many paths the rest are counted together, under no path. */
  hitsOf(path: string): { count: number } {
    const name = this.#hits.has(path) || this.#hits.size < MAX_SPACES ? path : ''
    const known = this.#hits.get(name) ?? { count: 0 }
    this.#hits.set(name, known)
    return known
  }

  /** Reads that a copy has answered, by the path of the namespace. */
  hits(): ReadonlyMap<string, number> {
    return new Map([...this.#hits].map(([path, { count }]) => [path, count]))
  }

  clear(): void {
    this.#queue.clear()
    // Emptied as well as let go: who is never used again still holds its own.
    for (const copies of this.#spaces.values()) copies.clear()
    this.#spaces = new Map()
    this.#version++
  }

  /** How many copies are held, and what they count for in bytes. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return this.#queue.size
  }

  #forgetEmpty(): void {
    for (const [path, copies] of this.#spaces) if (copies.size === 0) this.#spaces.delete(path)
    this.#version++
  }
}

/**
 * Copies by key. A copy that a local call has covered is never returned; time is the caller's to
 * judge.
 */
export class NearSpace {
  declare readonly tier: NearTier
  /** Counted by whoever serves a copy. */
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

  /** What the fence knows a key by. A path is escaped, so that its first newline ends it. */
  label(key: string): string {
    return `${this.#path}\n${key}`
  }

  /** The living copy of a key. */
  get(key: string): KeptCopy | undefined {
    const kept = this.#copies.get(key)
    if (kept === undefined) return undefined
    if (!this.#isAlive(key, kept)) {
      this.drop(key)
      return undefined
    }
    kept.isUsed = true
    // No call up to now covers it: the next read has only later ones to look for.
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

  /** This namespace's own, found anew where the tier was cleared. */
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
