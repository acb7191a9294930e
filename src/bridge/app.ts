/**
 * Serves any Redis over the Upstash REST protocol.
 *
 * @module
 */

import { type Context, Hono } from 'hono'
import { basePath } from 'hono/route'
import { readBody } from './body.ts'
import { Database } from './database.ts'
import { EventStreams } from './events.ts'
import { type Answer, type Format, formatOf } from './format.ts'
import { type Access, Gate } from './gate.ts'
import { readCommand, readCommands, type Words } from './json.ts'
import type { RequestKind } from './metrics.ts'
import { type BridgeOptions, type BridgePolicy, resolveBridgeOptions } from './options.ts'
import { decode, readTarget, readWords, type Target } from './path-command.ts'
import { Problem } from './problem.ts'
import { TEXT } from './strings.ts'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT'])

/** A request with a valid token. */
interface Exchange extends Access<Database> {
  readonly c: Context
  readonly target: Target
}

/**
 * Serves Redis over HTTP as Upstash does, for `@upstash/redis`, `restTransport` and curl.
 *
 * Mount it anywhere: `app.route('/redis', bridge({ redis, token }))`. `/health` is public and
 * answers 200 if every backend responds, otherwise 503. `/metrics` returns the counters of the database
 * whose token is sent. State is per instance.
 *
 * @throws {InvalidOptionError} When an option is unknown or unusable.
 *
 * @example
 * ```ts
 * const app = bridge({ redis: tcpTransport({ url, strings: 'bytes' }), token })
 * ```
 */
export function bridge(options: BridgeOptions): Hono {
  const policy = resolveBridgeOptions(options)
  const databases = policy.databases.map(({ redis }) => new Database(redis, policy))
  const served = new Bridge(policy, databases)
  const app = new Hono()
  app.get('/health', (c) => served.health(c))
  app.all('*', (c) => served.serve(c))
  return app
}

class Bridge {
  readonly #policy: BridgePolicy
  readonly #databases: readonly Database[]
  readonly #gate: Gate<Database>
  readonly #streams: EventStreams

  constructor(policy: BridgePolicy, databases: readonly Database[]) {
    this.#policy = policy
    this.#databases = databases
    this.#streams = new EventStreams(policy)
    this.#gate = new Gate(
      policy.databases.flatMap(({ token, readOnlyToken }, index) => {
        const database = databases[index] as Database
        const full = { token, database, isReadOnly: false }
        if (readOnlyToken === undefined) return [full]
        return [full, { token: readOnlyToken, database, isReadOnly: true }]
      }),
    )
  }

  /** Public, so it returns the status and nothing more. */
  async health(c: Context): Promise<Response> {
    const { healthTimeoutMs, signal } = this.#policy
    c.header('cache-control', 'no-store')
    if (signal.aborted) return c.json({ status: 'stopping' }, 503)
    const healthy = await Promise.all(
      this.#databases.map((database) => database.isHealthy(healthTimeoutMs)),
    )
    if (healthy.every(Boolean)) return c.json({ status: 'ok' })
    return c.json({ status: 'unavailable' }, 503)
  }

  async serve(c: Context): Promise<Response> {
    try {
      const { method } = c.req.raw
      if (!METHODS.has(method)) {
        throw new Problem(405, 'ERR the method is not one of HEAD, GET, POST and PUT')
      }
      const target = readTarget(c.req.url, basePath(c))
      const access = this.#gate.admit(c.req.header('authorization'), target.token)
      return await this.#timed({ ...access, c, target })
    } catch (error) {
      // The request has no valid token, so no database counts it.
      return problemResponse(error)
    }
  }

  /** Answers a request and counts its outcome. */
  async #timed(exchange: Exchange): Promise<Response> {
    const { database, target } = exchange
    const { platform } = this.#policy
    const [first = ''] = target.segments
    if (target.segments.length === 1 && first === 'metrics') {
      return new Response(database.metrics.toText(), { headers: METRICS_HEADERS })
    }
    const startedAt = platform.now()
    const kind = kindOf(first)
    const response = await this.#respond(kind, exchange).catch(problemResponse)
    database.metrics.request(kind, response.status, platform.now() - startedAt)
    return response
  }

  async #respond(kind: RequestKind, exchange: Exchange): Promise<Response> {
    const { c, target, database } = exchange
    if (kind === 'subscription') return this.#subscribe(exchange)
    const format = formatOf(
      c.req.header('upstash-encoding'),
      c.req.header('upstash-response-format'),
    )
    const { maxBodyBytes } = this.#policy
    const body = await readBody(c.req.raw, maxBodyBytes)
    if (kind === 'command') {
      const words =
        target.segments.length === 0 && target.fields.length === 0
          ? readCommand(body, database.strings)
          : toCommand(readWords(target, body, database.strings))
      return respond(exchange, format, await database.run(words, exchange.isReadOnly))
    }
    if (target.segments.length > 1) throw new Problem(400, `ERR nothing follows /${kind} in a path`)
    if (kind === 'multi-exec' && !format.isJson) {
      throw new Problem(400, 'ERR resp2 is not available for /multi-exec')
    }
    const commands = readCommands(body, database.strings)
    const answer =
      kind === 'pipeline'
        ? await database.runAll(commands, exchange.isReadOnly)
        : await database.runTransaction(commands, exchange.isReadOnly)
    return respond(exchange, format, answer)
  }

  #subscribe({ c, target, database }: Exchange): Promise<Response> {
    const [kind = '', ...channels] = target.segments
    // The server would drop the stream without reading or cancelling it, and the subscription would never end.
    if (c.req.raw.method === 'HEAD') throw new Problem(400, 'ERR HEAD cannot open a subscription')
    if (kind.toLowerCase() === 'monitor') {
      throw new Problem(400, 'ERR MONITOR is not available over REST')
    }
    if (channels.length === 0) {
      throw new Problem(400, `ERR wrong number of arguments for '${kind.toLowerCase()}' command`)
    }
    // Channels and messages are always text, even if the backend's strings are bytes.
    const path = [kind.toLowerCase(), ...channels.map((channel) => decode(channel, TEXT))]
    return this.#streams.open(database, path, { 'upstash-sync-token': database.nextSyncToken() })
  }
}

const METRICS_HEADERS = {
  'content-type': 'text/plain; version=0.0.4; charset=utf-8',
  'cache-control': 'no-store',
}

function kindOf(segment: string): RequestKind {
  if (segment === 'pipeline' || segment === 'multi-exec') return segment
  return /^(?:p?subscribe|monitor)$/i.test(segment) ? 'subscription' : 'command'
}

function toCommand(words: readonly string[]): Words {
  const [name = '', ...args] = words
  if (name === '') throw new Problem(400, 'ERR empty command')
  return [name, ...args]
}

function respond(
  { database }: Exchange,
  format: Format,
  answer: Answer | readonly Answer[],
): Response {
  const failed = 'error' in answer && answer.error !== undefined
  return new Response(format.write(answer, database.strings), {
    status: failed ? 400 : 200,
    headers: {
      'content-type': format.contentType,
      'cache-control': 'no-store',
      'upstash-sync-token': database.nextSyncToken(),
    },
  })
}

/**
 * A `Problem` is sent as it is. Of any other error, the client learns only that the bridge failed. A 503 has no
 * `Retry-After`, which counts whole seconds: a lost connection to Redis is replaced much sooner.
 */
function problemResponse(error: unknown): Response {
  const { status, message } =
    error instanceof Problem ? error : new Problem(500, 'ERR the bridge failed')
  const headers = new Headers({ 'content-type': 'application/json', 'cache-control': 'no-store' })
  if (status === 405) headers.set('allow', [...METHODS].join(', '))
  if (status === 401) headers.set('www-authenticate', 'Bearer')
  return new Response(JSON.stringify({ error: message }), { status, headers })
}
