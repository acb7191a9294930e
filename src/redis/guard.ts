/**
 * Wraps any transport with one deadline for each operation, retries of requests that are safe to send again,
 * a circuit breaker, and counts of what was sent.
 *
 * This is the only place that decides what a failure of the remote tier means (I10, I12).
 *
 * @module
 */

import { isNearcacheError, RemoteError, RemoteTimeoutError } from '../errors.ts'
import { backoffMs } from '../flight/backoff.ts'
import { type BreakerOptions, CircuitBreaker, type CircuitState } from '../flight/breaker.ts'
import { withDeadline } from '../flight/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { isOutage, networkError, operationOf, pauseMs, replyError, thrownReply } from './failure.ts'
import { commandsOf, isReplaySafe } from './replay.ts'
import type { RedisRequest, RedisResponse, Requester, Transport } from './requester.ts'
import { SCRIPTS } from './scripts/protocol.ts'
import type { Script } from './scripts/script.ts'

/** Options for {@link guard}. */
export interface GuardOptions {
  readonly platform: Platform
  /** One deadline for an operation with all its retries, in milliseconds. @default 500 */
  readonly deadlineMs?: number
  /** How often a safe request is sent again after a failure. @default 2 */
  readonly retries?: number
  readonly breaker?: BreakerOptions
}

/** Counts since the start. */
export interface RequestCounts {
  /** Requests handed to the transport, retries included. */
  requests: number
  /** Commands in them: what a hosted Redis bills. */
  commands: number
  retries: number
  timeouts: number
}

/** A {@link Requester} that answers or fails in bounded time. */
export interface GuardedRequester extends Requester {
  /** As {@link Transport.kind}; undefined if the requester does not state it. */
  readonly kind: string | undefined
  /** As {@link Transport.cluster}. */
  readonly cluster: boolean
  readonly counts: Readonly<RequestCounts>
  readonly circuit: CircuitState
  /** Allows retries of further scripts, which must have the same effect when applied twice. */
  allowRepeat(scripts: readonly Script[]): void
}

/** Backoff of retries. A retry waits at most half the deadline: the other half is left for its answer. */
const RETRY = { baseMs: 10, capMs: 100 }

/**
 * Wraps a transport, or any `Requester`, including one that throws the error replies of Redis.
 *
 * Rejects with `RemoteTimeoutError` at the deadline, with `CircuitOpenError` without sending while
 * the circuit is open, and with the transport's `RemoteError` otherwise. Error replies of Redis
 * pass through as `{ error }`, except those that mean Redis cannot serve any request now (`LOADING`,
 * `READONLY`, an exhausted quota): they reject and count as failures. Refused credentials, and a `Retry-After`
 * that is too long to wait for, open the circuit at once.
 */
export function guard(transport: Requester, options: GuardOptions): GuardedRequester {
  const { platform, deadlineMs = 500, retries = 2 } = options
  const ours = new Map<string, string>()
  const allowRepeat = (scripts: readonly Script[]): void => {
    for (const { sha1, lua } of scripts) ours.set(sha1, lua)
  }
  allowRepeat(SCRIPTS)
  const { kind, cluster = false } = transport as Partial<Transport>
  const breaker = new CircuitBreaker(platform, { ...options.breaker, probeMs: deadlineMs, pauseMs })
  const graceMs = (): number => (transport as Partial<Transport>).graceMs?.() ?? 0
  const counts: RequestCounts = { requests: 0, commands: 0, retries: 0, timeouts: 0 }

  /** Sends a request once. Throws only errors of this library; an error reply is returned as an answer. */
  async function attempt(request: RedisRequest): Promise<RedisResponse<never>> {
    counts.requests++
    counts.commands += commandsOf(request).length
    let answer: RedisResponse<never>
    try {
      answer = await transport.request<never>(request)
    } catch (error) {
      answer = answerIn(error, request)
    }
    // In a cluster, an error reply is that of one node and says nothing about the others.
    const outage = cluster ? undefined : outageIn(answer)
    if (outage !== undefined) throw replyError(operationOf(request), outage)
    return answer
  }

  function persist(
    request: RedisRequest,
    isOver: () => boolean,
    tries = 0,
    isInDoubt = false,
  ): Promise<RedisResponse<never>> {
    return attempt(request).catch(async (failure: unknown) => {
      const error = isInDoubt ? doubtful(failure) : failure
      const waitMs = waitBeforeRetry(request, failure, tries)
      if (waitMs === undefined) throw error
      await platform.delay(waitMs, request.signal)
      if (isOver()) throw error
      counts.retries++
      return persist(request, isOver, tries + 1, isDoubtful(error))
    })
  }

  /** In milliseconds; `undefined` if a retry is unsafe or would be too late. */
  function waitBeforeRetry(
    request: RedisRequest,
    error: unknown,
    tries: number,
  ): number | undefined {
    if (tries === retries || pauseMs(error) === null) return undefined
    if (!maySendAgain(request, error, ours)) return undefined
    const { retryAfterMs = 0 } = error as RemoteError
    const waitMs = Math.max(backoffMs(RETRY, tries, platform.random()), retryAfterMs)
    return waitMs <= deadlineMs / 2 ? waitMs : undefined
  }

  async function send(request: RedisRequest): Promise<RedisResponse<never>> {
    let isOver = false
    let work: Promise<RedisResponse<never>>
    const timedOut = (): RemoteTimeoutError => {
      isOver = true
      counts.timeouts++
      // On Workers, the transport's grace may outlast the Worker's request.
      platform.defer(work)
      return new RemoteTimeoutError(operationOf(request), deadlineMs)
    }
    const task = (signal: AbortSignal): typeof work => {
      work = persist({ ...request, signal, deadlineMs }, () => isOver)
      return work
    }
    return breaker.run(() => withDeadline(platform, deadlineMs, timedOut, task, graceMs))
  }

  return {
    counts,
    kind,
    cluster,
    allowRepeat,
    get circuit(): CircuitState {
      return breaker.state
    },
    get upstashSyncToken(): string {
      return transport.upstashSyncToken ?? ''
    },
    set upstashSyncToken(token: string) {
      transport.upstashSyncToken = token
    },
    // A subscription stays open as long as its reader wants, so it has no deadline.
    request: <Result>(request: RedisRequest): Promise<RedisResponse<Result>> =>
      request.isStreaming ? transport.request(request) : send(request),
  }
}

/** The error reply in what a `Requester` has thrown. @throws An error of this library if it is not an error reply. */
function answerIn(error: unknown, request: RedisRequest): RedisResponse<never> {
  if (isNearcacheError(error)) throw error
  const operation = operationOf(request)
  const reply = thrownReply(error)
  if (reply === undefined) throw networkError(operation, error)
  // A pipeline that was refused as a whole has no answers for its commands.
  if (operation === 'pipeline') throw replyError(operation, reply)
  return { error: reply }
}

function isDoubtful(error: unknown): boolean {
  return error instanceof RemoteError && error.applied === 'unknown'
}

/** Marks the failure of the last attempt as `unknown`, because an earlier attempt may have been applied. */
function doubtful(error: unknown): unknown {
  if (!(error instanceof RemoteError) || isDoubtful(error)) return error
  return new RemoteError({ ...error, applied: 'unknown' })
}

/** The error reply that means Redis cannot serve any request now, if there is one. */
function outageIn(answer: unknown): string | undefined {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer
  const error = (first as RedisResponse<unknown> | null | undefined)?.error
  return typeof error === 'string' && isOutage(error) ? error : undefined
}

function maySendAgain(
  request: RedisRequest,
  error: unknown,
  ours: ReadonlyMap<string, string>,
): boolean {
  if (!(error instanceof RemoteError) || !error.retryable) return false
  if (error.applied === 'no') return true
  return commandsOf(request).every((command) => isReplaySafe(command, ours))
}
