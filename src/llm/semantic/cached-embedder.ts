/**
 * An embedder that keeps its vectors in the cache, so that the model embeds each text once.
 *
 * @module
 */

import type { CacheNamespace } from '../../cache/namespace.ts'
import type { Duration } from '../../entry/duration.ts'
import { digest } from '../canonical.ts'
import type { Embedder, Vector } from './embedder.ts'
import { quantize } from './quantize.ts'

/** Long, because the vector of a text never changes. The matcher keeps scopes as long by default. */
const DEFAULT_TTL = '30d'

/**
 * Keeps one entry per text in the namespace `embedding`, by model, dimensions and a hash of the text. Only
 * those texts of a list that are not stored are sent to the model. Concurrent callers of a text share a call.
 *
 * If Redis is down, the model is called. Errors of the model reach the caller unchanged.
 */
export function cachedEmbedder(
  embedder: Embedder,
  cache: CacheNamespace<unknown>,
  ttl: Duration = DEFAULT_TTL,
): Embedder {
  const { model, dimensions } = embedder
  const namespace = cache.namespace<Uint8Array>('embedding', { ttl })
  // Keys are passed to listeners and counted by monitors, so they must not contain the prompt.
  const keyOf = (text: string): string => `${model}/${dimensions}/${digest(text)}`

  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Vector[]> {
    const keys = texts.map(keyOf)
    const byKey = new Map(keys.map((key, i) => [key, texts[i] ?? '']))
    const stored = await namespace.getOrSetMany(
      keys,
      async (missing, context) => {
        const wanted = missing.map((key) => byKey.get(key) ?? '')
        const vectors = await embedder.embed(wanted, context.signal)
        return new Map(missing.map((key, i) => [key, toBytes(usable(vectors[i]))]))
      },
      { ...(signal && { signal }) },
    )
    return keys.map((key) => toVector(stored.get(key)))
  }

  /** @throws {InvalidValueError} For a vector that no search could use: it would be kept for a month. */
  function usable(vector: Vector = []): Vector {
    quantize(vector, dimensions)
    return vector
  }

  return { ...embedder, isLocal: true, embed }
}

/** Little-endian, as in the formats of embedding services. */
function toBytes(vector: Vector): Uint8Array {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of vector.entries()) view.setFloat32(i * 4, value, true)
  return bytes
}

function toVector(bytes: Uint8Array | undefined): Vector {
  if (bytes === undefined) return []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.byteLength >> 2 }, (_, i) =>
    view.getFloat32(i * 4, true),
  )
}
