/**
 * The common part of all embedders that call a service.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { nonEmptyText, wholeNumber } from '../../entry/option-checks.ts'
import { EmbeddingError, InvalidOptionError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { Embedder, Vector } from './embedder.ts'
import type { ServiceFailure } from './post-json.ts'

/** Options of every embedder that calls a service. */
export interface RemoteEmbedderOptions {
  /** The service's name for the model. */
  readonly model: string
  /** How many numbers a vector has, from 8 to 4,096; an answer with vectors of another length is refused. */
  readonly dimensions: number
  /**
   * Identifies the model's weights if the service may replace them under the same name: an Ollama digest,
   * a date. Vectors of another revision are not found. @default none
   */
  readonly revision?: string
  /** For each request; a long list of texts takes several. @default '10s' */
  readonly deadline?: Duration
  /** Gives the time for the deadline. @default webPlatform() */
  readonly platform?: Platform
  /** @default globalThis.fetch, as it is at each request */
  readonly fetch?: typeof fetch
}

/** The names of the options of every embedder that calls a service. */
export const REMOTE_EMBEDDER_OPTIONS: readonly string[] =
  'model dimensions revision deadline platform fetch'.split(' ')

/** What differs between services. */
export interface EmbeddingService {
  readonly name: string
  /** How many texts a request may have. */
  readonly batch: number
  /** Sends one request. @returns The list of vectors, not checked yet. */
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

/** @throws {InvalidOptionError} When `deadline` is not a duration of at least 1 ms. */
export function deadlineOf(deadline: Duration = '10s'): number {
  return toMilliseconds(deadline, 'deadline', { min: 1 })
}

/** Returns a function that turns a failure of this service into an error. */
export function failing(service: string): (failure: ServiceFailure) => EmbeddingError {
  return ({ reason, retryable }) => new EmbeddingError(service, reason, retryable)
}

/** Model names of services may contain slashes and colons, which names in Redis must not. */
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
