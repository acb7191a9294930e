/**
 * Invalidates tags after a mutation has succeeded.
 *
 * @module
 */

import type { CacheNamespace } from '../cache/namespace.ts'
import { checkTagList } from '../cache/policy.ts'
import { carriedOn } from '../platform/carried-on.ts'
import { inputOf, type ProcedureCall, rawInputOf, read } from './call.ts'
import type { AnswerInfo, CacheMiddlewareOptions } from './options.ts'

/** The tags to invalidate: a list, or a function of the call and its answer. */
export type InvalidatedTags = readonly string[] | ((answer: AnswerInfo) => readonly string[])

/** When to invalidate. */
export interface InvalidatesOptions {
  /**
   * `settled`: also after a failed mutation, which may have had effects. Clients can then cause invalidations
   * by calls that are refused. @default 'success'
   */
  readonly after?: 'success' | 'settled'
}

/** What is needed to invalidate, besides the call. */
export interface InvalidationRequest {
  readonly space: CacheNamespace
  readonly tags: InvalidatedTags
  readonly after: 'success' | 'settled'
  readonly onError: CacheMiddlewareOptions['onInvalidationError']
  /** Called when an invalidation has succeeded or failed. */
  readonly count: (kind: 'invalidations' | 'invalidationErrors') => void
}

/**
 * Runs a mutation, then invalidates.
 *
 * @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When the mutation has succeeded and its tags
 *   may not be invalidated, unless `onError` handles that.
 * @throws {InvalidOptionError | InvalidKeyError} When the tags are not valid. The mutation has been made.
 */
export async function invalidateAfter<Result>(
  call: ProcedureCall<Result>,
  request: InvalidationRequest,
): Promise<Result> {
  return carriedOn(request.space.platform, runAndInvalidate(call, request))
}

async function runAndInvalidate<Result>(
  call: ProcedureCall<Result>,
  request: InvalidationRequest,
): Promise<Result> {
  const result = await call.next()
  const { ok } = read(result)
  if (!ok && request.after === 'success') return result
  try {
    await invalidate(call, request, result)
  } catch (error) {
    // The caller gets the mutation's own error instead.
    if (ok) throw error
  }
  return result
}

async function invalidate(
  call: ProcedureCall<unknown>,
  { space, tags, onError, count }: InvalidationRequest,
  result: unknown,
): Promise<void> {
  let list: readonly string[] = []
  try {
    list = await tagsOf(call, tags, result)
    if (list.length === 0) return
    await space.invalidateTags(list)
    count('invalidations')
  } catch (error) {
    count('invalidationErrors')
    if (!onError) throw error
    await onError(error, list)
  }
}

async function tagsOf(
  call: ProcedureCall<unknown>,
  tags: InvalidatedTags,
  result: unknown,
): Promise<readonly string[]> {
  if (typeof tags !== 'function') return tags
  const outcome = read(result)
  const input = inputOf(call, await rawInputOf(call))
  const data = outcome.ok ? outcome.data : undefined
  return checkTagList(tags({ input, ctx: call.ctx, path: call.path, data }), 'invalidates')
}
