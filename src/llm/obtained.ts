/**
 * Turns an answer that was found, or is being generated, into what callers get.
 *
 * @module
 */

import { NotCachedError } from '../errors.ts'
import { unlessAborted } from '../flight/deadline.ts'
import type { Tier } from './accounting.ts'
import type { Obtained } from './answers.ts'
import type { Reader } from './reader.ts'
import type { CachedLLMResponse, GeneratedResponse } from './responses.ts'

/** An answer in parts, and how it was obtained. */
export interface StreamedAnswer<Part> {
  readonly via: Tier | 'miss' | 'joined' | 'bypass'
  readonly parts: AsyncIterableIterator<Part, void>
}

/** The stored answer; `undefined` if there is none. */
export function cachedOf<T>(
  obtained: Obtained<T>,
  prompt: string,
  model: string,
): CachedLLMResponse<T> | undefined {
  if (obtained.kind !== 'stored') return undefined
  const { answer, tier, similarity } = obtained
  const { at: timestamp, tookMs: processingTime, usage } = answer
  const response = answer.parts[0] as T
  return { prompt, response, model, timestamp, processingTime, usage, tier, similarity }
}

/**
 * The answer as one value.
 *
 * @throws Whatever the model failed with, unchanged.
 * @throws {NotCachedError} When no answer is stored, and none may be generated.
 * @throws The signal's reason; other callers go on waiting.
 */
export async function wholeOf<T>(
  obtained: Obtained<T>,
  signal: AbortSignal | undefined,
): Promise<GeneratedResponse<T>> {
  if (obtained.kind === 'absent') throw new NotCachedError()
  if (obtained.kind === 'stored') {
    const { answer, tier } = obtained
    return { response: answer.parts[0] as T, via: tier, usage: answer.usage }
  }
  const { reader, via } = obtained
  return { response: await onlyPartOf(reader, signal), via, usage: undefined }
}

/** The only part of an answer that is generated as one value. @throws As {@link wholeOf}. */
export async function onlyPartOf<T>(
  reader: Reader<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    const { value } = await unlessAborted(reader.next(), signal)
    // Also reads the end: if the last reader left before it, the answer would not be stored.
    await unlessAborted(reader.next(), signal)
    return value as T
  } finally {
    await reader.return()
  }
}

/** The answer part by part. @throws {NotCachedError} As {@link wholeOf}. */
export function partsOf<Part>(obtained: Obtained<Part>): StreamedAnswer<Part> {
  switch (obtained.kind) {
    case 'absent':
      throw new NotCachedError()
    case 'stored':
      return { via: obtained.tier, parts: replay(obtained.answer.parts) }
    case 'live':
      return { via: obtained.via, parts: obtained.reader }
  }
}

async function* replay<Part>(parts: readonly Part[]): AsyncGenerator<Part, void> {
  yield* parts
}
