/**
 * The latest actions of a user: numbered in the order in which Redis gets them, limited in number, and
 * encrypted.
 *
 * @module
 */

import { wholeNumber } from '../entry/option-checks.ts'
import { CorruptEntryError, InvalidOptionError, InvalidValueError } from '../errors.ts'
import { inTurn } from '../redis/answer.ts'
import { TRACK } from '../redis/scripts/user.ts'
import { homesOf, type SessionContext } from './context.ts'
import { isTexts, malformed } from './replies.ts'
import type { Home } from './steps.ts'
import type { Place } from './vault.ts'

/** One action of a user. */
export interface Activity {
  readonly action: string
  readonly meta: unknown
  /** When it was tracked, in epoch milliseconds of the isolate that tracked it. */
  readonly at: number
}

/** One page of a user's actions, the latest first. */
export interface ActivityPage {
  readonly activities: readonly Activity[]
  /** The cursor of the next page; `undefined` on the last page. */
  readonly cursor: string | undefined
}

/** Options of `getUserActivity`. */
export interface ActivityOptions {
  /** From 1 to 1,000. @default 20 */
  readonly limit?: number
  /** The cursor that the previous page returned. @default from the latest on */
  readonly cursor?: string
}

const MAX_ACTION = 128
const MAX_LIMIT = 1_000
const CURSOR = /^[1-9]\d{0,14}$/

function placeOf(home: Home): Place {
  return { purpose: 'session-activity', key: home.activity, header: '' }
}

/**
 * Appends an action: one command.
 *
 * @throws {InvalidValueError} When the action is not a text of 1 to 128 characters, or `meta` cannot be
 *   stored.
 */
export async function track(
  ctx: SessionContext,
  userId: string,
  action: string,
  meta: unknown,
): Promise<void> {
  const [home] = homesOf(ctx, userId)
  if (typeof action !== 'string' || action === '' || action.length > MAX_ACTION) {
    throw new InvalidValueError(`an action is a text of 1 to ${MAX_ACTION} characters`)
  }
  const activity: Activity = { action, meta, at: ctx.platform.now() }
  const entry = await ctx.vault.seal(activity, placeOf(home))
  const { maxActivity, activityTtlMs } = ctx.policy
  const keys = [home.activity, home.user]
  const reply = await ctx.steps.run('track', TRACK, keys, [entry, maxActivity, activityTtlMs])
  if (typeof reply !== 'number') throw malformed('track')
}

/**
 * A page of a user's actions: one command. Actions stored under older name keys are not read.
 *
 * @throws {InvalidOptionError} When the limit or the cursor is out of its range.
 */
export async function activityOf(
  ctx: SessionContext,
  userId: string,
  { limit = 20, cursor }: ActivityOptions = {},
): Promise<ActivityPage> {
  const [home] = homesOf(ctx, userId)
  wholeNumber(limit, 'limit', 1, MAX_LIMIT)
  if (cursor !== undefined && !CURSOR.test(cursor)) {
    throw new InvalidOptionError('cursor', 'what an earlier page has returned')
  }
  const from = cursor === undefined ? '+inf' : `(${cursor}`
  const range = [home.activity, from, '-inf', 'WITHSCORES', 'LIMIT', 0, limit + 1]
  const told = inTurn(await ctx.steps.send('activity', 'ZREVRANGEBYSCORE', ...range))
  if (!isTexts(told) || told.length % 2 !== 0) throw malformed('activity')
  const entries = told.filter((_text, i) => i % 2 === 0).slice(0, limit)
  const activities = await Promise.all(entries.map((entry) => open(ctx, home, entry)))
  const hasMore = told.length / 2 > limit
  return {
    activities: activities.filter((activity) => activity !== undefined),
    cursor: hasMore ? told[2 * limit - 1] : undefined,
  }
}

/** `undefined` for an entry that is damaged or was not written by this library. */
async function open(ctx: SessionContext, home: Home, entry: string): Promise<Activity | undefined> {
  try {
    return (await ctx.vault.open(entry, placeOf(home))) as Activity
  } catch (error) {
    if (error instanceof CorruptEntryError) return undefined
    throw error
  }
}
