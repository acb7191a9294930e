/**
 * The interface through which the cache asks a model one question and gets the answer part by part.
 *
 * @module
 */

import type { Verdict } from './answer.ts'
import type { Opened } from './recording.ts'

/** A model, asked one question. */
export interface Source<Part = unknown> {
  /** Names the type of the parts; final once the model has begun to answer. */
  readonly shape: string
  /** Asks the model. The signal aborts when no caller waits for the answer any more, or it takes too long. */
  open(signal: AbortSignal): Promise<Opened<Part>>
  /** Decides whether a complete answer may be stored. */
  judge(parts: readonly Part[]): Verdict
  /** Returns the parts without what is not worth storing. @default the parts unchanged */
  strip?(parts: readonly Part[]): readonly Part[]
  /** How much a part counts towards `maxAnswerChars`, in UTF-16 units. */
  sizeOf(part: Part): number
  /** The text of a complete answer, used to judge whether two answers agree. */
  textOf(parts: readonly Part[]): string
}
