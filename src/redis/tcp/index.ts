/**
 * Redis over its own protocol by ioredis: on Node, and on Workers within one request.
 *
 * Sends each request once. Deadlines, retries and the circuit breaker belong to the guard.
 *
 * @module
 */

import { ClosedError, ConfigurationError } from '../../errors.ts'
import { unlessAborted } from '../../flight/deadline.ts'
import { checkAnswer } from '../answer.ts'
import type { RedisRequest, RedisResponse, Transport } from '../requester.ts'
import type { TcpClient } from './client.ts'
import type { ClientPlan } from './client-plan.ts'
import { readCommand } from './commands.ts'
import { connectError } from './connect-error.ts'
import { Connection } from './connection.ts'
import { refusedWhileLoading } from './dial.ts'
import type { TcpOptions } from './options.ts'
import { resolveTcpOptions, type TcpPolicy } from './resolve-options.ts'
import { tellingConnector } from './sentinel.ts'
import { listen } from './subscription.ts'
import { BYTES } from './wire.ts'

export type { TcpAddress } from './addresses.ts'
export type { TcpArgument, TcpBatch, TcpClient } from './client.ts'
export type { TcpOptions, TcpTls } from './options.ts'

/**
 * Connects to Redis 6 or later, Valkey, or a Redis Cluster over TCP.
 *
 * Needs the package `ioredis` 5.9 or later, which is loaded at the first request. The connection is shared,
 * so commands that change or block it (`SELECT`, `BLPOP`, `MULTI`, `SUBSCRIBE`) are refused with an error.
 * The process stays alive until `close()`.
 *
 * On a cluster, a pipeline keeps its order only within each node. A node that does not answer counts as
 * down until it answers a probe: commands on its keys get the error `NOMASTERLINK` at once; those on other
 * keys are served. A request rejects if a node has just failed, which is worth a retry, and if no node is
 * left. `SCAN`, `KEYS`, `DBSIZE`, `INFO`, `FLUSHALL`, `FLUSHDB`, `SCRIPT` and `FUNCTION` run on all
 * primaries, and fail while one of them is down; a transaction, and other commands without a key, run on
 * one node.
 *
 * Supports `subscribe` and `psubscribe` as streams, each on its own connection: the request resolves when
 * the channel is subscribed, `onMessage` is called with each event (`message,channel,text`), and the signal
 * ends it, as does a listener that throws or rejects. After each loss of the connection, `subscribe,channel,1` comes
 * again, preceded by `unsubscribe,channel,0` if the first attempt to reconnect failed: the server is down, or
 * no longer allows the channel.
 *
 * @throws {InvalidOptionError} When an option is unknown or unusable; on Cloudflare Workers without `perRequest`.
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
  /** One controller for each subscription; its abort ends the subscription. */
  readonly #subscriptions = new Set<AbortController>()
  #turn = 0
  #closed = false

  constructor(policy: TcpPolicy) {
    this.#policy = policy
    this.cluster = policy.cluster
    this.strings = policy.wire === BYTES ? 'bytes' : 'text'
  }

  async request<Result = unknown>(request: RedisRequest): Promise<RedisResponse<Result>> {
    const { signal, isStreaming } = request
    this.#requireOpen()
    signal?.throwIfAborted()
    const sending = isStreaming ? this.#subscribe(request) : this.#send(request)
    const answer = sending instanceof Promise ? await unlessAborted(sending, signal) : sending
    return checkAnswer<Result>(request, answer)
  }

  async close(): Promise<void> {
    this.#closed = true
    const connections = this.#connections ?? []
    this.#connections = []
    for (const ending of this.#subscriptions) ending.abort()
    await Promise.all(connections.map((connection) => connection.close()))
  }

  /** The answer; synchronous if the request is refused. */
  #send(request: RedisRequest): unknown {
    const { path = [], body, signal } = request
    const [kind, ...more] = path
    if (kind === undefined) {
      const command = readCommand(body)
      if ('error' in command) return command
      return this.#withConnection(signal, (connection) => connection.send(command, request))
    }
    const isBatch = more.length === 0 && (kind === 'pipeline' || kind === 'multi-exec')
    if (!isBatch) return { error: 'ERR this path is not available over tcp' }
    if (!Array.isArray(body)) return { error: 'ERR the body of a batch is not a list' }
    if (body.length === 0) return []
    const commands = body.map(readCommand)
    if (kind === 'pipeline') {
      return this.#withConnection(signal, (connection) => connection.sendAll(commands, request))
    }
    const refused = commands.find((command) => 'error' in command)
    if (refused) {
      return { error: `EXECABORT Transaction discarded because of: ${refused.error}` }
    }
    const sent = commands.filter((command) => 'name' in command)
    return this.#withConnection(signal, (connection) => connection.sendTransaction(sent, signal))
  }

  async #subscribe({ path = [], signal, onMessage }: RedisRequest): Promise<unknown> {
    const [kind, ...channels] = path
    if ((kind !== 'subscribe' && kind !== 'psubscribe') || channels.length === 0) {
      return { error: 'ERR this path is not available over tcp' }
    }
    const { comesBack, connectTimeoutMs, replyTimeoutMs, platform } = this.#policy
    const ending = new AbortController()
    const end = (): void => ending.abort()
    this.#subscriptions.add(ending)
    signal?.addEventListener('abort', end, { once: true })
    ending.signal.addEventListener('abort', () => {
      this.#subscriptions.delete(ending)
      signal?.removeEventListener('abort', end)
    })
    try {
      await listen({
        kind,
        channels,
        onMessage: (data) => onMessage?.(data),
        dial: () => this.#withConnection(signal, (connection) => connection.dial(kind)),
        comesBack,
        // One timeout to find a server, and one to connect to it.
        timeoutMs: 2 * connectTimeoutMs,
        silenceMs: replyTimeoutMs,
        platform,
        ending,
      })
      return { result: 1 }
    } catch (error) {
      end()
      throw connectError(kind, error)
    }
  }

  /** Calls `use` with a connection; synchronously if the connections exist already. */
  #withConnection<T>(
    signal: AbortSignal | undefined,
    use: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    if (this.#connections) return use(this.#choose(this.#connections))
    return this.#connect().then((connections) => {
      signal?.throwIfAborted()
      this.#requireOpen()
      return use(this.#choose(connections))
    })
  }

  /** The next ready connection, in turn; if none is ready, the next one. */
  #choose(connections: readonly Connection[]): Connection {
    const turn = this.#turn++ % connections.length
    const next = connections[turn]
    if (!next) throw new ClosedError('tcp transport')
    if (next.isReady) return next
    const others = [...connections.slice(turn + 1), ...connections.slice(0, turn)]
    return others.find(({ isReady }) => isReady) ?? next
  }

  #connect(): Promise<readonly Connection[]> {
    this.#connecting ??= this.#makeConnections().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #makeConnections(): Promise<readonly Connection[]> {
    const { plan, poolSize, platform, wire, comesBack } = this.#policy
    const make = await clientMaker(plan)
    this.#requireOpen()
    const owned = plan.kind !== 'given'
    // On a cluster, the silence of one node says nothing about the others, and ioredis watches each node.
    const watched: Partial<TcpPolicy> = plan.kind === 'single' ? this.#policy : {}
    const onReplica = (): void => {
      for (const connection of this.#connections ?? []) connection.leaveReplica()
    }
    const options = {
      platform,
      wire,
      owned,
      onReplica,
      greetingTimeoutMs: watched.connectTimeoutMs,
      replyTimeoutMs: watched.replyTimeoutMs,
      comesBack: comesBack && plan.kind === 'single',
    }
    this.#connections = Array.from({ length: poolSize }, () => new Connection(make(), options))
    return this.#connections
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError('tcp transport')
  }
}

async function clientMaker(plan: ClientPlan): Promise<() => TcpClient> {
  if (plan.kind === 'given') return () => plan.client
  const { Cluster, Redis, SentinelConnector } = await loadIoredis()
  if (plan.kind === 'cluster') return () => new Cluster(plan.nodes, plan.options)
  if (!plan.options.sentinels) return () => refusedWhileLoading(new Redis(plan.options))
  const Connector = tellingConnector(SentinelConnector)
  return () => refusedWhileLoading(new Redis({ ...plan.options, Connector }))
}

async function loadIoredis(): Promise<
  Pick<typeof import('ioredis'), 'Cluster' | 'Redis' | 'SentinelConnector'>
> {
  try {
    // Some bundlers, such as the webpack of Next.js, expose only the default export of a CommonJS package.
    return (await import('ioredis')).default
  } catch (error) {
    // The loader's error contains only paths of this machine.
    const what = isDenied(error)
      ? ', which Deno loads with --allow-env'
      : ': install ioredis, and where it is bundled leave it external'
    throw new ConfigurationError([`the tcp transport needs the package ioredis${what}`])
  }
}

/** Whether Deno has denied ioredis access to the environment, which it reads when it is loaded. */
function isDenied(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotCapable'
}
