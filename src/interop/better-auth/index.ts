/**
 * Secondary storage of better-auth: encrypted tokens, users and sessions, and a list of each user's sessions
 * that loses none when a user signs in several times at once.
 *
 * better-auth reads the list, changes it and writes it back. Here a written list is added to the stored one,
 * and only entries whose session no longer exists are removed. So the list contains every session that
 * exists, and revoking all sessions finds all of them.
 *
 * Exported as `'nearcache/interop/better-auth'`.
 *
 * @module
 */

import type { Platform } from '../../platform/platform.ts'
import { webPlatform } from '../../platform/web.ts'
import { SealedStore, type SealedStoreOptions } from '../../session/sealed-store.ts'

/** Options of the storage. */
export interface BetterAuthOptions extends Omit<SealedStoreOptions, 'namespace'> {
  /** Second part of every name in Redis. @default 'better-auth' */
  readonly namespace?: string
}

/** The storage in the form that better-auth expects. Times to live are in seconds. */
export interface SecondaryStorage {
  get(key: string): Promise<string | null>
  getAndDelete(key: string): Promise<string | null>
  set(key: string, value: string, ttl?: number): Promise<void>
  delete(key: string): Promise<void>
  increment(key: string, ttl: number): Promise<number>
}

interface Listed {
  readonly expiresAt: number
  /** When it was last written, in epoch milliseconds. */
  readonly at: number
}

const LIST = 'active-sessions-'
/** The list is written before the session: for this long a listed session may be missing. */
const YOUNG_MS = 60_000
/** Longer than any browser keeps a cookie. */
const LIST_LIFE_MS = 400 * 86_400_000

/**
 * Makes the storage.
 *
 * @example
 * ```ts no-check
 * const auth = betterAuth({ secondaryStorage: betterAuthStorage({ redis, keys }) })
 * ```
 */
export function betterAuthStorage({
  namespace = 'better-auth',
  ...options
}: BetterAuthOptions): SecondaryStorage {
  const sealed = new SealedStore({ ...options, namespace })
  const sessions = new SessionLists(sealed, options.platform ?? webPlatform())
  return {
    get: async (key) => (isList(key) ? sessions.read(key) : textOf(await sealed.get(key))),
    getAndDelete: async (key) => textOf(await sealed.take(key)),
    set: async (key, value, ttl) => {
      const list = isList(key) ? parseList(value) : undefined
      if (list !== undefined) await sessions.add(key, list)
      else await sealed.put(key, value, { ttlMs: ttl === undefined ? undefined : ttl * 1_000 })
    },
    delete: async (key) => {
      // Existing sessions stay listed: the caller who deletes the list has deleted all sessions, or will.
      if (isList(key)) await sessions.read(key)
      else await sealed.delete(key)
    },
    increment: (key, ttl) => sealed.count(key, ttl * 1_000),
  }
}

class SessionLists {
  readonly #sealed: SealedStore
  readonly #platform: Platform

  constructor(sealed: SealedStore, platform: Platform) {
    this.#sealed = sealed
    this.#platform = platform
  }

  async add(key: string, list: ReadonlyMap<string, number>): Promise<void> {
    const at = this.#platform.now()
    const members = new Map([...list].map(([token, expiresAt]) => [token, { expiresAt, at }]))
    await this.#sealed.addMembers(key, members, LIST_LIFE_MS)
  }

  /** The list in better-auth's form; `null` if it is empty. Removes sessions that have ended. */
  async read(key: string): Promise<string | null> {
    const now = this.#platform.now()
    const members = (await this.#sealed.members(key)) as ReadonlyMap<string, Listed>
    const judged = await Promise.all(
      [...members].map(async ([token, { expiresAt, at }]) => {
        const isYoung = now - at < YOUNG_MS
        const isAlive = isYoung || (await this.#sealed.get(token)) !== undefined
        return { token, expiresAt, isAlive: isAlive && expiresAt > now }
      }),
    )
    const over = judged.filter(({ isAlive }) => !isAlive).map(({ token }) => token)
    await this.#sealed.removeMembers(key, over)
    const alive = judged
      .filter(({ isAlive }) => isAlive)
      .map(({ token, expiresAt }) => ({ token, expiresAt }))
      .sort((a, b) => a.expiresAt - b.expiresAt)
    return alive.length === 0 ? null : JSON.stringify(alive)
  }
}

function isList(key: string): boolean {
  return key.startsWith(LIST)
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Tokens with their expiry; `undefined` if the text is not such a list. */
function parseList(text: string): ReadonlyMap<string, number> | undefined {
  try {
    const list = JSON.parse(text) as { token: unknown; expiresAt: unknown }[]
    return new Map(list.map(({ token, expiresAt }) => [String(token), Number(expiresAt)]))
  } catch {
    // SyntaxError or TypeError: the text is something else, and is stored unchanged.
    return undefined
  }
}
