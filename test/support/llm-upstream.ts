/**
 * A fake model: answers in the protocols of Ollama and OpenAI as their servers do, and fails as they do.
 * Runtime-neutral.
 *
 * @module
 */

/** How an answer ends. */
export type Behaviour =
  | 'whole'
  /** Ended by the limit of tokens. */
  | 'length'
  /** The connection closes normally before the answer is complete. */
  | 'cut'
  /** The connection breaks. */
  | 'broken'
  /** An error instead of the rest. */
  | 'error'
  | 'empty'
  | 'refusal'
  | 'filtered'
  | 'tools'
  /** An error status, before anything else. */
  | { readonly status: number }

/** What a test may change while the model runs. */
export interface LLMUpstream {
  behaviour: Behaviour
  /** At most so many bytes are sent at a time. @default Infinity */
  pieceBytes: number
  /** Waited for before each message of a stream, by its number. */
  gate: ((message: number) => Promise<unknown>) | undefined
  /** What it says, after what it was asked. */
  tokens: readonly string[]
  /** The digest of every model. */
  digest: string
  /** Sends padding in each event, as OpenAI does. */
  padded: boolean
  /** Bodies and headers of the questions it was asked. */
  readonly questions: { readonly path: string; readonly body: Body; readonly headers: Headers }[]
  /** How many of its answers were abandoned by the client. */
  readonly abandoned: number
  /** Bytes it has sent as answers. */
  readonly sentBytes: number
  fetch(request: Request): Promise<Response>
}

type Body = Readonly<Record<string, unknown>>

const ENCODER = new TextEncoder()
/** Nanoseconds, as Go writes them. */
const CREATED_AT = '2026-11-25T08:00:00.123456789Z'
/** Numbers and names that change when they are parsed and written again. */
const ARGUMENTS = '{"city":"Zürich","10":1.0,"2":12345678901234567890}'

/** Creates a fake model. */
export function llmUpstream(settings: Partial<LLMUpstream> = {}): LLMUpstream {
  let abandoned = 0
  let sentBytes = 0
  let replies = 0
  const upstream: LLMUpstream = {
    behaviour: 'whole',
    pieceBytes: Number.POSITIVE_INFINITY,
    gate: undefined,
    tokens: ['Grüezi', ' 日本', ' 😀', ' "quoted"', '\n\nDone.'],
    digest: 'sha-1',
    padded: false,
    questions: [],
    get abandoned() {
      return abandoned
    },
    get sentBytes() {
      return sentBytes
    },
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname.endsWith('/api/tags')) {
        const models = ['llama3.2:latest', 'llama3.2:3b', 'embed:latest']
        return Response.json({ models: models.map((name) => ({ name, digest: upstream.digest })) })
      }
      if (request.method !== 'POST') return passed(request)
      const text = await request.text()
      const body = text === '' ? {} : (JSON.parse(text) as Body)
      upstream.questions.push({ path: pathname, body, headers: request.headers })
      const { behaviour } = upstream
      if (typeof behaviour === 'object') return refusal(pathname, behaviour.status)
      const number = ++replies
      switch (pathname.replace(/^.*(?=\/(?:api|v1)\/)/, '')) {
        case '/api/chat':
          return reply(body['stream'] !== false, 'application/x-ndjson', ollama('chat', body))
        case '/api/generate':
          return reply(body['stream'] !== false, 'application/x-ndjson', ollama('generate', body))
        case '/v1/chat/completions':
          return reply(body['stream'] === true, 'text/event-stream', openai(body, number))
        case '/api/embed':
        case '/api/embeddings':
        case '/v1/embeddings':
          return embeddings(pathname, body)
        default:
          return new Response(text, { headers: { 'content-type': 'application/json' } })
      }
    },
    ...settings,
  }

  function passed(request: Request): Response {
    const { pathname: url } = new URL(request.url)
    const asked = upstream.questions.filter(({ body }) => url.endsWith(`/models/${body['model']}`))
    return Response.json({ method: request.method, url, questions: asked.length })
  }

  function reply(
    isStream: boolean,
    type: string,
    messages: { readonly stream: readonly string[]; readonly whole: string },
  ): Response {
    const isBroken = upstream.behaviour === 'broken'
    if (!isStream) {
      const headers = { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'req-1' }
      const { whole } = messages
      sentBytes += ENCODER.encode(whole).length
      return new Response(isBroken ? whole.slice(0, whole.length / 2) : whole, { headers })
    }
    const all = pieces(messages.stream, isBroken)
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await all.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await all.return(undefined)
      },
    })
    const headers = { 'content-type': type, 'x-request-id': 'req-1' }
    return new Response(stream, { headers })
  }

  async function* pieces(messages: readonly string[], isBroken: boolean) {
    let isComplete = false
    try {
      for (const [number, message] of messages.entries()) {
        await upstream.gate?.(number)
        if (isBroken && number === messages.length >> 1) throw new TypeError('terminated')
        const bytes = ENCODER.encode(message)
        const size = Math.min(upstream.pieceBytes, bytes.length)
        for (let at = 0; at < bytes.length; at += size) {
          const piece = bytes.slice(at, at + size)
          sentBytes += piece.length
          yield piece
        }
      }
      isComplete = true
    } finally {
      if (!isComplete && !isBroken) abandoned++
    }
  }

  /** The tokens of this answer. */
  function said(): readonly string[] {
    return upstream.behaviour === 'empty' ? [] : upstream.tokens
  }

  function ollama(kind: 'chat' | 'generate', body: Body) {
    const { behaviour } = upstream
    const head = `{"model":${JSON.stringify(body['model'])},"created_at":"${CREATED_AT}",`
    const text = (member: string): string =>
      kind === 'chat' ? `"message":{"role":"assistant",${member}}` : member
    const name = kind === 'chat' ? 'content' : 'response'
    const line = (member: string): string => `${head}${text(member)},"done":false}`
    const said_ = (token: string): string => `"${name}":${JSON.stringify(token)}`
    const reason = behaviour === 'length' ? 'length' : 'stop'
    const context = kind === 'generate' && body['raw'] !== true ? '"context":[1,2,3],' : ''
    const end =
      `"done":true,"done_reason":"${reason}",${context}"total_duration":5043500667,` +
      '"load_duration":5025959,"prompt_eval_count":26,"prompt_eval_duration":325953000,' +
      `"eval_count":${said().length},"eval_duration":4709213000}`
    const thinking = body['think'] ? ['Let me', ' think.'] : []
    const thoughts = thinking.map((one) => line(`"${name}":"","thinking":${JSON.stringify(one)}`))
    const call = `{"id":"call_abc","function":{"index":0,"name":"weather","arguments":${ARGUMENTS}}}`
    const calls = `"${name}":"","tool_calls":[${call}]`
    const middle = behaviour === 'tools' ? [line(calls)] : said().map((token) => line(said_(token)))
    const last = `${head}${text(said_(''))},${end}`
    const lines = [...thoughts, ...middle]
    if (behaviour === 'error')
      lines.splice(1, Number.POSITIVE_INFINITY, '{"error":"out of memory"}')
    else if (behaviour !== 'cut') lines.push(last)
    const whole = [
      behaviour === 'tools' ? calls : said_(said().join('')),
      ...(thinking.length > 0 ? [`"thinking":${JSON.stringify(thinking.join(''))}`] : []),
    ]
    return {
      stream: lines.map((one) => `${one}\n`),
      whole:
        behaviour === 'error'
          ? '{"error":"out of memory"}'
          : `${head}${text(whole.join(','))},${end}`,
    }
  }

  function openai(body: Body, number: number) {
    const { behaviour } = upstream
    const usage = `{"prompt_tokens":26,"completion_tokens":${said().length},"total_tokens":${26 + said().length}}`
    const wantsUsage = (body['stream_options'] as Body | undefined)?.['include_usage'] === true
    const common = `"created":1764057600,"model":${JSON.stringify(body['model'])},"system_fingerprint":"fp_1"`
    const id = `"id":"chatcmpl-up${number}"`
    const padding = upstream.padded ? ',"obfuscation":"x7Qp"' : ''
    const chunk = (choice: string, end = wantsUsage ? ',"usage":null' : ''): string =>
      `data: {${id},"object":"chat.completion.chunk",${common},"choices":[${choice}]${end}${padding}}\n\n`
    const delta = (member: string): string =>
      chunk(`{"index":0,"delta":${member},"logprobs":null,"finish_reason":null}`)
    const reason =
      { length: 'length', filtered: 'content_filter', tools: 'tool_calls' }[String(behaviour)] ??
      'stop'
    const name = behaviour === 'refusal' ? 'refusal' : 'content'
    const call = (index: number, rest: string): string =>
      delta(`{"tool_calls":[{"index":${index},${rest}}]}`)
    const quoted = JSON.stringify(ARGUMENTS)
    const calls = [
      call(0, '"id":"call_a","type":"function","function":{"name":"weather","arguments":""}'),
      call(0, `"function":{"arguments":${JSON.stringify(ARGUMENTS.slice(0, 9))}}`),
      call(0, `"function":{"arguments":${JSON.stringify(ARGUMENTS.slice(9))}}`),
      call(1, `"id":"call_b","type":"function","function":{"name":"time","arguments":"{}"}`),
    ]
    const thoughts = body['reasoning_effort'] ? ['Let me', ' think.'] : []
    const events = [
      delta('{"role":"assistant","content":""}'),
      ...thoughts.map((one) => delta(`{"reasoning_content":${JSON.stringify(one)}}`)),
      ...(behaviour === 'tools'
        ? calls
        : said().map((token) => delta(`{"${name}":${JSON.stringify(token)}}`))),
    ]
    if (behaviour === 'error') {
      const error = 'data: {"error":{"message":"overloaded","type":"server_error","code":null}}\n\n'
      events.splice(2, Number.POSITIVE_INFINITY, error)
    } else if (behaviour !== 'cut') {
      events.push(chunk(`{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}`))
      if (wantsUsage) events.push(chunk('', `,"usage":${usage}`))
      events.push('data: [DONE]\n\n')
    }
    const toolCalls =
      `,"tool_calls":[{"id":"call_a","type":"function","function":{"name":"weather","arguments":${quoted}}},` +
      '{"id":"call_b","type":"function","function":{"name":"time","arguments":"{}"}}]'
    const text = JSON.stringify(said().join(''))
    const content = behaviour === 'tools' || behaviour === 'refusal' ? 'null' : text
    const refusal_ = behaviour === 'refusal' ? `,"refusal":${text}` : ',"refusal":null'
    const thought = thoughts.length > 0 ? `,"reasoning_content":"${thoughts.join('')}"` : ''
    const message = `{"role":"assistant","content":${content}${refusal_}${thought}${behaviour === 'tools' ? toolCalls : ''}}`
    const finish = behaviour === 'cut' ? 'null' : `"${reason}"`
    return {
      stream: events,
      whole:
        `{${id},"object":"chat.completion",${common},"choices":[{"index":0,"message":${message},` +
        `"logprobs":null,"finish_reason":${finish}}],"usage":${usage}}`,
    }
  }

  return upstream
}

function refusal(path: string, status: number): Response {
  const message = 'model not found'
  const body = path.includes('/api/')
    ? { error: message }
    : { error: { message, type: 'invalid_request_error', param: null, code: 'model_not_found' } }
  return Response.json(body, { status, headers: { 'retry-after': '7' } })
}

/** A vector that depends on its text, in numbers that float32 holds exactly in few digits or not at all. */
function vectorFor(input: unknown): number[] {
  const text = JSON.stringify(input)
  const seed = [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997, 7)
  return Array.from({ length: 8 }, (_, i) => Math.fround((seed * (i + 1)) / 9_973 - 0.3))
}

function embeddings(path: string, body: Body): Response {
  const { model, input, prompt } = body
  if (path.endsWith('/api/embeddings')) return Response.json({ embedding: vectorFor(prompt) })
  const isOne = typeof input === 'string' || (Array.isArray(input) && typeof input[0] === 'number')
  const inputs: readonly unknown[] = isOne ? [input] : (input as unknown[])
  const vectors = inputs.map(vectorFor)
  const tokens = inputs.reduce<number>((sum, one) => sum + JSON.stringify(one).length, 0)
  if (path.endsWith('/api/embed')) {
    return Response.json({
      model,
      embeddings: vectors,
      total_duration: 1,
      prompt_eval_count: tokens,
    })
  }
  const isBase64 = body['encoding_format'] === 'base64'
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: isBase64 ? base64(vector) : vector,
  }))
  const usage = { prompt_tokens: tokens, total_tokens: tokens }
  return Response.json({ object: 'list', data, model, usage })
}

function base64(vector: readonly number[]): string {
  const bytes = new Uint8Array(Float32Array.from(vector).buffer)
  return btoa(String.fromCharCode(...bytes))
}
