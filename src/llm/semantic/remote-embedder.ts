/**
 * What the embedders that ask a service have in common.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { nonEmptyText, wholeNumber } from '../../entry/option-checks.ts'
import { EmbeddingError, InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Embedder, Vector } from './embedder.ts'
import type { ServiceFailure } from './post-json.ts'

/** Options of every embedder that asks a service. */
export interface RemoteEmbedderOptions {
  /** What the service calls the model. */
  readonly model: string
  /** How many numbers its vectors have; what is answered is held against it. From 8 to 4,096. */
  readonly dimensions: number
  /**
   * Names the model's weights, where the service may change them under one name: an Ollama digest, a
   * date. Vectors of another revision are not found. @default none
   */
  readonly revision?: string
  /** For each request of up to `batch` texts. @default '10s' */
  readonly deadline?: Duration
  /** Gives the time for the deadline. @default webPlatform() */
  readonly platform?: Platform
  /** @default globalThis.fetch, as it is at each request */
  readonly fetch?: typeof fetch
}

/** The names of the options of every embedder that asks a service. */
export const REMOTE_EMBEDDER_OPTIONS: readonly string[] =
  'model dimensions revision deadline platform fetch'.split(' ')

/** What is particular to a service. */
export interface EmbeddingService {
  readonly name: string
  /** How many texts a request may have. */
  readonly batch: number
  /** One request. @returns What should be a list of vectors. */
  ask(texts: readonly string[], signal: AbortSignal | undefined): Promise<unknown>
}

/** An embedder that sends `batch` texts at a time, one request after the other. */
export function remoteEmbedder(
  { model, dimensions, revision }: RemoteEmbedderOptions,
  service: EmbeddingService,
): Embedder {
  nonEmptyText(model, 'model')
  wholeNumber(dimensions, 'dimensions', 8, 4_096)
  return {
    model: spaceName(revision === undefined ? model : `${model}-${revision}`),
    dimensions,
    async embed(texts, signal) {
      const vectors: Vector[] = []
      for (let at = 0; at < texts.length; at += service.batch) {
        const part = texts.slice(at, at + service.batch)
        const answer = await service.ask(part, signal)
        vectors.push(...readVectors(service.name, answer, part.length, dimensions))
      }
      return vectors
    },
  }
}

/** @throws {InvalidOptionError} When it is none. */
export function deadlineOf(deadline: Duration = '10s'): number {
  return toMilliseconds(deadline, 'deadline', { min: 1 })
}

/** Makes the error of a service's failure. */
export function failing(service: string): (failure: ServiceFailure) => EmbeddingError {
  return ({ reason, retryable }) => new EmbeddingError(service, reason, retryable)
}

/** A service's name of a model may have slashes and colons, which a name in Redis does not. */
function spaceName(model: string): string {
  const name = model.replace(/[^\w.-]/g, '_')
  if (name.length <= 64) return name
  throw new InvalidOptionError('model', 'of at most 64 characters, with its revision')
}

function readVectors(
  service: string,
  answer: unknown,
  count: number,
  dimensions: number,
): readonly Vector[] {
  if (!Array.isArray(answer) || answer.length !== count) {
    throw new EmbeddingError(service, 'not a vector for each text', false)
  }
  for (const vector of answer) {
    const isList = Array.isArray(vector) || vector instanceof Float32Array
    if (!isList || vector.length !== dimensions) {
      throw new EmbeddingError(service, `a vector that is not of ${dimensions} numbers`, false)
    }
    if (!vector.every((value: unknown) => Number.isFinite(value))) {
      throw new EmbeddingError(service, 'a vector with numbers that are not finite', false)
    }
  }
  return answer
}
