/**
 * Chooses which copy to evict: SIEVE (Zhang, Yang, Yue, Vigfusson and Rashmi, NSDI 2024).
 *
 * A queue in order of arrival, and a hand that moves from the oldest node to newer ones. The hand skips nodes that
 * were used since it last passed them, and evicts the first node that was not. A hit only sets a flag, so it is
 * cheap. Copies that are read once do not displace copies that are read often.
 *
 * @module
 */

/** A place in the queue. */
export interface Node {
  /** Its share of `maxBytes`; at least 1. */
  sizeBytes: number
  /** Whether it was used since the hand last passed it. */
  isUsed: boolean
  older: Node | undefined
  newer: Node | undefined
}

/** The most that may be held. */
export interface SieveBounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

/**
 * The queue. It keeps the order, but no keys: the owner of a node removes it, or learns from `evicted` that it
 * is gone.
 */
export class Sieve<N extends Node> {
  readonly #bounds: SieveBounds
  readonly #evicted: (node: N) => void
  #oldest: Node | undefined
  #newest: Node | undefined
  /** The node to check first at the next eviction; `undefined` for the oldest. */
  #hand: Node | undefined
  #entries = 0
  #bytes = 0

  /** @param evicted Called with each evicted node, after its removal. */
  constructor(bounds: SieveBounds, evicted: (node: N) => void) {
    this.#bounds = bounds
    this.#evicted = evicted
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries, bytes: this.#bytes }
  }

  /** Whether a node of this size can be kept at all. */
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

  /** Replaces a node by another that fits, in the same place; this counts as a use. */
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

  /** Removes a node. If the hand points at it, the hand moves to the next newer node. */
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
