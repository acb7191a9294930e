/**
 * Reads the user of a connection: `channel_data` of a presence channel, and `user_data` of a sign-in. The
 * app's server has signed both texts, but they may still exceed the limits.
 *
 * @module
 */

import { isLongerThan } from '../../entry/bytes.ts'
import { type Fields, isObject } from '../../entry/json-object.ts'
import type { AppLimits } from './limits.ts'
import type { Member } from './server-frame.ts'

/** A signed-in user. */
export interface User {
  readonly id: string
  /** The users whose presence changes this user is sent; at most as many as the app allows. */
  readonly watchlist: readonly string[]
  /** Whether the watchlist was cut to that limit. */
  readonly isWatchlistCut: boolean
}

/** The result of reading a text: its value, or what is wrong with it. */
export type Read<T> = { readonly ok: T } | { readonly problem: string }

/** Reads `channel_data`. A numeric id becomes a text, as in clients. */
export function readMember(channelData: string | undefined, limits: AppLimits): Read<Member> {
  if (channelData === undefined) return { problem: 'channel_data is missing' }
  const fields = fieldsOf(channelData, limits)
  if ('problem' in fields) return fields
  const { user_id, user_info } = fields.ok
  const id = typeof user_id === 'number' ? String(user_id) : user_id
  if (!isUserId(id, limits)) return { problem: `user_id must be ${idRequirement(limits)}` }
  return { ok: user_info === undefined ? { id } : { id, info: user_info } }
}

/** Reads `user_data`. The id must be a text. */
export function readUser(userData: string, limits: AppLimits): Read<User> {
  const fields = fieldsOf(userData, limits)
  if ('problem' in fields) return fields
  const { id, watchlist = [] } = fields.ok
  if (!isUserId(id, limits)) return { problem: `id must be ${idRequirement(limits)}` }
  if (!Array.isArray(watchlist) || !watchlist.every((other) => typeof other === 'string')) {
    return { problem: 'watchlist must be a list of texts' }
  }
  const others = [...new Set<string>(watchlist)]
  return {
    ok: {
      id,
      watchlist: others.slice(0, limits.watchlistUsers),
      isWatchlistCut: others.length > limits.watchlistUsers,
    },
  }
}

/** The length of the longest `user_data`, in bytes. Each watched user takes 3 bytes of JSON beside the id. */
export function maxUserDataBytes({ userBytes, watchlistUsers, userIdChars }: AppLimits): number {
  return userBytes + watchlistUsers * (userIdChars + 3)
}

function fieldsOf(text: string, limits: AppLimits): Read<Fields> {
  // A watchlist is limited by its number of users.
  if (isLongerThan(text, maxUserDataBytes(limits))) return { problem: 'the data is too large' }
  try {
    const value: unknown = JSON.parse(text)
    if (!isObject(value)) return { problem: 'the data must be a JSON object' }
    const { watchlist: _, ...own } = value
    if (isLongerThan(JSON.stringify(own), limits.userBytes))
      return { problem: 'the data is too large' }
    return { ok: value }
  } catch {
    // The parser's message quotes the text.
    return { problem: 'the data must be JSON' }
  }
}

function isUserId(id: unknown, { userIdChars }: AppLimits): id is string {
  return typeof id === 'string' && id !== '' && id.length <= userIdChars
}

function idRequirement({ userIdChars }: AppLimits): string {
  return `a text of 1 to ${userIdChars} characters`
}
