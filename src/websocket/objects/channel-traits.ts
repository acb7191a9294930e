/**
 * What a channel's name says about it, to the objects.
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
  /** Not to be seen by anybody: in no list, and in no webhook. */
  readonly isInternal: boolean
}

const ONLINE_PREFIX = '#online-'

/** The channel on which it is told whether one user is signed in anywhere. No client can name it. */
export function onlineChannel(userId: string): string {
  return `${ONLINE_PREFIX}${userId}`
}

/** Whose coming and going a channel tells, or `undefined` where it is another channel. */
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
