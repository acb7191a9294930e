/**
 * A transport that fails, repeats requests, hangs and returns malformed answers as often as a test wants.
 *
 * @module
 */

import { RemoteError } from '../errors.ts'
import { operationOf } from '../redis/failure.ts'
import type {
  Command,
  RedisRequest,
  RedisResponse,
  Requester,
  Transport,
} from '../redis/requester.ts'
import { undergo, type WireFault } from './chaos-call.ts'
import { type ChaosOptions, ChaosPlan, type Chaotic, type Kinds } from './chaos-plan.ts'
import { commandsOf, wrapTransport } from './wrap.ts'

/** Faults of a request to Redis. */
export type TransportFault =
  | WireFault
  /** The request is applied, and its answer is malformed. */
  | 'malformed'

/** One request, by which a rule chooses. */
export interface TransportCall {
  /** Names of its commands, in upper case; scripts as `EVALSHA`. */
  readonly names: readonly string[]
  /** Its commands, keys and values included. */
  readonly commands: readonly Command[]
}

/** Options for {@link chaosTransport}. */
export type ChaosTransportOptions = ChaosOptions<TransportFault, TransportCall>

const KINDS: Kinds<TransportFault> = {
  exclusive: ['fail', 'loseReply', 'duplicate', 'lateDuplicate', 'hang', 'malformed'],
  besides: ['latency'],
}

/**
 * Wraps a transport. Faults are chosen once for each request; streaming requests get none.
 *
 * It rejects as a transport would: with a `RemoteError` that says whether the request may have been applied,
 * or with the reason of the signal.
 *
 * @throws {InvalidOptionError} When an option is unknown or out of its range.
 *
 * @example
 * ```ts
 * const redis = chaosTransport(embeddedTransport(), { faults: { loseReply: 0.1, latency: 0.5 } })
 * const cache = new RedisCacheManager({ redis })
 * ```
 */
export function chaosTransport(
  inner: Requester | Transport,
  options: ChaosTransportOptions = {},
): Transport & Chaotic<TransportFault> {
  const plan = new ChaosPlan(KINDS, options)
  const { platform, latencyMs } = plan

  async function request<Result>(sent: RedisRequest): Promise<RedisResponse<Result>> {
    if (sent.isStreaming) return inner.request<Result>(sent)
    const fate = plan.next(callOf(sent))
    const operation = operationOf(sent)
    const answer = await undergo(fate, {
      platform,
      latencyMs,
      signal: sent.signal,
      send: (signal) => inner.request<Result>(withSignal(sent, signal)),
      refused: () => failure(operation, 'ECONNREFUSED', 'no'),
      lost: () => failure(operation, 'ECONNRESET', 'unknown'),
    })
    const how = fate.get('malformed')
    // The caller has to check the answer.
    return how === undefined ? answer : (malformed(answer, how) as typeof answer)
  }

  return wrapTransport(inner, request, { chaos: plan })
}

function callOf(request: RedisRequest): TransportCall {
  const commands = commandsOf(request)
  return { commands, names: commands.map(([name]) => String(name).toUpperCase()) }
}

function withSignal({ signal: _own, ...rest }: RedisRequest, signal?: AbortSignal): RedisRequest {
  return signal ? { ...rest, signal } : rest
}

function failure(operation: string, reason: string, applied: 'no' | 'unknown'): RemoteError {
  return new RemoteError({ operation, reason, applied, retryable: true })
}

/** A value that is not a valid answer to any request. */
function malformed(answer: unknown, how: number): unknown {
  const list = Array.isArray(answer)
  const shapes: readonly unknown[] = [
    undefined,
    null,
    'OK',
    {},
    { error: 7 },
    { results: [] },
    list ? answer.slice(1) : [answer],
    list ? [...answer, { result: null }] : [],
  ]
  return shapes[Math.floor(how * shapes.length)]
}
