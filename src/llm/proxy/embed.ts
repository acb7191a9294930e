/**
 * Embeddings in the protocols of Ollama and OpenAI, with each text cached separately.
 *
 * @module
 */

import { fromBase64, toBase64 } from '../../entry/bytes.ts'
import { isObject, parseObject } from '../../entry/json-object.ts'
import type { Embed, EmbeddingInput, EmbeddingRequest } from '../embeddings.ts'
import { type Body, numberIn, without } from './dialect.ts'
import { fullName } from './ollama.ts'

/** The embeddings endpoint of a protocol. */
export interface EmbeddingDialect {
  readonly surface: string
  /** Reads a request; `undefined` for one that is left to the model. */
  read(body: Body): EmbeddingReading | undefined
  /** The request body for some of the texts. */
  bodyFor(body: Body, inputs: readonly EmbeddingInput[]): string
  /** The vectors in the answer of a model; `undefined` if it is malformed. */
  vectorsIn(body: Body): Awaited<ReturnType<Embed>> | undefined
  write(body: Body, vectors: readonly Float32Array[], promptTokens: number): string
}

/** What a request asks for. */
export interface EmbeddingReading {
  readonly request: EmbeddingRequest
  readonly inputs: readonly EmbeddingInput[]
}

/** `/v1/embeddings`. */
export const OPENAI_EMBEDDINGS: EmbeddingDialect = {
  surface: 'openai/embeddings',
  read: (body) => reading('openai/embeddings', body, inputsOf(body['input']), String),
  bodyFor: (body, input) => JSON.stringify({ ...body, input }),
  vectorsIn(body) {
    const { data, usage } = body
    if (!Array.isArray(data)) return undefined
    const items = data.filter(isObject).sort((a, b) => Number(a['index']) - Number(b['index']))
    const vectors = items.map(({ embedding }) => vectorOf(embedding))
    const promptTokens = isObject(usage) ? (numberIn(usage['prompt_tokens']) ?? 0) : 0
    return vectors.every((vector) => vector !== undefined) ? { vectors, promptTokens } : undefined
  },
  write(body, vectors, tokens) {
    const isBase64 = body['encoding_format'] === 'base64'
    const data = vectors.map((vector, index) => {
      const embedding = isBase64 ? JSON.stringify(base64Of(vector)) : listOf(vector)
      return `{"object":"embedding","index":${index},"embedding":${embedding}}`
    })
    const usage = `{"prompt_tokens":${tokens},"total_tokens":${tokens}}`
    const model = JSON.stringify(body['model'])
    return `{"object":"list","data":[${data.join(',')}],"model":${model},"usage":${usage}}`
  },
}

/** `/api/embed`. */
export const OLLAMA_EMBED: EmbeddingDialect = {
  surface: 'ollama/embed',
  read: (body) => reading('ollama/embed', body, inputsOf(body['input']), fullName),
  bodyFor: (body, input) => JSON.stringify({ ...body, input }),
  vectorsIn({ embeddings, prompt_eval_count: count }) {
    if (!Array.isArray(embeddings)) return undefined
    const vectors = embeddings.map(vectorOf)
    const promptTokens = numberIn(count) ?? 0
    return vectors.every((vector) => vector !== undefined) ? { vectors, promptTokens } : undefined
  },
  write({ model }, vectors, tokens) {
    const lists = vectors.map(listOf).join(',')
    return `{"model":${JSON.stringify(model)},"embeddings":[${lists}],"prompt_eval_count":${tokens}}`
  },
}

/** `/api/embeddings`, the older endpoint: one text, and a vector that is not of unit length. */
export const OLLAMA_EMBEDDINGS: EmbeddingDialect = {
  surface: 'ollama/embeddings',
  read: ({ prompt, ...body }) => {
    // An empty prompt loads the model.
    const inputs = typeof prompt === 'string' && prompt !== '' ? [prompt] : undefined
    return reading('ollama/embeddings', body, inputs, fullName)
  },
  bodyFor: (body, [prompt]) => JSON.stringify({ ...body, prompt }),
  vectorsIn({ embedding }) {
    const vector = vectorOf(embedding)
    return vector && { vectors: [vector] }
  },
  write: (_body, [vector]) => `{"embedding":${JSON.stringify([...(vector ?? [])])}}`,
}

/** Members of a request that are handled separately or do not change a vector. */
const ASIDE = ['model', 'input', 'encoding_format', 'keep_alive', 'user']

function reading(
  surface: string,
  body: Body,
  inputs: readonly EmbeddingInput[] | undefined,
  nameOf: (model: string) => string,
): EmbeddingReading | undefined {
  const { model } = body
  if (typeof model !== 'string' || model === '' || inputs === undefined) return undefined
  const context = { surface, ...without(body, ASIDE) }
  return { request: { model: nameOf(model), context }, inputs }
}

/** The limit of OpenAI for a request. Each text costs a look-up: more would cost more than a request may. */
const MAX_INPUTS = 2_048

/** A text, a list of texts, the tokens of a text, or a list of those; `undefined` if neither, or too long. */
function inputsOf(input: unknown): readonly EmbeddingInput[] | undefined {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(input) || input.length === 0) return undefined
  if (input.every(isNumber)) return [input]
  if (input.length > MAX_INPUTS) return undefined
  const isList = input.every(
    (one) => typeof one === 'string' || (Array.isArray(one) && one.every(isNumber)),
  )
  return isList ? (input as EmbeddingInput[]) : undefined
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

/** Reads numbers, or base64 of little-endian float32: some servers answer with the one not asked for. */
function vectorOf(embedding: unknown): Float32Array | undefined {
  if (Array.isArray(embedding) && embedding.every(isNumber)) return Float32Array.from(embedding)
  const bytes = typeof embedding === 'string' ? fromBase64(embedding) : undefined
  if (!bytes || bytes.byteLength % 4 !== 0) return undefined
  return new Float32Array(bytes.buffer, 0, bytes.byteLength / 4)
}

function base64Of({ buffer, byteOffset, byteLength }: Float32Array): string {
  return toBase64(new Uint8Array(buffer, byteOffset, byteLength))
}

function listOf(vector: Float32Array): string {
  return `[${Array.from(vector, shortest).join(',')}]`
}

/** The shortest decimal that is this float32 and no other. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}

/** Reads the body of a response; empty if it is no JSON object. */
export async function bodyOf(response: Response): Promise<Body> {
  return parseObject(await response.text()) ?? {}
}
