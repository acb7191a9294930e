/**
 * A transport to the embedded engine.
 *
 * @module
 */

import { checkFields } from '../../entry/option-checks.ts'
import { ClosedError } from '../../errors.ts'
import type { Command, RedisRequest, RedisResponse, Reply, Transport } from '../requester.ts'
import { type EmbeddedOptions, EmbeddedRedis } from './engine.ts'

const NOT_A_LIST: RedisResponse<Reply> = { error: 'ERR the request is not a list of commands' }

/**
 * Requests are answered by an engine in this process or isolate.
 *
 * A subscription is a request with `path: ['subscribe', channel]` or `['psubscribe', pattern]` and `onMessage`.
 * It lasts until the signal is aborted or the transport is closed.
 */
class EmbeddedTransport implements Transport {
  readonly kind = 'embedded'
  readonly #engine: EmbeddedRedis
  readonly #subscriptions = new Set<() => void>()
  #isClosed = false

  constructor(engine: EmbeddedRedis) {
    this.#engine = engine
  }

  async request<Result = unknown>(request: RedisRequest): Promise<RedisResponse<Result>> {
    if (this.#isClosed) throw new ClosedError('embedded transport')
    request.signal?.throwIfAborted()
    // Only the caller knows the type of its command's reply.
    return this.#answer(request) as RedisResponse<Result>
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const end of this.#subscriptions) end()
  }

  #answer(request: RedisRequest): RedisResponse<Reply> | RedisResponse<Reply>[] {
    const { path: [kind] = [], body } = request
    if (kind === 'subscribe' || kind === 'psubscribe') return this.#subscribe(kind, request)
    if (!Array.isArray(body)) return NOT_A_LIST
    if (kind === undefined) return this.#engine.execute(body as unknown as Command)
    if (!body.every(Array.isArray)) return NOT_A_LIST
    const commands = body as unknown as Command[]
    if (kind === 'pipeline') return commands.map((command) => this.#engine.execute(command))
    if (kind === 'multi-exec') return this.#engine.transaction(commands)
    return { error: 'ERR the embedded engine does not serve this path' }
  }

  #subscribe(
    kind: 'subscribe' | 'psubscribe',
    { path = [], onMessage, signal }: RedisRequest,
  ): RedisResponse<Reply> {
    const names = path.slice(1)
    if (names.length === 0 || !onMessage) {
      return { error: 'ERR a subscription needs a channel and a listener' }
    }
    const ends = names.map((name) => this.#engine[kind](name, onMessage))
    const end = (): void => {
      for (const endOne of ends) endOne()
      signal?.removeEventListener('abort', end)
      this.#subscriptions.delete(end)
    }
    this.#subscriptions.add(end)
    signal?.addEventListener('abort', end, { once: true })
    return { result: names.length }
  }
}

/**
 * Creates a transport to a new engine with these options, or to an existing engine.
 *
 * Transports to the same engine see the same keys. Closing one does not affect the engine.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its documented range.
 */
export function embeddedTransport(
  options: EmbeddedOptions | { readonly engine: EmbeddedRedis } = {},
): Transport {
  if (!('engine' in options)) return new EmbeddedTransport(new EmbeddedRedis(options))
  // An engine has its own options already: others beside it would do nothing.
  checkFields(options, 'options', ['engine'])
  return new EmbeddedTransport(options.engine)
}
