/**
 * What the parts of a `SessionUserCache` share.
 *
 * @module
 */

import type { StandardSchema } from '../cache/standard-schema.ts'
import { InvalidKeyError, InvalidValueError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { NameKey, NameRing } from './name-ring.ts'
import type { RefusalEvent, SessionPolicy } from './options.ts'
import { type Home, homeNames, type SessionSteps } from './steps.ts'
import type { Vault } from './vault.ts'

/** The shared parts, one of each for a cache. */
export interface SessionContext {
  readonly platform: Platform
  readonly steps: SessionSteps
  readonly vault: Vault
  readonly ring: NameRing
  readonly retired: ReadonlySet<string>
  readonly policy: SessionPolicy
  /** Start of every name in Redis: prefix and namespace. */
  readonly base: string
  readonly schema: StandardSchema | undefined
  readonly preferencesSchema: StandardSchema | undefined
  readonly onRefusal: ((refusal: RefusalEvent) => void) | undefined
}

const MAX_USER_ID = 512

/**
 * The key names of a user: those for new values first, then one set for each older name key.
 *
 * @throws {InvalidKeyError} When the user id is not valid.
 */
export function homesOf(ctx: SessionContext, userId: string): readonly [Home, ...Home[]] {
  checkUserId(userId)
  const nameOf = (key: NameKey): Home => homeNames(ctx.base, key.homeOf(userId))
  const [, ...older] = ctx.ring.keys
  return [nameOf(ctx.ring.primary), ...older.map(nameOf)]
}

/**
 * @throws {InvalidKeyError} When the id is not a string, empty, longer than 512 characters or not
 *   well-formed.
 */
export function checkUserId(userId: unknown): asserts userId is string {
  if (typeof userId !== 'string') throw new InvalidKeyError('user id is not a string')
  if (userId === '') throw new InvalidKeyError('user id is empty')
  if (userId.length > MAX_USER_ID) {
    throw new InvalidKeyError(`user id is longer than ${MAX_USER_ID} characters`)
  }
  if (!userId.isWellFormed()) throw new InvalidKeyError('user id has a lone surrogate')
}

/**
 * The value that the schema returns.
 *
 * @throws {InvalidValueError} When the value does not fit the schema.
 */
export async function conform(
  schema: StandardSchema | undefined,
  value: unknown,
  what: string,
): Promise<unknown> {
  if (schema === undefined) return value
  const result = await schema['~standard'].validate(value)
  if (result.issues !== undefined) throw new InvalidValueError(`${what} do not fit the schema`)
  return result.value
}

/** The stored value as the schema returns it, or `undefined` if it no longer fits. */
export async function readAs(
  schema: StandardSchema | undefined,
  value: unknown,
): Promise<{ readonly value: unknown } | undefined> {
  if (schema === undefined) return { value }
  const result = await schema['~standard'].validate(value)
  return result.issues === undefined ? { value: result.value } : undefined
}
