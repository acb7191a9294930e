/**
 * The interface of stores that keep and search the vectors of prompts.
 *
 * @module
 */

/** A stored prompt that a search found. */
export interface Neighbour {
  readonly entryId: string
  /** Cosine of the two vectors, from [-1, 1]. */
  readonly similarity: number
  /** What was stored with the vector. */
  readonly note: string
}

/** A vector to keep. */
export interface StoredVector {
  readonly entryId: string
  readonly code: Int8Array
  /** A text of at most some kilobytes that a search returns with the vector: the prompt, plain or sealed. */
  readonly note: string
}

/** The model whose vectors a store keeps. */
export interface VectorSpace {
  readonly model: string
  readonly dimensions: number
}

/**
 * Vectors of many scopes. A vector that is lost, or not visible yet, causes a miss. So does one that should
 * have been removed, because its entry is gone. Vectors of another scope are never found.
 */
export interface VectorStore {
  /**
   * The nearest vectors of a scope, best first.
   *
   * @param scope A name of at most 64 characters of `A-Z a-z 0-9 _ -`.
   * @param limit From 1 to 20.
   */
  search(
    scope: string,
    code: Int8Array,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Neighbour[]>
  /** Adds a vector, or replaces the one of this entry. */
  add(scope: string, vector: StoredVector): Promise<void>
  remove(scope: string, entryIds: readonly string[]): Promise<void>
  clear(scope: string): Promise<void>
}
