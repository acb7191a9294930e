/**
 * Embeddings from OpenAI, or from any server with the same API.
 *
 * @module
 */

import { fromBase64 } from '../../entry/bytes.ts'
import { checkFields, nonEmptyText } from '../../entry/option-checks.ts'
import type { Embedder } from './embedder.ts'
import { httpEmbedder } from './http-embedder.ts'
import { REMOTE_EMBEDDER_OPTIONS, type RemoteEmbedderOptions } from './remote-embedder.ts'

/** Options for {@link openaiEmbedder}. */
export interface OpenAIEmbedderOptions extends RemoteEmbedderOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly apiKey: string
  /** With the version of the API. @default 'https://api.openai.com/v1' */
  readonly baseUrl?: string
  /**
   * Whether the request asks for vectors of `dimensions` numbers: the text-embedding-3 models can shorten
   * theirs, others refuse such a request. @default false
   */
  readonly shorten?: boolean
}

/** The service accepts 2,048 texts, but also limits the tokens of all texts together. */
const BATCH = 128

/**
 * `POST /embeddings`, 128 texts a request. Asks for base64, a third of the size of decimal digits; answers
 * with numbers are read too. Vectors are put in order by their `index`.
 *
 * Rejects with `EmbeddingError`.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function openaiEmbedder(options: OpenAIEmbedderOptions): Embedder {
  checkFields(options, 'options', [...REMOTE_EMBEDDER_OPTIONS, 'apiKey', 'baseUrl', 'shorten'])
  const { model, dimensions, apiKey, shorten = false } = options
  const { baseUrl = 'https://api.openai.com/v1' } = options
  nonEmptyText(apiKey, 'apiKey')
  return httpEmbedder(options, {
    name: 'openai',
    baseUrl,
    path: '/embeddings',
    headers: { authorization: `Bearer ${apiKey}` },
    batch: BATCH,
    bodyOf: (input) => ({
      model,
      input,
      encoding_format: 'base64',
      ...(shorten && { dimensions }),
    }),
    vectorsIn: ({ data }) => inOrder(data),
  })
}

/** The embeddings in order; `undefined` unless each index from 0 on occurs exactly once. */
function inOrder(data: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(data)) return undefined
  const vectors: unknown[] = []
  for (const item of data as { index?: unknown; embedding?: unknown }[]) {
    const index = item?.index
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= data.length) {
      return undefined
    }
    if (vectors[index as number] !== undefined) return undefined
    vectors[index as number] = readEmbedding(item.embedding)
  }
  return vectors
}

/** Base64 of little-endian 32-bit floats, or a list of numbers. */
function readEmbedding(embedding: unknown): unknown {
  if (typeof embedding !== 'string') return embedding
  const bytes = fromBase64(embedding)
  if (bytes === undefined || bytes.length % 4 !== 0) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(i * 4, true))
}
