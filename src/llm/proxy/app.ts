/**
 * A caching proxy in front of Ollama and any server with the API of OpenAI.
 *
 * @module
 */

import type { Context, Hono } from 'hono'
import { basePath } from 'hono/route'
import { readBounded } from '../../entry/bounded-bytes.ts'
import { parseObject } from '../../entry/json-object.ts'
import { newApp } from '../../web/new-app.ts'
import { areAlike } from '../embeddings.ts'
import type { Question } from '../request.ts'
import type { Source } from '../source.ts'
import { type Body, type Dialect, isComment, type Reading, type Shape } from './dialect.ts'
import { Digests } from './digests.ts'
import {
  bodyOf,
  type EmbeddingDialect,
  OLLAMA_EMBED,
  OLLAMA_EMBEDDINGS,
  OPENAI_EMBEDDINGS,
} from './embed.ts'
import { fullName, OLLAMA } from './ollama.ts'
import { OPENAI_CHAT } from './openai.ts'
import {
  type LLMProxyOptions,
  type ProxyPolicy,
  readProxyOptions,
  type Upstream,
} from './options.ts'
import { changesModels, passThrough } from './pass-through.ts'
import { describeFailure, Refusal } from './problem.ts'
import { respond } from './respond.ts'
import { ask, type Call, open, UpstreamRefusal } from './upstream.ts'

/**
 * Creates a caching proxy for Ollama and servers with the API of OpenAI, as a Hono app.
 *
 * It caches `/api/generate`, `/api/chat`, `/api/embed` and `/api/embeddings` of Ollama, and
 * `/v1/chat/completions` and `/v1/embeddings` of OpenAI; streamed and whole answers serve each other.
 * Everything else below `/api` and `/v1` is passed through. The response header `x-nearcache` says where
 * an answer comes from: `hit`, `normalised`, `semantic`, `coalesced`, `miss`, `bypass`.
 *
 * Mount it anywhere: `app.route('/llm', llmProxy({ ollama: 'http://localhost:11434' }))`, and point
 * clients to `…/llm` (Ollama) or `…/llm/v1` (OpenAI).
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 */
export function llmProxy(options: LLMProxyOptions): Hono {
  const proxy = new ProxyServer(readProxyOptions(options))
  const app = newApp()
  const { ollama } = proxy.policy
  if (ollama) {
    app.post('/api/generate', (c) => proxy.answer(c, ollama, '/api/generate', OLLAMA.generate))
    app.post('/api/chat', (c) => proxy.answer(c, ollama, '/api/chat', OLLAMA.chat))
    app.post('/api/embed', (c) => proxy.embed(c, ollama, '/api/embed', OLLAMA_EMBED))
    app.post('/api/embeddings', (c) => proxy.embed(c, ollama, '/api/embeddings', OLLAMA_EMBEDDINGS))
    app.all('/api/*', (c) => proxy.pass(c, ollama, ''))
    app.get('/', (c) => proxy.pass(c, ollama, ''))
  }
  const { openai } = proxy.policy
  app.post('/v1/chat/completions', (c) => proxy.answer(c, openai, '/chat/completions', OPENAI_CHAT))
  app.post('/v1/embeddings', (c) => proxy.embed(c, openai, '/embeddings', OPENAI_EMBEDDINGS))
  app.all('/v1/*', (c) => proxy.pass(c, openai, '/v1'))
  return app
}

/** Handles the requests of one proxy. */
class ProxyServer {
  readonly policy: ProxyPolicy
  readonly #digests: Digests | undefined

  constructor(policy: ProxyPolicy) {
    this.policy = policy
    this.#digests = policy.ollama && new Digests(policy, policy.ollama)
  }

  /** Answers a request for a chat or a completion. */
  async answer(c: Context, upstream: Upstream, path: string, dialect: Dialect): Promise<Response> {
    const to = `${path}${queryOf(c.req.raw)}`
    try {
      const tenant = await this.#admit(c.req.raw)
      const text = await this.#textOf(c.req.raw)
      if (text === undefined) return await this.#forward(c, upstream, to)
      const body = parseObject(text)
      const reading = body && dialect.read(body)
      // A request that the cache cannot read is left to the model.
      if (!reading) return await this.#forward(c, upstream, to, text)
      const exact = { ...reading, question: withDigits(reading.question, text) }
      const question = await this.#questionOf(c.req.raw, tenant, exact, upstream)
      const { cache } = this.policy
      const id = cache.resolve(question).id.slice(0, 16)
      const { headers, signal } = c.req.raw
      const { isStreamed } = reading
      const call = { upstream, path: to, headers, body: dialect.bodyFor(text, reading), isStreamed }
      const obtained = await cache.obtain(question, this.#source(call, dialect, reading))
      return await respond({ policy: this.policy, dialect, reading, id, signal }, obtained)
    } catch (error) {
      return failure(error, dialect)
    }
  }

  /** Answers a request for embeddings. */
  async embed(
    c: Context,
    upstream: Upstream,
    path: string,
    dialect: EmbeddingDialect,
  ): Promise<Response> {
    const query = queryOf(c.req.raw)
    const to = `${path}${query}`
    try {
      const tenant = await this.#admit(c.req.raw)
      const text = await this.#textOf(c.req.raw)
      if (text === undefined) return await this.#forward(c, upstream, to)
      const body = parseObject(text)
      const reading = body && dialect.read(body)
      if (!reading) return await this.#forward(c, upstream, to, text)
      const { headers, signal } = c.req.raw
      const { request, inputs } = reading
      const cacheControl = headers.get('cache-control') ?? ''
      const context = {
        ...Object(request.context),
        digest: await this.#digestOf(upstream, request, headers),
        ...(query && { query }),
      }
      const { vectors, found, promptTokens } = await this.policy.cache.getOrEmbed(
        { ...request, tenant, context, cacheControl, signal },
        inputs,
        async (missing, deadline) => {
          const call = { upstream, path: to, headers, body: dialect.bodyFor(body, missing) }
          const embedded = await this.#embed(call, dialect, deadline)
          const isWhole = embedded.vectors.length === missing.length
          if (isWhole && areAlike(embedded.vectors)) return embedded
          const fault = isWhole ? 'embeddings of different lengths' : 'another number of embeddings'
          throw new Refusal(502, `The model sent ${fault}`, 'upstream_error')
        },
      )
      const isHit = found > 0 && found >= new Set(inputs.map((one) => JSON.stringify(one))).size
      return new Response(dialect.write(body, vectors, promptTokens), {
        headers: {
          'content-type': 'application/json',
          'x-nearcache': isHit ? 'hit' : 'miss',
          'x-nearcache-found': `${found}/${inputs.length}`,
        },
      })
    } catch (error) {
      return failure(error, dialect.surface.startsWith('openai') ? OPENAI_CHAT : OLLAMA.chat)
    }
  }

  /**
   * Passes a request through.
   *
   * @param prefix The start of the path below the mount that the URL of the upstream already contains.
   */
  async pass(c: Context, upstream: Upstream, prefix: string): Promise<Response> {
    const dialect = prefix === '' ? OLLAMA.chat : OPENAI_CHAT
    try {
      await this.#admit(c.req.raw)
      const { pathname, search } = new URL(c.req.url)
      const mount = `${basePath(c).replace(/\/\*?$/, '')}${prefix}`
      // Routes match the decoded path. In an encoded path, the mount may have another length.
      if (!pathname.startsWith(mount) || CLIMBS.test(pathname)) throw NO_SUCH_PATH
      const path = `${pathname.slice(mount.length)}${search}`
      const onEnd = changesModels(c.req.method, path) ? () => this.#digests?.forget() : undefined
      return await passThrough(this.policy, c.req.raw, { upstream, path, onEnd })
    } catch (error) {
      return failure(error, dialect)
    }
  }

  /**
   * Passes on a request whose answer is not stored.
   *
   * @param body The body of the request, if it has been read already.
   */
  #forward({ req }: Context, upstream: Upstream, path: string, body?: string): Promise<Response> {
    const read = body === undefined ? {} : { body }
    return passThrough(this.policy, req.raw, { upstream, path, onEnd: undefined, ...read })
  }

  async #admit(request: Request): Promise<string> {
    const tenant = await this.policy.tenant(request)
    if (tenant === undefined) {
      throw new Refusal(401, 'The credential is missing or wrong', 'authentication_error')
    }
    const decision = await this.policy.limit?.(tenant)
    if (!decision || decision.allowed) return tenant
    const { retryAfterMs = 1_000 } = decision
    throw new Refusal(429, 'Too many requests', 'rate_limit_error', retryAfterMs)
  }

  /** The body; `undefined` if it is compressed: the model may understand that. */
  async #textOf(request: Request): Promise<string | undefined> {
    const { maxRequestBytes } = this.policy
    if (request.headers.has('content-encoding')) return undefined
    const bytes = await readBounded(request, maxRequestBytes)
    if (bytes) return new TextDecoder().decode(bytes)
    throw new Refusal(413, 'The request is too long', 'invalid_request_error')
  }

  async #questionOf(
    request: Request,
    tenant: string,
    reading: Reading,
    upstream: Upstream,
  ): Promise<Question> {
    const { matching, needsDeterminism } = this.policy
    const { headers } = request
    const { isMatchable, temperature, isDeterministic, question } = reading
    const modelDigest = await this.#digestOf(upstream, question, headers)
    const query = queryOf(request)
    const isCool = matching && temperature !== undefined && temperature <= matching.maxTemperature
    return {
      ...question,
      context: { request: question.context, modelDigest, ...(query && { query }) },
      tenant,
      matching: isMatchable && isCool && { minSimilarity: matching.minSimilarity },
      ...(needsDeterminism && !isDeterministic && { ttl: 0 }),
      cacheControl: headers.get('cache-control') ?? '',
      signal: request.signal,
    }
  }

  async #digestOf(
    { isOllama }: Upstream,
    { model }: { readonly model: string },
    headers: Headers,
  ): Promise<string | null> {
    if (!isOllama) return null
    return (await this.#digests?.of(fullName(model), headers)) ?? null
  }

  #source(call: Call, dialect: Dialect, reading: Reading): Source<string> {
    const { policy } = this
    let shape: Shape = 'whole'
    return {
      get shape() {
        return shape
      },
      async open(signal) {
        const opened = await open(policy, call, dialect, signal)
        shape = opened.head.shape
        return opened
      },
      judge: (parts) => dialect.judge(parts, reading, policy),
      strip: (parts) => parts.filter((part) => !isComment(part)),
      sizeOf: (part) => part.length,
      textOf: (parts) => dialect.textOf(parts),
    }
  }

  async #embed(call: Call, dialect: EmbeddingDialect, signal: AbortSignal) {
    const response = await ask(this.policy, call, signal)
    const body: Body = await bodyOf(response)
    const embedded = dialect.vectorsIn(body)
    if (embedded) return embedded
    throw new Refusal(502, 'The model sent no embeddings', 'upstream_error')
  }
}

/** An encoded `../` that a URL leaves as it is, and that a server may follow after it has decoded the path. */
const CLIMBS = /(?:\.|%2e){2}%(?:2f|5c)|%(?:2f|5c)(?:\.|%2e){2}/i
const NO_SUCH_PATH = new Refusal(404, 'There is no such path', 'invalid_request_error')

/** The query may hold what the answer depends on, such as a version of the API. */
function queryOf({ url }: Request): string {
  return new URL(url).search
}

/** Numbers with more digits than a parsed number keeps: seeds that differ in the last one are different. */
const LONG_NUMBERS = /\d[\d.]{15,}(?:e[+-]?\d+)?/gi

function withDigits(question: Reading['question'], text: string): Reading['question'] {
  const digits = text.match(LONG_NUMBERS)
  return digits ? { ...question, context: { read: question.context, digits } } : question
}

function failure(error: unknown, dialect: Dialect): Response {
  if (error instanceof UpstreamRefusal) return error.toResponse()
  const { status, message, type } = describeFailure(error)
  const headers = new Headers({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-nearcache': 'miss',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  })
  const retryAfterMs = error instanceof Refusal ? error.retryAfterMs : undefined
  if (retryAfterMs !== undefined)
    headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)))
  return new Response(dialect.problem(message, type), { status, headers })
}
