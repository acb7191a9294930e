/**
 * Remembers which local writes and invalidations have returned, so that no older near copy is served (T6).
 *
 * @module
 */

/** How many labels are remembered one by one. Beyond that the oldest are replaced by one common floor. */
const MAX_LABELS = 10_000

/**
 * A logical clock that counts local deletes, sets and invalidations.
 *
 * Each call that returns marks the labels it covers: names of entries, or of markers. A copy that is dated by an
 * instant of this clock is alive if none of its labels was marked later. This one comparison covers two cases:
 * a copy made before the call, and a copy made of a reply that was under way during the call. Neither is served
 * after the call, and no index of copies by tag is needed.
 *
 * When a label is forgotten, a floor is raised, below which every copy counts as dead: a miss, never a stale hit.
 */
export class Fence {
  #now = 0
  #floor = 0
  /** Label to the instant of its last call, oldest first. */
  readonly #marked = new Map<string, number>()

  /** The present instant. Take it before the request that proves a copy, and date the copy by it. */
  get now(): number {
    return this.#now
  }

  /** Records that a call that covers these labels has returned. */
  mark(labels: Iterable<string>): void {
    this.#now++
    for (const label of labels) {
      this.#marked.delete(label)
      this.#marked.set(label, this.#now)
    }
    for (const [label, at] of this.#marked) {
      if (this.#marked.size <= MAX_LABELS) break
      this.#floor = Math.max(this.#floor, at)
      this.#marked.delete(label)
    }
  }

  /** Records that a call that may cover any label, such as a pattern, has returned. */
  markAll(): void {
    this.#floor = ++this.#now
    this.#marked.clear()
  }

  /** Whether none of the labels was covered by a call that returned after `instant`. */
  isAlive(instant: number, name: string, labels: readonly string[]): boolean {
    if (instant < this.#floor || this.#isMarkedAfter(instant, name)) return false
    for (const label of labels) if (this.#isMarkedAfter(instant, label)) return false
    return true
  }

  #isMarkedAfter(instant: number, label: string): boolean {
    const at = this.#marked.get(label)
    return at !== undefined && at > instant
  }
}
