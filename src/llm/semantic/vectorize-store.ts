/**
 * Vectors in Cloudflare Vectorize, for scopes that are too large for an isolate.
 *
 * @module
 */

import { encodeUtf8, toBase64Url } from '../../entry/bytes.ts'
import { type Duration, toMilliseconds } from '../../entry/duration.ts'
import { checkFields } from '../../entry/option-checks.ts'
import { sha256 } from '../../entry/sha256.ts'
import { RemoteError, RemoteTimeoutError } from '../../errors.ts'
import { withDeadline } from '../../flight/deadline.ts'
import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import type { Neighbour, VectorStore } from './vector-store.ts'

/** The methods of a Vectorize binding that are used. The index must have the metric `cosine`. */
export interface VectorizeIndex {
  query(
    vector: number[],
    options: { topK: number; namespace: string; returnMetadata: 'all' },
  ): Promise<{
    matches: readonly { id: string; score: number; metadata?: Readonly<Record<string, unknown>> }[]
  }>
  upsert(
    vectors: {
      id: string
      values: number[]
      namespace: string
      metadata: Record<string, string>
    }[],
  ): Promise<unknown>
  deleteByIds(ids: string[]): Promise<unknown>
}

/** Options for {@link vectorizeStore}. */
export interface VectorizeStoreOptions {
  /** The binding. */
  readonly index: VectorizeIndex
  /** For each call. @default '2s' */
  readonly deadline?: Duration
  /** @default webPlatform() */
  readonly platform?: Platform
}

const DELETED_AT_ONCE = 1_000

/**
 * Each scope is a namespace, and the prompt is stored as metadata. Vectorize makes a write visible after
 * some seconds; until then it is a miss. An operation takes one call, a removal one per 1,000 entries.
 *
 * Ids are unique in the whole index, so each is a hash of scope and entry. Vectorize cannot delete a
 * namespace, so `clear` rejects. Invalidate the answers of the scope in the cache instead: their vectors
 * then cause misses.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function vectorizeStore(options: VectorizeStoreOptions): VectorStore {
  checkFields(options, 'options', ['index', 'deadline', 'platform'])
  const { index, platform = webPlatform() } = options
  const deadlineMs = toMilliseconds(options.deadline ?? '2s', 'deadline', { min: 1 })

  async function call<T>(operation: string, task: () => Promise<T>): Promise<T> {
    const timeout = new RemoteTimeoutError(operation, deadlineMs)
    try {
      return await withDeadline(platform, deadlineMs, () => timeout, task)
    } catch (error) {
      if (error === timeout) throw timeout
      // Errors of the binding may contain ids and metadata.
      throw new RemoteError({ operation, reason: 'refused', applied: 'unknown' })
    }
  }

  return {
    async search(scope, code, limit) {
      const asked = { topK: limit, namespace: scope, returnMetadata: 'all' as const }
      const { matches } = await call('vectorize query', () => index.query([...code], asked))
      return matches.flatMap(({ score, metadata }): Neighbour[] => {
        const { entry, note } = metadata ?? {}
        if (typeof entry !== 'string' || typeof note !== 'string') return []
        return [{ entryId: entry, similarity: score, note }]
      })
    },
    async add(scope, { entryId, code, note }) {
      const id = idOf(scope, entryId)
      const metadata = { entry: entryId, note }
      const vector = { id, values: [...code], namespace: scope, metadata }
      await call('vectorize upsert', () => index.upsert([vector]))
    },
    async remove(scope, entryIds) {
      const ids = entryIds.map((entryId) => idOf(scope, entryId))
      for (let at = 0; at < ids.length; at += DELETED_AT_ONCE) {
        const part = ids.slice(at, at + DELETED_AT_ONCE)
        await call('vectorize delete', () => index.deleteByIds(part))
      }
    },
    clear() {
      const failure = {
        operation: 'vectorize clear',
        reason: 'unsupported',
        applied: 'no',
      } as const
      return Promise.reject(new RemoteError(failure))
    },
  }
}

/** Vectorize allows ids of at most 64 bytes. */
function idOf(scope: string, entryId: string): string {
  return toBase64Url(sha256(encodeUtf8(`${scope}\0${entryId}`)))
}
