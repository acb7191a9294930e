/**
 * Embeddings from the Workers AI binding.
 *
 * @module
 */

import { checkFields } from '../../entry/option-checks.ts'
import { withDeadline } from '../../flight/deadline.ts'
import { webPlatform } from '../../platform/web.ts'
import type { Embedder } from './embedder.ts'
import {
  deadlineOf,
  failing,
  REMOTE_EMBEDDER_OPTIONS,
  type RemoteEmbedderOptions,
  remoteEmbedder,
} from './remote-embedder.ts'

/** The part of the binding `env.AI` that is used. */
export interface WorkersAI {
  run(model: string, inputs: { text: string[] }): Promise<unknown>
}

/** Options for {@link workersAIEmbedder}. */
export interface WorkersAIEmbedderOptions extends Omit<RemoteEmbedderOptions, 'fetch'> {
  /** The binding. */
  readonly ai: WorkersAI
}

/** The most texts that the service accepts in one call. */
const BATCH = 100

/**
 * `env.AI.run(model, { text })`, 100 texts a call. Models such as `@cf/baai/bge-small-en-v1.5` (384
 * dimensions, English) or `@cf/baai/bge-m3` (1,024, many languages).
 *
 * Rejects with `EmbeddingError`. The binding cannot abort a call: it goes on after the caller has given up.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function workersAIEmbedder(options: WorkersAIEmbedderOptions): Embedder {
  checkFields(options, 'options', [...REMOTE_EMBEDDER_OPTIONS, 'ai'])
  const { ai, model, platform = webPlatform() } = options
  const deadlineMs = deadlineOf(options.deadline)
  const fail = failing('workers-ai')
  return remoteEmbedder(options, {
    name: 'workers-ai',
    batch: BATCH,
    async ask(texts, signal) {
      signal?.throwIfAborted()
      const timeout = fail({ reason: 'timeout', retryable: true })
      const answer = await withDeadline(
        platform,
        deadlineMs,
        () => timeout,
        () => ai.run(model, { text: [...texts] }),
      ).catch((error: unknown) => {
        // Errors of the binding may contain the texts.
        throw error === timeout ? timeout : fail({ reason: 'refused', retryable: true })
      })
      signal?.throwIfAborted()
      return (answer as { data?: unknown } | null)?.data
    },
  })
}
