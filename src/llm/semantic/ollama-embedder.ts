/**
 * Embeddings by an Ollama server.
 *
 * @module
 */

import { webPlatform } from '../../platform/web.ts'
import type { Embedder } from './embedder.ts'
import { postJson } from './post-json.ts'
import {
  deadlineOf,
  failing,
  type RemoteEmbedderOptions,
  remoteEmbedder,
} from './remote-embedder.ts'

/** Options for {@link ollamaEmbedder}. */
export interface OllamaEmbedderOptions extends RemoteEmbedderOptions {
  /** @default 'http://127.0.0.1:11434' */
  readonly baseUrl?: string
  /** Sent with each request, such as `authorization`. @default {} */
  readonly headers?: Readonly<Record<string, string>>
}

/** A model that is not loaded takes long for its first request, and much memory for a large one. */
const BATCH = 32

/**
 * `POST /api/embed`, 32 texts a request. Texts that are longer than the model's context are refused
 * (`truncate: false`): two long texts with the same beginning are not the same.
 *
 * Rejects with `EmbeddingError`.
 *
 * @throws {InvalidOptionError} When an option is out of its range.
 */
export function ollamaEmbedder(options: OllamaEmbedderOptions): Embedder {
  const { model, dimensions, platform = webPlatform(), headers = {}, fetch } = options
  const { baseUrl = 'http://127.0.0.1:11434' } = options
  const deadlineMs = deadlineOf(options.deadline)
  const fail = failing('ollama')
  return remoteEmbedder(options, {
    name: 'ollama',
    batch: BATCH,
    async ask(input, signal) {
      const body = { model, input, truncate: false, dimensions }
      const url = `${baseUrl.replace(/\/+$/, '')}/api/embed`
      const answer = await postJson({
        platform,
        fetch,
        url,
        headers,
        body,
        deadlineMs,
        signal,
        fail,
      })
      return (answer as { embeddings?: unknown } | null)?.embeddings
    },
  })
}
