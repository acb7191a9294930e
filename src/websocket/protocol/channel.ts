/**
 * Reads a channel's kind and rules from its name.
 *
 * @module
 */

/**
 * Who may subscribe. `public`: everyone; `private`: with a signature; `presence`: with a signature that names
 * a user, who becomes a member; `user`: only that signed-in user.
 */
export type ChannelKind = 'public' | 'private' | 'presence' | 'user'

/** The rules of one channel; its name determines all of them. */
export interface Channel {
  readonly name: string
  readonly kind: ChannelKind
  /** Whether the last event is kept for later subscribers. */
  readonly isCached: boolean
  /** Whether the clients encrypt the events; this makes no difference to the server. */
  readonly isEncrypted: boolean
  /** Whether subscribers may send `client-` events: on private and presence channels only. */
  readonly takesClientEvents: boolean
}

/** The channel of one user; only that signed-in user is subscribed to it. */
const USER_CHANNEL_PREFIX = '#server-to-user-'

const NAME = /^[A-Za-z0-9_\-=@,.;]+$/

/** Longest first, so that the first match is the right one. */
const PREFIXES: readonly (readonly [string, Omit<Channel, 'name'>])[] = [
  ['private-encrypted-cache-', traits('private', { isCached: true, isEncrypted: true })],
  ['private-encrypted-', traits('private', { isEncrypted: true })],
  ['private-cache-', traits('private', { isCached: true })],
  ['presence-cache-', traits('presence', { isCached: true })],
  ['private-', traits('private', {})],
  ['presence-', traits('presence', {})],
  ['cache-', traits('public', { isCached: true })],
  [USER_CHANNEL_PREFIX, traits('user', {})],
]

const PUBLIC = traits('public', {})

/**
 * Reads a channel's name.
 *
 * @param maxChars The longest name allowed.
 * @returns `undefined` when no channel may have that name: it is empty, too long, or has characters
 * other than `A-Za-z0-9_-=@,.;`. A user's channel is named after the user's id, which may hold any.
 */
export function readChannel(name: unknown, maxChars = 200): Channel | undefined {
  if (typeof name !== 'string' || name === '') return undefined
  if (name.startsWith(USER_CHANNEL_PREFIX)) {
    return name === USER_CHANNEL_PREFIX ? undefined : { name, ...traits('user', {}) }
  }
  if (name.length > maxChars || !NAME.test(name)) return undefined
  const [, rules = PUBLIC] = PREFIXES.find(([prefix]) => name.startsWith(prefix)) ?? []
  return { name, ...rules }
}

/** Whose channel it is, or `undefined` where it is no user's. */
export function userOfChannel(name: string): string | undefined {
  return name.startsWith(USER_CHANNEL_PREFIX) ? name.slice(USER_CHANNEL_PREFIX.length) : undefined
}

function traits(
  kind: ChannelKind,
  { isCached = false, isEncrypted = false }: { isCached?: boolean; isEncrypted?: boolean },
): Omit<Channel, 'name'> {
  const takesClientEvents = (kind === 'private' && !isEncrypted) || kind === 'presence'
  return Object.freeze({ kind, isCached, isEncrypted, takesClientEvents })
}
