/**
 * What turns prompts into vectors.
 *
 * @module
 */

/** Direction stands for meaning: the smaller the angle of two, the more alike the texts. */
export type Vector = Float32Array | readonly number[]

/** Turns texts into vectors of one length. */
export interface Embedder {
  /**
   * Names the model, its version included: vectors of two models are never compared. Part of names in
   * Redis; 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
   */
  readonly model: string
  /** How many numbers a vector has, from 8 to 4,096. */
  readonly dimensions: number
  /**
   * Whether nearness is of meaning or of wording. Of wording, only prompts without any difference in
   * what they say are matched. @default 'meaning'
   */
  readonly sees?: 'meaning' | 'wording'
  /** Whether a vector costs so little that it is not worth keeping in Redis. @default false */
  readonly isLocal?: boolean
  /** One vector a text, in order. Rejects as a whole. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Vector[]>
}
