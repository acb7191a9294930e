/**
 * Reads from a channel's name how the objects treat the channel.
 *
 * @module
 */

import { readChannel } from '../protocol/channel.ts'

/** The rules of one channel. */
export interface ChannelTraits {
  readonly kind: 'public' | 'private' | 'presence' | 'user' | 'online'
  /** Whether it has members: users that are present. */
  readonly hasUsers: boolean
  readonly isCached: boolean
  /** Hidden: in no list and in no webhook. */
  readonly isInternal: boolean
}

const ONLINE_PREFIX = '#online-'

/** The internal channel that tells whether a user is signed in on any connection. No client can name it. */
export function onlineChannel(userId: string): string {
  return `${ONLINE_PREFIX}${userId}`
}

/** The user of an online channel, or `undefined` for any other channel. */
export function userOfOnlineChannel(channel: string): string | undefined {
  return channel.startsWith(ONLINE_PREFIX) ? channel.slice(ONLINE_PREFIX.length) : undefined
}

/** Reads a name that has been checked already. */
export function traitsOf(channel: string): ChannelTraits {
  if (channel.startsWith(ONLINE_PREFIX)) {
    return { kind: 'online', hasUsers: true, isCached: false, isInternal: true }
  }
  const { kind = 'public', isCached = false } = readChannel(channel, Infinity) ?? {}
  return { kind, hasUsers: kind === 'presence', isCached, isInternal: kind === 'user' }
}
