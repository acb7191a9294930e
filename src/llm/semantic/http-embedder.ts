/**
 * The common part of all embedders that call a service over HTTP.
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

/** What differs between services over HTTP. */
export interface HttpEmbeddingService extends Pick<EmbeddingService, 'name' | 'batch'> {
  /** Trailing slashes are ignored. */
  readonly baseUrl: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The request body for these texts. */
  bodyOf(texts: readonly string[]): object
  /** Finds the list of vectors in an unchecked response; the result is not checked either. */
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
