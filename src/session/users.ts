/**
 * Cached data of a user: data, preferences, and permissions, which belong to the user's epoch.
 *
 * @module
 */

import { randomId } from '../entry/id.ts'
import { InvalidValueError } from '../errors.ts'
import { USER_LOOK, USER_PUT, USER_RENEW } from '../redis/scripts/user.ts'
import { conform, homesOf, readAs, type SessionContext } from './context.ts'
import { resolveLifetimes } from './options.ts'
import { malformed, optionalOf, textOf } from './replies.ts'
import type { Home } from './steps.ts'
import {
  PERMISSIONS,
  PREFERENCES,
  readUserValue,
  sealUserValue,
  USER_DATA,
  type UserField,
} from './user-values.ts'

const FIELDS: readonly UserField[] = [PERMISSIONS, USER_DATA, PREFERENCES]
const MAX_PERMISSIONS = 1_000
const MAX_PERMISSION = 256

/** How long a field is stored, in milliseconds. */
function ttlOf({ policy }: SessionContext, field: UserField): number {
  return field === PREFERENCES ? policy.preferencesTtlMs : policy.userTtlMs
}

/** How long the epoch is stored, in milliseconds: as long as every session and every stored value. */
function lifeOf({ policy }: SessionContext): number {
  const { absoluteMs } = resolveLifetimes(policy.lifetimes, {})
  return Math.max(absoluteMs, policy.userTtlMs, policy.preferencesTtlMs)
}

async function check(ctx: SessionContext, field: UserField, value: unknown): Promise<unknown> {
  if (field === PREFERENCES) return conform(ctx.preferencesSchema, value, 'the preferences')
  if (field === PERMISSIONS) checkPermissions(value)
  return value
}

function checkPermissions(value: unknown): void {
  const fits =
    Array.isArray(value) &&
    value.length <= MAX_PERMISSIONS &&
    value.every((one) => typeof one === 'string' && one.length <= MAX_PERMISSION)
  if (fits) return
  throw new InvalidValueError(
    `permissions are at most ${MAX_PERMISSIONS} texts of at most ${MAX_PERMISSION} characters`,
  )
}

/**
 * Replaces a value: one command, and one more for each older name key. Permissions change the soft id of the
 * user's epoch in the same step.
 *
 * @throws {InvalidValueError} When it does not fit its schema, or cannot be stored.
 */
export async function putUserValue(
  ctx: SessionContext,
  userId: string,
  field: UserField,
  value: unknown,
): Promise<void> {
  const homes = homesOf(ctx, userId)
  const checked = await check(ctx, field, value)
  const renews = field === PERMISSIONS ? 1 : 0
  await Promise.all(homes.map((home) => put(ctx, home, [field, checked], { ifSoft: '', renews })))
}

/** The stored value; `undefined` if there is none, it has expired, or it no longer fits its schema. */
export async function userValue(
  ctx: SessionContext,
  userId: string,
  field: UserField,
): Promise<{ readonly value: unknown } | undefined> {
  const [home] = homesOf(ctx, userId)
  const reply = await ctx.steps.send('read user', 'HGET', home.user, field)
  return open(ctx, home, field, optionalOf('read user', reply))
}

/**
 * The stored value, or else what `load` returns. That is stored, unless the user was invalidated or got other
 * permissions since the load began.
 *
 * @throws Whatever `load` rejected with, unchanged.
 */
export async function loadUserValue(
  ctx: SessionContext,
  userId: string,
  field: UserField,
  load: () => Promise<unknown>,
): Promise<unknown> {
  const homes = homesOf(ctx, userId)
  const [home] = homes
  const looks = await Promise.all(homes.map((one) => look(ctx, one, field)))
  const found = await open(ctx, home, field, looks[0]?.text)
  if (found !== undefined) return found.value

  const loaded = await check(ctx, field, await load())
  const puts = homes.map((one, i) =>
    put(ctx, one, [field, loaded], { ifSoft: looks[i]?.softId ?? '', renews: 0 }),
  )
  await Promise.all(puts)
  return loaded
}

/**
 * Replaces the permissions, and then drops the user's data. There is no moment at which the user has no
 * permissions in between.
 *
 * @throws {InvalidValueError} When the permissions cannot be stored.
 */
export async function changeUserPermissions(
  ctx: SessionContext,
  userId: string,
  permissions: readonly string[] | undefined,
): Promise<void> {
  if (permissions === undefined) return renewUser(ctx, userId, [PERMISSIONS, USER_DATA])
  await putUserValue(ctx, userId, PERMISSIONS, permissions)
  // After the permissions, so that data loaded under the former ones finds another soft id and is not stored.
  await renewUser(ctx, userId, [USER_DATA])
}

/** Drops the given fields of a user in one step; sessions stay valid. */
export async function renewUser(
  ctx: SessionContext,
  userId: string,
  fields: readonly UserField[] = FIELDS,
): Promise<void> {
  const args = [randomId(), lifeOf(ctx), ...fields]
  await Promise.all(
    homesOf(ctx, userId).map(async (home) => {
      const reply = await ctx.steps.run('invalidate user', USER_RENEW, keysOf(home), args)
      textOf('invalidate user', reply)
    }),
  )
}

/** The hard id of a user's epoch: what `ifEpoch` takes. */
export async function hardIdOf(ctx: SessionContext, userId: string): Promise<string> {
  const [home] = homesOf(ctx, userId)
  return (await look(ctx, home, PERMISSIONS)).hardId
}

/** When a user was last seen, in epoch milliseconds. */
export async function lastSeen(ctx: SessionContext, userId: string): Promise<number | undefined> {
  const replies = await Promise.all(
    homesOf(ctx, userId).map((home) => ctx.steps.send('last seen', 'HGET', home.user, 'l')),
  )
  const times = replies.map((reply) => Number(optionalOf('last seen', reply) ?? 0))
  if (!times.every(Number.isSafeInteger)) throw malformed('last seen')
  return Math.max(...times) || undefined
}

interface Look {
  readonly hardId: string
  readonly softId: string
  readonly text: string | undefined
}

async function look(ctx: SessionContext, home: Home, field: UserField): Promise<Look> {
  const args = [randomId(), lifeOf(ctx), field]
  const reply = await ctx.steps.run('read user', USER_LOOK, keysOf(home), args)
  const [hardId, softId, text] = Array.isArray(reply) ? reply : []
  return {
    hardId: textOf('read user', hardId),
    softId: textOf('read user', softId),
    text: optionalOf('read user', text),
  }
}

async function put(
  ctx: SessionContext,
  home: Home,
  [field, value]: readonly [UserField, unknown],
  { ifSoft, renews }: { readonly ifSoft: string; readonly renews: 0 | 1 },
): Promise<void> {
  const text = await sealUserValue(ctx, [home, field], value, ttlOf(ctx, field))
  const args = [randomId(), lifeOf(ctx), field, text, ifSoft, renews]
  const reply = await ctx.steps.run('write user', USER_PUT, keysOf(home), args)
  if (reply !== 0 && typeof reply !== 'string') throw malformed('write user')
}

async function open(
  ctx: SessionContext,
  home: Home,
  field: UserField,
  text: string | undefined,
): Promise<{ readonly value: unknown } | undefined> {
  const found = await readUserValue(ctx, [home, field], text)
  if (found === undefined || field !== PREFERENCES) return found
  return readAs(ctx.preferencesSchema, found.value)
}

function keysOf(home: Home): readonly string[] {
  return [home.user, home.index]
}
