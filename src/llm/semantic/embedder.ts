/**
 * The interface of embedders, which turn prompts into vectors.
 *
 * @module
 */

/** Its direction stands for the meaning: the smaller the angle between two, the more similar the texts. */
export type Vector = Float32Array | readonly number[]

/** Turns texts into vectors of one length. */
export interface Embedder {
  /**
   * The model's name and version: vectors of different models are never compared. Part of Redis keys;
   * 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
   */
  readonly model: string
  /** How many numbers a vector has, from 8 to 4,096. */
  readonly dimensions: number
  /**
   * What close vectors have in common. With `wording`, only prompts that differ in no word that carries
   * meaning are matched. @default 'meaning'
   */
  readonly sees?: 'meaning' | 'wording'
  /** Whether vectors cost so little that they are not kept in Redis. @default false */
  readonly isLocal?: boolean
  /** One vector per text, in order. If any text fails, the whole call rejects. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Vector[]>
}
