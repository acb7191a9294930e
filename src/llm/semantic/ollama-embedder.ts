/**
 * Embeddings from an Ollama server.
 *
 * @module
 */

import { checkFields } from '../../entry/option-checks.ts'
import type { Embedder } from './embedder.ts'
import { httpEmbedder } from './http-embedder.ts'
import { REMOTE_EMBEDDER_OPTIONS, type RemoteEmbedderOptions } from './remote-embedder.ts'

/** Options for {@link ollamaEmbedder}. */
export interface OllamaEmbedderOptions extends RemoteEmbedderOptions {
  /** @default 'http://127.0.0.1:11434' */
  readonly baseUrl?: string
  /** Sent with each request, such as `authorization`. @default {} */
  readonly headers?: Readonly<Record<string, string>>
}

/** Small: a model that is not loaded is slow to answer its first request, and a large one needs much memory. */
const BATCH = 32

/**
 * `POST /api/embed`, 32 texts a request. Texts that are longer than the model's context are refused
 * (`truncate: false`): cut off, two long texts with the same beginning would have the same vector.
 *
 * Rejects with `EmbeddingError`.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function ollamaEmbedder(options: OllamaEmbedderOptions): Embedder {
  checkFields(options, 'options', [...REMOTE_EMBEDDER_OPTIONS, 'baseUrl', 'headers'])
  const { model, dimensions, headers = {}, baseUrl = 'http://127.0.0.1:11434' } = options
  return httpEmbedder(options, {
    name: 'ollama',
    baseUrl,
    path: '/api/embed',
    headers,
    batch: BATCH,
    bodyOf: (input) => ({ model, input, truncate: false, dimensions }),
    vectorsIn: ({ embeddings }) => embeddings,
  })
}
