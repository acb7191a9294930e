/**
 * The fast-path token: what one isolate has just learned of a session, for any isolate to believe
 * for a short while without asking Redis.
 *
 * ```
 * f1 . <key id> . <validated at, base 36> . <sealed claims>
 * ```
 *
 * It is AES-256-GCM over the claims, bound to its time and to the one session token it was issued
 * beside, so that it is of no use alone, and of none after a rotation.
 *
 * @module
 */

import { fromUrlSafe, urlSafe } from '../entry/bytes.ts'
import type { Cipher, CipherContext } from '../entry/cipher.ts'
import { CorruptEntryError } from '../errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { FastSession, Session } from './session.ts'

/** Options for {@link FastPath}. */
export interface FastPathOptions {
  readonly platform: Platform
  readonly cipher: Cipher
  readonly namespace: string
  /** How long a token is believed after Redis was asked, in milliseconds; 0 for never. */
  readonly ttlMs: number
  /** By how much the clocks of two isolates may differ, in milliseconds. */
  readonly skewMs: number
}

const TOKEN = /^f1\.([A-Za-z0-9_-]{1,16})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{38,3000})$/
/** Leaves room for a cookie's name and attributes within 4,096 bytes. */
const MAX_TOKEN_CHARS = 3_000

/** What is sealed, in this order. */
type Claims = readonly [
  id: string,
  userId: string,
  epoch: string,
  expiresAt: number,
  permissions: readonly string[] | null,
]

/**
 * Issues and verifies fast-path tokens.
 *
 * A revocation or a change of permissions is seen at most {@link FastPath.boundMs} after it has
 * returned: the token's life, counted from before Redis was asked, and the skew of the two clocks.
 * An isolate whose clock is further behind takes the token for one from the future, and refuses it.
 * One that sees its own clock set back by more believes nothing from before that, ever again, and nothing
 * at all until its clock is where it was: so a clock that is set back stretches nothing.
 */
export class FastPath {
  /** The longest that a token is believed after what it says has ceased to be true. */
  declare readonly boundMs: number
  readonly #options: FastPathOptions
  /** The latest that the clock has shown, and the same when it was last set back; in epoch milliseconds. */
  #latest = 0
  #floor = 0

  constructor(options: FastPathOptions) {
    this.#options = options
    this.boundMs = options.ttlMs === 0 ? 0 : options.ttlMs + options.skewMs
  }

  /**
   * A token for a session that was validated with `token`.
   *
   * @returns `undefined` for a session that is not active, was not validated lately, or holds more
   * permissions than a cookie can, and where the fast path is off.
   */
  async issue(token: string, session: Session<unknown>): Promise<string | undefined> {
    const { platform, cipher, ttlMs } = this.#options
    const { id, userId, epoch, permissions = null, validatedAt } = session
    if (session.state !== 'active' || session.isSuperseded) return undefined
    const expiresAt = Math.min(validatedAt + ttlMs, session.expiresAt)
    if (expiresAt <= platform.now()) return undefined
    const claims: Claims = [id, userId, epoch, expiresAt, permissions]
    const { keyId, text } = await cipher.seal(
      JSON.stringify(claims),
      this.#contextOf(token, validatedAt),
    )
    const issued = `f1.${keyId}.${validatedAt.toString(36)}.${urlSafe(text)}`
    return issued.length <= MAX_TOKEN_CHARS ? issued : undefined
  }

  /**
   * What a token says, if it may still be believed. Nothing is asked of anybody.
   *
   * @param token The session token that came with it.
   * @param fastToken What {@link issue} returned, or anything a client may send in its place.
   */
  async verify(token: string, fastToken: string): Promise<FastSession | undefined> {
    const { platform, cipher, ttlMs, skewMs } = this.#options
    const [, keyId = '', time = '', sealed = ''] = TOKEN.exec(fastToken) ?? []
    if (ttlMs === 0 || !cipher.has(keyId)) return undefined
    const validatedAt = Number.parseInt(time, 36)
    const now = platform.now()
    if (now < this.#latest - skewMs) this.#floor = this.#latest
    this.#latest = Math.max(this.#latest, now)
    const age = now - validatedAt
    if (age >= ttlMs || age < -skewMs || validatedAt < this.#floor) return undefined
    const claims = await this.#open(keyId, sealed, this.#contextOf(token, validatedAt))
    if (claims === undefined) return undefined
    const [id, userId, epoch, expiresAt, permissions] = claims
    if (platform.now() >= expiresAt) return undefined
    return { id, userId, epoch, permissions: permissions ?? undefined, validatedAt, expiresAt }
  }

  async #open(keyId: string, sealed: string, context: CipherContext): Promise<Claims | undefined> {
    try {
      const text = await this.#options.cipher.open(keyId, fromUrlSafe(sealed), context)
      // It is authentic, hence of the form that was written.
      return JSON.parse(text) as Claims
    } catch (error) {
      if (error instanceof CorruptEntryError) return undefined
      throw error
    }
  }

  #contextOf(token: string, validatedAt: number): CipherContext {
    const { namespace } = this.#options
    return {
      purpose: 'session-fast-path',
      namespace,
      key: token,
      header: String(validatedAt),
      createdAt: validatedAt,
    }
  }
}
