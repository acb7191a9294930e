/**
 * Answers a query from the cache or from its resolver, which runs at most once whatever the cache does.
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

/** Where the answer of a query came from. */
export type Answer<Result> =
  | { readonly kind: 'hit' | 'miss'; readonly result: Result }
  | {
      readonly kind: 'bypass'
      readonly result: Result
      readonly reason: BypassReason
      readonly error: unknown
    }

/** What is needed to answer, besides the call. */
export interface Request {
  readonly space: CacheNamespace
  readonly prepared: Prepared
  readonly dataTags: Plan['dataTags']
  readonly transformer: AnswerTransformer | undefined
}

/** The result of this call's own resolver. */
interface Own<Result> {
  readonly result: Result
  /** The value that was given to the cache. */
  stored?: { readonly value: unknown }
  /** Why no value could be given to the cache. */
  reason?: BypassReason
}

/**
 * Reads through the cache. Only a successful answer of a resolver is shared: a call that waited for another
 * call's resolver runs its own if that one failed or returned a stream.
 *
 * @throws Whatever `next` rejected with; the `next` of tRPC never rejects.
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
    // Whatever failed, the resolver runs once for the call: the run that has begun, or one that begins now.
    const result = await once()
    const reason = bypassReasonOf(error) ?? own?.reason
    return reason === undefined
      ? { kind: 'miss', result }
      : { kind: 'bypass', result, reason, error }
  }
}

/**
 * The answer of this call's own run, unless the cache returned another one: a stale answer that is refreshed
 * in the background, or one that replaces an answer with a server fault.
 */
function ofOwn<Result>(own: Own<Result>, value: unknown): Answer<Result> | undefined {
  const { result, stored } = own
  if (stored) return Object.is(stored.value, value) ? { kind: 'miss', result } : undefined
  const outcome = read(result)
  // An error that is no server fault, such as NOT_FOUND, is a valid new answer. So is an answer that only
  // could not be stored.
  if (!outcome.ok && isServerFault(outcome.error)) return undefined
  return { kind: 'miss', result }
}

/** The value to store of a result. Throws if there is none. */
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

/** The argument of an option that is a function of the answer. */
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
 * Rejects answers that cannot be shared with waiting calls, such as a stream, which only one can read.
 *
 * @throws {InvalidValueError} When the value cannot be encoded.
 */
function checkStorable(value: unknown): void {
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    throw new InvalidValueError('async iterables cannot be encoded')
  }
  if (!survivesJson(value)) encodeValue(value)
}
