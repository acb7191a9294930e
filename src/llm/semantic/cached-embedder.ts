/**
 * An embedder that asks its model for each text once.
 *
 * @module
 */

import type { CacheNamespace } from '../../cache/namespace.ts'
import type { Duration } from '../../entry/duration.ts'
import { digest } from '../canonical.ts'
import type { Embedder, Vector } from './embedder.ts'

/** Vectors never change: they live as long as the cache keeps anything. */
const DEFAULT_TTL = '30d'

/**
 * Keeps vectors text by text in the namespace `embedding`, by model, dimensions and a hash of the text: a list
 * of which some are known asks the model for the others alone. Many callers of a text share one call.
 *
 * With Redis away the model is asked. What the model rejects with passes through.
 */
export function cachedEmbedder(
  embedder: Embedder,
  cache: CacheNamespace<unknown>,
  ttl: Duration = DEFAULT_TTL,
): Embedder {
  const { model, dimensions } = embedder
  const namespace = cache.namespace<Uint8Array>('embedding', { ttl })
  // Keys are told to listeners and counted by monitors: no prompt is one.
  const keyOf = (text: string): string => `${model}/${dimensions}/${digest(text)}`

  async function embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Vector[]> {
    const keys = texts.map(keyOf)
    const byKey = new Map(keys.map((key, i) => [key, texts[i] ?? '']))
    const stored = await namespace.getOrSetMany(
      keys,
      async (missing, context) => {
        const wanted = missing.map((key) => byKey.get(key) ?? '')
        const vectors = await embedder.embed(wanted, context.signal)
        return new Map(missing.map((key, i) => [key, toBytes(vectors[i] ?? [])]))
      },
      { ...(signal && { signal }) },
    )
    return keys.map((key) => toVector(stored.get(key)))
  }

  return { ...embedder, isLocal: true, embed }
}

/** Little-endian, as the formats of embedding services are. */
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
