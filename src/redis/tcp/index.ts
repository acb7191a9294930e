/**
 * Redis over its own protocol, by ioredis: for Node, and for Workers within one request.
 *
 * One request in, one answer out. Deadlines, retries and the circuit breaker are the guard's.
 *
 * @module
 */

import { ClosedError, ConfigurationError } from '../../errors.ts'
import { unlessAborted } from '../../flight/deadline.ts'
import { checkAnswer } from '../answer.ts'
import { operationOf } from '../failure.ts'
import type { RedisRequest, RedisResponse, Transport } from '../requester.ts'
import type { TcpClient } from './client.ts'
import { readCommand } from './commands.ts'
import { Connection, connectError } from './connection.ts'
import { type ClientPlan, resolveTcpOptions, type TcpOptions, type TcpPolicy } from './options.ts'
import { listen } from './subscription.ts'
import { BYTES } from './wire.ts'

export type { TcpArgument, TcpBatch, TcpClient } from './client.ts'
export type { TcpAddress, TcpOptions, TcpTls } from './options.ts'

/**
 * A transport to Redis 6 or later, Valkey, or a Redis Cluster.
 *
 * Needs the package `ioredis` 5, which is loaded with the first request. Commands that change or
 * hold up a connection (`SELECT`, `BLPOP`, `MULTI`, `SUBSCRIBE`) are answered with an error: the
 * connection is shared. It keeps the process from ending until `close()`.
 *
 * On a cluster, a pipeline keeps its order for each node only. `SCAN`, `KEYS`, `DBSIZE`, `INFO`,
 * `FLUSHALL`, `FLUSHDB`, `SCRIPT` and `FUNCTION` are of all its primaries together, and fail while one
 * of these is away; a transaction, and other commands without a key, are one node's.
 *
 * Understands `subscribe` and `psubscribe` as streams, each on a connection of its own: the request
 * resolves once the channel is heard, `onMessage` gets each event (`message,channel,text`), and the
 * signal ends it, as does a listener that throws. `subscribe,channel,1` comes again after each loss
 * of the connection.
 *
 * @throws {InvalidOptionError} When an option is unusable; on Cloudflare Workers without `perRequest`.
 *
 * @example
 * ```ts
 * const transport = tcpTransport({ url: 'redis://localhost:6379' })
 * ```
 */
export function tcpTransport(options: TcpOptions): Transport {
  return new TcpTransport(resolveTcpOptions(options))
}

class TcpTransport implements Transport {
  readonly kind = 'tcp'
  readonly cluster: boolean
  readonly strings: 'text' | 'bytes'
  readonly #policy: TcpPolicy
  #connections: readonly Connection[] | undefined
  #connecting: Promise<readonly Connection[]> | undefined
  readonly #subscriptions = new Set<TcpClient>()
  #turn = 0
  #closed = false

  constructor(policy: TcpPolicy) {
    this.#policy = policy
    this.cluster = policy.cluster
    this.strings = policy.wire === BYTES ? 'bytes' : 'text'
  }

  async request<Result = unknown>(request: RedisRequest): Promise<RedisResponse<Result>> {
    this.#requireOpen()
    request.signal?.throwIfAborted()
    const operation = operationOf(request)
    const sending = request.isStreaming ? this.#subscribe(request) : this.#send(operation, request)
    const answer = await unlessAborted(sending, request.signal)
    return checkAnswer<Result>(operation, request, answer)
  }

  async close(): Promise<void> {
    this.#closed = true
    const connections = this.#connections ?? []
    this.#connections = []
    for (const client of this.#subscriptions) client.disconnect()
    this.#subscriptions.clear()
    await Promise.all(connections.map((connection) => connection.close()))
  }

  async #send(operation: string, request: RedisRequest): Promise<unknown> {
    const { path: [kind, ...more] = [], body, signal } = request
    if (kind === undefined) {
      const command = readCommand(body)
      if ('error' in command) return command
      return (await this.#connection(signal)).send(operation, command, signal)
    }
    const isBatch = more.length === 0 && (kind === 'pipeline' || kind === 'multi-exec')
    if (!isBatch) return { error: 'ERR this path is not available over tcp' }
    if (!Array.isArray(body)) return { error: 'ERR the body of a batch is not a list' }
    if (body.length === 0) return []
    const commands = body.map(readCommand)
    if (kind === 'pipeline') {
      return (await this.#connection(signal)).sendAll(operation, commands, signal)
    }
    const refused = commands.find((command) => 'error' in command)
    if (refused) {
      return { error: `EXECABORT Transaction discarded because of: ${refused.error}` }
    }
    const sent = commands.filter((command) => 'name' in command)
    return (await this.#connection(signal)).sendTransaction(operation, sent, signal)
  }

  async #subscribe({ path = [], signal, onMessage }: RedisRequest): Promise<unknown> {
    const [kind, ...channels] = path
    if ((kind !== 'subscribe' && kind !== 'psubscribe') || channels.length === 0) {
      return { error: 'ERR this path is not available over tcp' }
    }
    const client = (await this.#connection(signal)).duplicate()
    const end = (): void => {
      this.#subscriptions.delete(client)
      client.disconnect()
    }
    this.#subscriptions.add(client)
    signal?.addEventListener('abort', end, { once: true })
    try {
      await listen(client, kind, channels, (data) => onMessage?.(data))
      return { result: 1 }
    } catch (error) {
      signal?.removeEventListener('abort', end)
      end()
      throw connectError(kind, error)
    }
  }

  /** The next connection that is ready, in turn; the next one at all when none is. */
  async #connection(signal: AbortSignal | undefined): Promise<Connection> {
    const connections = this.#connections ?? (await this.#connect())
    signal?.throwIfAborted()
    this.#requireOpen()
    this.#turn = (this.#turn + 1) % connections.length
    const inTurn = [...connections.slice(this.#turn), ...connections.slice(0, this.#turn)]
    const [next] = inTurn
    const chosen = inTurn.find((connection) => connection.isReady) ?? next
    if (!chosen) throw new ClosedError('tcp transport')
    return chosen
  }

  #connect(): Promise<readonly Connection[]> {
    this.#connecting ??= this.#makeConnections().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #makeConnections(): Promise<readonly Connection[]> {
    const { plan, poolSize, platform, wire, replyTimeoutMs } = this.#policy
    const make = await clientMaker(plan)
    this.#requireOpen()
    const owned = plan.kind !== 'given'
    // In a cluster, silence of one node says nothing of the others: ioredis watches each.
    const watched = plan.kind === 'single' ? replyTimeoutMs : undefined
    const comesBack = plan.kind === 'single' && plan.options.retryStrategy?.(1) !== null
    const onReplica = (): void => {
      for (const connection of this.#connections ?? []) connection.leaveReplica()
    }
    const options = { platform, wire, replyTimeoutMs: watched, owned, comesBack, onReplica }
    this.#connections = Array.from({ length: poolSize }, () => new Connection(make(), options))
    return this.#connections
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError('tcp transport')
  }
}

async function clientMaker(plan: ClientPlan): Promise<() => TcpClient> {
  if (plan.kind === 'given') return () => plan.client
  const { Cluster, Redis } = await loadIoredis()
  if (plan.kind === 'cluster') return () => new Cluster(plan.nodes, plan.options)
  return () => new Redis(plan.options)
}

async function loadIoredis(): Promise<Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>> {
  try {
    return await import('ioredis')
  } catch {
    // The loader's error tells paths of this machine, and nothing more.
    throw new ConfigurationError(['the tcp transport needs the package ioredis: install ioredis 5'])
  }
}
