/**
 * What the embedders have in common that ask a service over HTTP.
 *
 * @module
 */

import { webPlatform } from '../../platform/web.ts'
import type { Embedder } from './embedder.ts'
import { postJson } from './post-json.ts'
import {
  deadlineOf,
  type EmbeddingService,
  failing,
  type RemoteEmbedderOptions,
  remoteEmbedder,
} from './remote-embedder.ts'

/** What is particular to a service over HTTP. */
export interface HttpEmbeddingService extends Pick<EmbeddingService, 'name' | 'batch'> {
  /** A slash at its end counts for nothing. */
  readonly baseUrl: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** What is sent for texts. */
  bodyOf(texts: readonly string[]): object
  /** What should be a list of vectors, in an answer of which nothing is known. */
  vectorsIn(answer: Readonly<Record<string, unknown>>): unknown
}

/** An embedder that sends a `POST` for each batch. @throws {InvalidOptionError} When an option is out of its range. */
export function httpEmbedder(
  options: RemoteEmbedderOptions,
  { name, batch, baseUrl, path, headers, bodyOf, vectorsIn }: HttpEmbeddingService,
): Embedder {
  const { platform = webPlatform(), fetch } = options
  const url = `${baseUrl.replace(/\/+$/, '')}${path}`
  const request = { platform, fetch, url, headers, fail: failing(name) }
  const deadlineMs = deadlineOf(options.deadline)
  return remoteEmbedder(options, {
    name,
    batch,
    async ask(texts, signal) {
      const body = bodyOf(texts)
      return vectorsIn(Object(await postJson({ ...request, body, deadlineMs, signal })))
    },
  })
}
