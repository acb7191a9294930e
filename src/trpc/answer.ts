/**
 * Answers a query from the cache, or from its resolver, which runs once at most whatever the cache does.
 *
 * @module
 */

import type { LoadContext } from '../cache/loader.ts'
import type { CacheNamespace } from '../cache/namespace.ts'
import { encodeValue } from '../entry/codec.ts'
import { survivesJson } from '../entry/survey.ts'
import { InvalidValueError } from '../errors.ts'
import { isServerFault, type ProcedureCall, read, succeed } from './call.ts'
import type { AnswerTransformer, BypassReason, CallInfo } from './options.ts'
import { bypassReasonOf, type Prepared } from './prepare.ts'
import type { Plan } from './resolve-options.ts'

/** How a query came to its answer. */
export type Answer<Result> =
  | { readonly kind: 'hit' | 'miss'; readonly result: Result }
  | {
      readonly kind: 'bypass'
      readonly result: Result
      readonly reason: BypassReason
      readonly error: unknown
    }

/** What an answer needs, beside the call. */
export interface Request {
  readonly space: CacheNamespace
  readonly prepared: Prepared
  readonly dataTags: Plan['dataTags']
  readonly transformer: AnswerTransformer | undefined
}

/** How the resolver of this very call ended. */
interface Own<Result> {
  readonly result: Result
  /** What the cache was given of it. */
  stored?: { readonly value: unknown }
  /** Why it could not be given anything. */
  reason?: BypassReason
}

/**
 * Reads through the cache. Only what the resolver answered well is shared: a call that waited for
 * another's resolver, which failed or returned a stream, runs its own.
 *
 * @throws Whatever `next` rejected with, which tRPC's never does.
 */
export async function answer<Result>(
  call: ProcedureCall<Result>,
  request: Request,
): Promise<Answer<Result>> {
  const { space, prepared } = request
  let run: Promise<Result> | undefined
  const once = (): Promise<Result> => {
    run ??= call.next()
    return run
  }
  let own: Own<Result> | undefined
  const load = async (context: LoadContext): Promise<unknown> => {
    own = { result: await once() }
    return keep(own, request, context)
  }
  try {
    const value = await space.getOrSet(prepared.key, load, prepared.entry)
    return (own && ofOwn(own, value)) ?? { kind: 'hit', result: served(call, request, value) }
  } catch (error) {
    // Whatever failed, the call has its one run: the one that was begun, or else one begun now.
    const result = await once()
    const reason = bypassReasonOf(error) ?? own?.reason
    return reason === undefined
      ? { kind: 'miss', result }
      : { kind: 'bypass', result, reason, error }
  }
}

/**
 * The answer of this call's own run, unless the cache gave another: a stale one that is refreshed
 * behind, or one that steps in for a fault of the server's.
 */
function ofOwn<Result>(own: Own<Result>, value: unknown): Answer<Result> | undefined {
  const { result, stored } = own
  if (stored) return Object.is(stored.value, value) ? { kind: 'miss', result } : undefined
  const outcome = read(result)
  // What is no fault, such as NOT_FOUND, is news; so is an answer that only could not be stored.
  if (!outcome.ok && isServerFault(outcome.error)) return undefined
  return { kind: 'miss', result }
}

/** What the cache is to store of a result. Throws where there is nothing to store. */
function keep(
  own: Own<unknown>,
  { prepared, dataTags, transformer }: Request,
  { setTags }: LoadContext,
): unknown {
  const outcome = read(own.result)
  if (!outcome.ok) throw outcome.error
  own.reason = 'unstorable'
  const value = transformer ? transformer.serialize(outcome.data) : outcome.data
  checkStorable(value)
  own.reason = 'failed-option'
  if (dataTags) setTags(dataTags(withData(prepared.info, outcome.data)))
  delete own.reason
  own.stored = { value }
  return value
}

/** What a function of an answer is given. */
export function withData(info: CallInfo, data: unknown): CallInfo & { readonly data: unknown } {
  return { ...info, data }
}

function served<Result>(
  call: ProcedureCall<Result>,
  { transformer }: Request,
  value: unknown,
): Result {
  return succeed(call, transformer ? transformer.deserialize(value) : value)
}

/**
 * Refuses what must not be shared with the calls that wait, such as a stream: only one can read it.
 *
 * @throws {InvalidValueError} When the value has no encoding.
 */
function checkStorable(value: unknown): void {
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    throw new InvalidValueError('async iterables cannot be encoded')
  }
  if (!survivesJson(value)) encodeValue(value)
}
