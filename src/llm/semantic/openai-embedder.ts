/**
 * Embeddings by OpenAI, or by whoever speaks its protocol.
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
  /** Up to and with the version. @default 'https://api.openai.com/v1' */
  readonly baseUrl?: string
  /**
   * Whether the model is asked for vectors of `dimensions` numbers: the text-embedding-3 models can
   * shorten theirs, others refuse the question. @default false
   */
  readonly shorten?: boolean
}

/** The service takes 2,048; the tokens of all together are bounded too. */
const BATCH = 128

/**
 * `POST /embeddings`, 128 texts a request, as base64, which is a third of the size of digits. Servers
 * that answer with numbers nevertheless are understood. Vectors are put in order by their `index`.
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

/** `undefined` unless each place from 0 on is taken once. */
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
