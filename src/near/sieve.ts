/**
 * Decides which copy goes when there is no room: SIEVE (Zhang, Yang, Yue, Vigfusson and Rashmi,
 * NSDI 2024).
 *
 * A queue in order of arrival, and a hand that goes through it from the oldest on: what was used since
 * the hand last passed is spared, the first that was not goes. A use only sets a flag, which is all
 * that a hit costs; what is used once does not displace what is used often.
 *
 * @module
 */

/** A place in the queue. */
export interface Node {
  /** What it counts for; at least 1. */
  sizeBytes: number
  /** Whether it was used since the hand last passed. */
  isUsed: boolean
  older: Node | undefined
  newer: Node | undefined
}

/** The most that may be held. */
export interface SieveBounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

/** The queue. It holds the order, not the names: whoever adds a node removes it, or hears that it went. */
export class Sieve<N extends Node> {
  readonly #bounds: SieveBounds
  readonly #evicted: (node: N) => void
  #oldest: Node | undefined
  #newest: Node | undefined
  /** Where to look first for what goes next; `undefined` for the oldest. */
  #hand: Node | undefined
  #entries = 0
  #bytes = 0

  /** @param evicted Called with each node that goes for room, after it has gone. */
  constructor(bounds: SieveBounds, evicted: (node: N) => void) {
    this.#bounds = bounds
    this.#evicted = evicted
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries, bytes: this.#bytes }
  }

  /** Whether something of this size can be held at all. */
  fits(sizeBytes: number): boolean {
    return sizeBytes <= this.#bounds.maxBytes
  }

  /** Makes room for a node that fits, and adds it as the newest. */
  add(node: N): void {
    this.#makeRoom(1, node.sizeBytes)
    node.older = this.#newest
    node.newer = undefined
    if (this.#newest) this.#newest.newer = node
    else this.#oldest = node
    this.#newest = node
    this.#entries++
    this.#bytes += node.sizeBytes
  }

  /** Puts a node that fits in the place of another: that is a use. */
  replace(node: N, next: N): void {
    next.isUsed = true
    next.older = node.older
    next.newer = node.newer
    if (node.older) node.older.newer = next
    else this.#oldest = next
    if (node.newer) node.newer.older = next
    else this.#newest = next
    if (this.#hand === node) this.#hand = next
    this.#bytes += next.sizeBytes - node.sizeBytes
    this.#makeRoom(0, 0)
  }

  clear(): void {
    this.#oldest = undefined
    this.#newest = undefined
    this.#hand = undefined
    this.#entries = 0
    this.#bytes = 0
  }

  #makeRoom(entries: number, bytes: number): void {
    const { maxEntries, maxBytes } = this.#bounds
    while (this.#entries + entries > maxEntries || this.#bytes + bytes > maxBytes) this.#evict()
  }

  #evict(): void {
    let node = this.#hand ?? this.#oldest
    while (node?.isUsed) {
      node.isUsed = false
      node = node.newer ?? this.#oldest
    }
    if (node === undefined) return
    this.#hand = node
    this.remove(node)
    this.#evicted(node as N)
  }

  /** Takes a node out; the hand goes on to the next newer one. */
  remove(node: Node): void {
    if (this.#hand === node) this.#hand = node.newer
    if (node.older) node.older.newer = node.newer
    else this.#oldest = node.newer
    if (node.newer) node.newer.older = node.older
    else this.#newest = node.older
    this.#entries--
    this.#bytes -= node.sizeBytes
  }
}
