/**
 * Vectors in Upstash Vector over its REST API, for scopes that are too large for an isolate.
 *
 * @module
 */

import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkFields, nonEmptyText } from '../../entry/option-checks.ts'
import { InvalidOptionError, RemoteError } from '../../errors.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import { postJson } from './post-json.ts'
import type { Neighbour, VectorStore } from './vector-store.ts'

/** Options for {@link upstashVectorStore}. */
export interface UpstashVectorStoreOptions {
  /** The URL of an index with the similarity function `COSINE` and as many dimensions as the embedder. */
  readonly url: string
  /** Sent as `Authorization: Bearer`; must allow writes. */
  readonly token: string
  /** For each request. @default '2s' */
  readonly deadline?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
  /** @default globalThis.fetch, as it is at each request */
  readonly fetch?: typeof fetch
}

const DELETED_AT_ONCE = 1_000

/**
 * Each scope is a namespace, and the prompt is stored as metadata. An operation takes one request, a removal
 * one per 1,000 entries. Upstash's scores are `(1 + cosine) / 2`; they are turned back into cosines.
 *
 * @throws {InvalidOptionError} When an option is missing, unknown or out of its range.
 */
export function upstashVectorStore(options: UpstashVectorStoreOptions): VectorStore {
  checkFields(options, 'options', ['url', 'token', 'deadline', 'platform', 'fetch'])
  const { url, token, platform = webPlatform(), fetch } = options
  if (!URL.canParse(url)) throw new InvalidOptionError('url', 'an address')
  nonEmptyText(token, 'token')
  const deadlineMs = toMilliseconds(options.deadline ?? '2s', 'deadline', { min: 1 })
  const base = url.replace(/\/+$/, '')
  const headers = { authorization: `Bearer ${token}` }

  async function ask(
    operation: 'query' | 'upsert' | 'delete' | 'reset',
    scope: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const answer = await postJson({
      platform,
      fetch,
      url: `${base}/${operation}/${encodeURIComponent(scope)}`,
      method: operation === 'delete' || operation === 'reset' ? 'DELETE' : 'POST',
      headers,
      body,
      deadlineMs,
      signal,
      fail: ({ reason, retryable }) => failure(operation, reason, retryable),
    })
    const result = (answer as { result?: unknown } | null)?.result
    if (result === undefined) throw failure(operation, 'not an answer of this service', false)
    return result
  }

  return {
    async search(scope, code, limit, signal) {
      const asked = { vector: [...code], topK: limit, includeMetadata: true }
      return readMatches(await ask('query', scope, asked, signal))
    },
    async add(scope, { entryId, code, note }) {
      await ask('upsert', scope, { id: entryId, vector: [...code], metadata: { note } })
    },
    async remove(scope, entryIds) {
      for (let at = 0; at < entryIds.length; at += DELETED_AT_ONCE) {
        await ask('delete', scope, { ids: entryIds.slice(at, at + DELETED_AT_ONCE) })
      }
    },
    async clear(scope) {
      await ask('reset', scope, {})
    },
  }
}

function failure(operation: string, reason: string, retryable: boolean): RemoteError {
  const applied = reason.startsWith('HTTP 4') ? 'no' : 'unknown'
  return new RemoteError({ operation: `vector ${operation}`, reason, applied, retryable })
}

function readMatches(result: unknown): readonly Neighbour[] {
  if (!Array.isArray(result)) throw failure('query', 'not a list of matches', false)
  return result.flatMap((match: unknown): Neighbour[] => {
    const { id, score, metadata } = (match ?? {}) as {
      readonly id?: unknown
      readonly score?: unknown
      readonly metadata?: { readonly note?: unknown } | null
    }
    const note = metadata?.note
    if (typeof id !== 'string' || typeof score !== 'number' || typeof note !== 'string') return []
    return [{ entryId: id, similarity: 2 * score - 1, note }]
  })
}
