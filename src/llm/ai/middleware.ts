/**
 * Middleware for the AI SDK: the cache between an application and its models.
 *
 * @module
 */

import { checkFields } from '../../entry/option-checks.ts'
import { InvalidOptionError, InvalidValueError } from '../../errors.ts'
import { withOrderedCallIds } from '../call-ids.ts'
import { llmCache } from '../default-llm-cache.ts'
import type { LLMResponseCache } from '../llm-cache.ts'
import type { Question } from '../request.ts'
import type { Source } from '../source.ts'
import { streamOf, wholeOf } from './obtained.ts'
import {
  type AiFinish,
  type AiFormat,
  type AiPart,
  type AiResult,
  type AiStream,
  type AiUsage,
  judge,
  textOf,
} from './parts.ts'

/** Options for {@link cacheMiddleware}. */
export interface CacheMiddlewareOptions {
  /** @default llmCache */
  readonly cache?: LLMResponseCache
  /** @default '' */
  readonly tenant?: string
  /** Version of the prompts' template; answers of other versions are not served. @default none */
  readonly promptVersion?: string
  /** Labels for joint invalidation. @default none */
  readonly tags?: readonly string[]
  /** Directives as in the HTTP request header. @default none */
  readonly cacheControl?: string
  /**
   * Also matches by similarity, if the cache has a matcher and a call sets a temperature of at most 0.3.
   * @default false
   */
  readonly enableSemanticMatching?: boolean
}

/** Parameters of a model call. */
export interface AiCallOptions {
  readonly prompt: readonly unknown[]
  readonly temperature?: number | undefined
  readonly tools?: readonly unknown[] | undefined
  readonly includeRawChunks?: boolean | undefined
  readonly responseFormat?: AiFormat | undefined
  readonly abortSignal?: AbortSignal | undefined
  readonly headers?: unknown
}

/** A model. */
export interface AiModel {
  readonly provider: string
  readonly modelId: string
}

/** A model that returns whole answers. */
export interface AiGenerator<Result> extends AiModel {
  doGenerate(params: AiCallOptions): PromiseLike<Result>
}

/** A model that answers in parts. */
export interface AiStreamer<Part extends AiPart> extends AiModel {
  doStream(params: AiCallOptions): PromiseLike<AiStream<Part>>
}

interface Wrapped {
  readonly params: AiCallOptions
  readonly model: AiModel
}

/** Version of the middleware interface: `v4` in AI SDK 7, `v3` in AI SDK 6. The behaviour is the same. */
export type AiSpecification = 'v3' | 'v4'

/** The middleware: for `wrapLanguageModel({ model, middleware })`. */
export interface CacheMiddleware<Version extends AiSpecification = 'v4'> {
  readonly specificationVersion: Version
  wrapGenerate<Result extends AiResult>(call: {
    readonly doGenerate: () => PromiseLike<Result>
    readonly params: AiCallOptions
    readonly model: AiGenerator<Result>
  }): Promise<Result>
  wrapStream<Part extends AiPart>(call: {
    readonly doStream: () => PromiseLike<AiStream<Part>>
    readonly params: AiCallOptions
    readonly model: AiStreamer<Part>
  }): Promise<AiStream<Part>>
}

/** Parameters that are not part of the settings in the key; the prompt has its own place there. */
const ASIDE = ['abortSignal', 'headers', 'includeRawChunks', 'prompt']
const MAX_TEMPERATURE = 0.3
const FIELDS = `cache tenant promptVersion tags cacheControl enableSemanticMatching`.split(' ')

/**
 * Caches answers of models, whole answers and streams separately. Everything in a call except its headers
 * is part of the key: prompt, settings, tools, provider options. Tool calls get new ids each time, so of ids
 * only which result belongs to which call is part of the key; values keep their types (a `Date` stays one).
 * A call that asks for raw chunks is not cached.
 *
 * Concurrent equal calls share one request to the model. The `abortSignal` of one caller does not end it
 * for the others; the model is stopped when all callers have gone.
 *
 * @throws {InvalidOptionError} When an option is unknown, or `cache` is not one of answers.
 *
 * @example
 * ```ts
 * const model = wrapLanguageModel({ model: provider('llama3.2'), middleware: cacheMiddleware() })
 * ```
 */
export function cacheMiddleware<Version extends AiSpecification = 'v4'>(
  options: CacheMiddlewareOptions = {},
): CacheMiddleware<Version> {
  checkFields(options, 'options', FIELDS)
  const { cache = llmCache } = options
  if (typeof cache?.obtain !== 'function')
    throw new InvalidOptionError('cache', 'an LLMResponseCache')
  return {
    // Neither SDK version reads this value; only their types need it.
    specificationVersion: 'v4' as Version,
    async wrapGenerate({ doGenerate, params, model }) {
      const question = questionOf('generate', { params, model }, options)
      if (!question) return doGenerate()
      const generate = (abortSignal: AbortSignal) => model.doGenerate({ ...params, abortSignal })
      const source = generateSource(generate, params.responseFormat)
      const obtained = await cache.obtain(question, source)
      return wholeOf(obtained, params.abortSignal)
    },
    async wrapStream({ doStream, params, model }) {
      const question = questionOf('stream', { params, model }, options)
      if (!question) return doStream()
      const stream = (abortSignal: AbortSignal) => model.doStream({ ...params, abortSignal })
      const source = streamSource(stream, params.responseFormat)
      return streamOf(await cache.obtain(question, source), params.abortSignal)
    },
  }
}

/** The question of a call; `undefined` for a call that cannot be cached. */
function questionOf(
  kind: 'generate' | 'stream',
  { params, model }: Wrapped,
  { tenant = '', enableSemanticMatching = false, ...rest }: CacheMiddlewareOptions,
): Question | undefined {
  if (params.includeRawChunks) return undefined
  const turns = withOrderedCallIds(params.prompt)
  const prompt = takePrompt(turns)
  const settings = Object.fromEntries(
    Object.entries(params).filter(([name]) => !ASIDE.includes(name)),
  )
  const context = readable({ provider: model.provider, settings, turns })
  if (context === undefined) return undefined
  const { temperature = 1, tools = [] } = params
  const isMatchable = prompt !== undefined && tools.length === 0 && temperature <= MAX_TEMPERATURE
  return {
    surface: `ai/${kind}`,
    model: model.modelId,
    tenant,
    prompt: prompt ?? '',
    context,
    matching: enableSemanticMatching && isMatchable && { minSimilarity: undefined },
    promptVersion: rest.promptVersion,
    tags: rest.tags,
    cacheControl: rest.cacheControl,
    signal: params.abortSignal,
  }
}

/** Takes the user's last message out of the turns, if it is a single text. */
function takePrompt(turns: unknown[]): string | undefined {
  const last = turns.at(-1) as { readonly role?: unknown; readonly content?: unknown } | undefined
  if (last?.role !== 'user' || !Array.isArray(last.content)) return undefined
  const [part, ...more] = last.content as { readonly type?: unknown; readonly text?: unknown }[]
  if (part?.type !== 'text' || typeof part.text !== 'string' || more.length > 0) return undefined
  turns[turns.length - 1] = { ...last, content: [{ ...part, text: '' }] }
  return part.text
}

/** Parameters of a call as JSON, with bytes as numbers and URLs as texts; `undefined` if impossible. */
function readable(context: unknown): unknown {
  try {
    return JSON.parse(
      JSON.stringify(context, (_name, value: unknown) => {
        if (typeof value === 'function') throw new InvalidValueError('functions are no JSON')
        return value instanceof Uint8Array ? [...value] : value
      }),
    )
  } catch {
    // InvalidValueError, or TypeError for a cycle or a bigint: such a call has no key.
    return undefined
  }
}

function generateSource<Result extends AiResult>(
  generate: (signal: AbortSignal) => PromiseLike<Result>,
  format: AiFormat | undefined,
): Source<Result> {
  return {
    shape: 'ai/generate',
    open: async (signal) => ({ parts: single(await generate(signal)) }),
    judge: ([result]) => {
      if (!result) return { store: false, reason: 'empty' }
      return judge(result.content, result.finishReason, result.usage, format)
    },
    // Details of the HTTP exchange are of no use to later callers.
    strip: (results) => results.map(withoutExchange),
    sizeOf: () => 0,
    textOf: (results) => results.map(({ content }) => textOf(content)).join(''),
  }
}

function withoutExchange<Result extends object>(result: Result): Result {
  const {
    request: _request,
    response,
    ...rest
  } = result as Result & { request?: unknown; response?: object }
  const { headers: _headers, body: _body, ...kept } = (response ?? {}) as Record<string, unknown>
  return { ...rest, ...(response && { response: kept }) } as Result
}

function streamSource<Part extends AiPart>(
  stream: (signal: AbortSignal) => PromiseLike<AiStream<Part>>,
  format: AiFormat | undefined,
): Source<Part> {
  return {
    shape: 'ai/stream',
    open: async (signal) => {
      const { stream: parts, ...head } = await stream(signal)
      return { parts: partsOf(parts), head }
    },
    judge: (parts) => {
      const end = parts.findLast(({ type }) => type === 'finish') as
        | { finishReason?: AiFinish; usage?: AiUsage }
        | undefined
      return judge(parts, end?.finishReason, end?.usage, format)
    },
    // An error may hold what is no JSON, such as a request that refers to itself. It is never stored.
    sizeOf: (part) => (part.type === 'error' ? 0 : JSON.stringify(part).length),
    textOf,
  }
}

async function* single<T>(value: T): AsyncGenerator<T, void> {
  yield value
}

async function* partsOf<T>(stream: ReadableStream<T>): AsyncGenerator<T, void> {
  const reader = stream.getReader()
  let isWhole = false
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
    isWhole = true
  } finally {
    if (!isWhole) await reader.cancel().catch(() => undefined)
  }
}
