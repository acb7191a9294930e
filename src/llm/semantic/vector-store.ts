/**
 * Where the vectors of prompts are kept and searched.
 *
 * @module
 */

/** A stored prompt that is near. */
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
  /** A text to be had back with the vector, of at most some kilobytes: the prompt, or sealed. */
  readonly note: string
}

/** What a store is made for. */
export interface VectorSpace {
  readonly model: string
  readonly dimensions: number
}

/**
 * Vectors of many scopes. A vector that is lost, or not there yet, is a miss; one that should be gone
 * leads to an entry that is, hence to a miss as well. Vectors of another scope are never found.
 */
export interface VectorStore {
  /**
   * The nearest in a scope, best first.
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
