/**
 * Decides whether a query is cached, and under which key and tags.
 *
 * @module
 */

import type { EntryOptions } from '../cache/options.ts'
import { checkTagList } from '../cache/policy.ts'
import { canonicalText } from '../entry/canonical.ts'
import { InvalidKeyError, InvalidOptionError } from '../errors.ts'
import { inputOf, type ProcedureCall, rawInputOf } from './call.ts'
import type { BypassReason, CacheMiddlewareOptions, CallInfo } from './options.ts'
import type { Plan } from './resolve-options.ts'
import { isId, userOf } from './user.ts'

/** A query to be answered from the cache. */
export interface Prepared {
  readonly kind: 'cached'
  readonly key: string
  readonly entry: EntryOptions
  readonly info: CallInfo
}

/** A query that bypasses the cache. */
export interface Bypass {
  readonly kind: 'bypass'
  readonly reason: BypassReason
  readonly error?: unknown
}

/** The parts of a key. */
export interface KeyParts {
  readonly path: string
  readonly rawInput: unknown
  readonly ctx: unknown
  readonly isPublic: boolean
}

/** The owner of an entry: all callers, no particular user, or a user by id. */
type Owner = readonly ['public' | 'nobody'] | readonly ['user', id: string]

/** The tag of all entries of a procedure. */
export function procedureTag(path: string): string {
  return `procedure:${path}`
}

/** The tag of all entries of a user. */
export function userTag(id: string | number | bigint): string {
  return `user:${id}`
}

/** Never throws: an error here is a reason to bypass the cache. */
export async function prepare(
  options: CacheMiddlewareOptions,
  plan: Plan,
  call: ProcedureCall<unknown>,
): Promise<Prepared | Bypass> {
  const { path, ctx } = call
  try {
    const rawInput = await rawInputOf(call)
    const { shouldCache } = options
    if (shouldCache && !(await shouldCache(rawInput, ctx))) return bypass('declined')
    const owner = ownerOf(options, ctx, plan.isPublic)
    if (owner === undefined) return bypass('no-user')
    const info = { input: inputOf(call, rawInput), ctx, path }
    const tags = [procedureTag(path), ...tagsOf(plan, info)]
    if (owner[0] === 'user') tags.push(userTag(owner[1]))
    const key = keyFor(options, { path, rawInput, ctx, isPublic: plan.isPublic }, owner)
    return { kind: 'cached', key, entry: { ...plan.entry, tags }, info }
  } catch (error) {
    return { ...bypass(error instanceof InvalidKeyError ? 'no-key' : 'failed-option'), error }
  }
}

/**
 * The key of an entry.
 *
 * @throws {InvalidKeyError} When the input cannot be part of one, or the user is not known.
 */
export function keyOf(options: CacheMiddlewareOptions, parts: KeyParts): string {
  const owner = ownerOf(options, parts.ctx, parts.isPublic)
  if (owner === undefined) throw new InvalidKeyError('the context names no user')
  return keyFor(options, parts, owner)
}

function keyFor(
  { varyBy, keyGenerator, version }: CacheMiddlewareOptions,
  { path, rawInput, ctx }: KeyParts,
  owner: Owner,
): string {
  const input = keyGenerator ? keyGenerator(rawInput, ctx) : rawInput
  if (keyGenerator && typeof input !== 'string') throw new InvalidKeyError('key is not a string')
  return canonicalText([path, input, owner, varyBy?.(ctx), version])
}

function ownerOf(
  { user = userOf }: CacheMiddlewareOptions,
  ctx: unknown,
  isPublic: boolean,
): Owner | undefined {
  if (isPublic) return ['public']
  const id: unknown = user(ctx)
  if (id === null) return ['nobody']
  return isId(id) ? ['user', String(id)] : undefined
}

function tagsOf({ tags }: Plan, info: CallInfo): readonly string[] {
  return typeof tags === 'function' ? checkTagList(tags(info), 'tags') : tags
}

function bypass(reason: BypassReason): Bypass {
  return { kind: 'bypass', reason }
}

/** The reason if an error was caused by the result of a function in the options. */
export function bypassReasonOf(error: unknown): BypassReason | undefined {
  if (error instanceof InvalidKeyError) return 'no-key'
  return error instanceof InvalidOptionError ? 'failed-option' : undefined
}
