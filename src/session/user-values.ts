/**
 * Values stored beside a user's epoch, each encrypted with the time at which it expires.
 *
 * @module
 */

import { CorruptEntryError } from '../errors.ts'
import type { SessionContext } from './context.ts'
import type { Home } from './steps.ts'
import type { Place } from './vault.ts'

/** Fields of the user's hash in Redis. */
export type UserField = 'm' | 'd' | 'f'

export const PERMISSIONS = 'm'
export const USER_DATA = 'd'
export const PREFERENCES = 'f'

interface Kept {
  readonly until: number
  readonly value: unknown
}

function placeOf(home: Home, field: UserField): Place {
  return { purpose: 'session-user', key: home.user, header: field }
}

/** @throws {InvalidValueError} When the value cannot be encoded, or is too large. */
export function sealUserValue(
  ctx: SessionContext,
  [home, field]: readonly [Home, UserField],
  value: unknown,
  ttlMs: number,
): Promise<string> {
  const kept: Kept = { until: ctx.platform.now() + ttlMs, value }
  return ctx.vault.seal(kept, placeOf(home, field))
}

/**
 * The decrypted value, unless it has expired.
 *
 * @throws {CorruptEntryError} When the text was not sealed for this user and field.
 * @throws {SessionUnavailableError} When the ring lacks its key.
 */
export async function openUserValue(
  ctx: SessionContext,
  [home, field]: readonly [Home, UserField],
  text: string | undefined,
): Promise<{ readonly value: unknown } | undefined> {
  if (text === undefined) return undefined
  const { until, value } = (await ctx.vault.open(text, placeOf(home, field))) as Kept
  return ctx.platform.now() < until ? { value } : undefined
}

/** The permissions that Redis returned with a session; absent if they were sealed with a retired key. */
export async function openPermissions(
  ctx: SessionContext,
  home: Home,
  text: string | undefined,
): Promise<readonly string[] | undefined> {
  if (text === undefined || ctx.vault.isRetired(text)) return undefined
  const found = await openUserValue(ctx, [home, PERMISSIONS], text)
  return found?.value as readonly string[] | undefined
}

/** Like {@link openUserValue}, but a damaged value counts as absent and is loaded again. */
export async function readUserValue(
  ctx: SessionContext,
  where: readonly [Home, UserField],
  text: string | undefined,
): Promise<{ readonly value: unknown } | undefined> {
  try {
    return await openUserValue(ctx, where, text)
  } catch (error) {
    if (error instanceof CorruptEntryError) return undefined
    throw error
  }
}
