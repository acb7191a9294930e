/**
 * Remembers which local calls have returned, so that no near copy outlives one (T6).
 *
 * @module
 */

/** How many labels are remembered one by one before the oldest are forgotten together. */
const MAX_LABELS = 10_000

/**
 * A clock of the local deletes, sets and invalidations.
 *
 * Each call that returns marks the labels it covers: the names of entries, or of markers. A copy
 * that was dated at an instant of this clock is alive while none of its own labels was marked
 * later. That one comparison is both the fence (a reply under way during the call stores nothing
 * that is served) and the drop (what was there before the call is not served after it), and it
 * costs nothing a copy: no index of copies by tag is kept.
 *
 * Forgetting a label raises a floor below which every copy counts as dead: a miss, never a stale hit.
 */
export class Fence {
  #now = 0
  #floor = 0
  /** Label to the instant of its last call, oldest first. */
  readonly #marked = new Map<string, number>()

  /** The present instant: what to date a copy by, taken before the request that proves it. */
  get now(): number {
    return this.#now
  }

  /** A call that covers these labels has returned. */
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

  /** A call that covers who knows what has returned: a pattern. */
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
