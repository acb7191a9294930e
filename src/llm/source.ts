/**
 * A model as the cache sees it: something that answers one question, part by part.
 *
 * @module
 */

import type { Verdict } from './answer.ts'
import type { Opened } from './recording.ts'

/** A model, asked one question. */
export interface Source<Part = unknown> {
  /** Names the layout of the parts; settled when the model has begun to answer. */
  readonly shape: string
  /** Asks the model. The signal tells that nobody waits for the answer any more. */
  open(signal: AbortSignal): Promise<Opened<Part>>
  /** Decides about a whole answer. */
  judge(parts: readonly Part[]): Verdict
  /** The parts without what is not worth storing. @default all as they are */
  strip?(parts: readonly Part[]): readonly Part[]
  /** How much a part counts of what may be kept, in UTF-16 units. */
  sizeOf(part: Part): number
  /** The text of a whole answer, for judging whether two are the same. */
  textOf(parts: readonly Part[]): string
}
