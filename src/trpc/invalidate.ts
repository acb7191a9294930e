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

/** The labels to invalidate: a list, or what the call and its answer say. */
export type InvalidatedTags = readonly string[] | ((answer: AnswerInfo) => readonly string[])

/** When to invalidate. */
export interface InvalidatesOptions {
  /**
   * `settled`: also when the mutation failed, whose effects may have remained. Clients can then
   * invalidate by calls that are refused. @default 'success'
   */
  readonly after?: 'success' | 'settled'
}

/** What an invalidation needs, beside the call. */
export interface InvalidationRequest {
  readonly space: CacheNamespace
  readonly tags: InvalidatedTags
  readonly after: 'success' | 'settled'
  readonly onError: CacheMiddlewareOptions['onInvalidationError']
  /** Called when it has been done, or has failed. */
  readonly count: (kind: 'invalidations' | 'invalidationErrors') => void
}

/**
 * Runs a mutation, then invalidates.
 *
 * @throws {RemoteError | RemoteTimeoutError | CircuitOpenError} When the mutation has succeeded and its
 * tags may not be invalidated, unless `onError` takes that upon itself.
 * @throws {InvalidOptionError | InvalidKeyError} When the tags are none. The mutation has been made.
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
    // The mutation's own failure is the one to tell.
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
