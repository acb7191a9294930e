/**
 * The fast-path token: what one isolate has just learned about a session. Any isolate accepts it for a short
 * time without asking Redis.
 *
 * ```
 * f1 . <key id> . <validated at, base 36> . <sealed claims>
 * ```
 *
 * The claims are encrypted with AES-256-GCM and bound to their time and to the session token that they were
 * issued with. So the fast-path token is useless without that token, and after a rotation.
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
  /** How long a token is accepted after Redis was asked, in milliseconds; 0 turns the fast path off. */
  readonly ttlMs: number
  /** How far the clocks of two isolates may differ, in milliseconds. */
  readonly skewMs: number
}

const TOKEN = /^f1\.([A-Za-z0-9_-]{1,16})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{38,3000})$/
/** Leaves room for a cookie's name and attributes within 4,096 bytes. */
const MAX_TOKEN_CHARS = 3_000

/** The encrypted claims, in this order. */
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
 * A revocation or a change of permissions takes effect at most {@link FastPath.boundMs} after the call has
 * returned: the token's lifetime, counted from before Redis was asked, plus the difference of the two clocks.
 * An isolate whose clock is further behind refuses the token as one from the future. If an isolate sees its
 * own clock set back by more than that, it never accepts older tokens again, and accepts none at all until
 * the clock has caught up: so setting a clock back prolongs no token.
 */
export class FastPath {
  /** How long a token is accepted at most after its content has become false, in milliseconds. */
  declare readonly boundMs: number
  readonly #options: FastPathOptions
  /**
   * The latest time the clock has shown, and its value when the clock was last set back; in epoch
   * milliseconds.
   */
  #latest = 0
  #floor = 0

  constructor(options: FastPathOptions) {
    this.#options = options
    this.boundMs = options.ttlMs === 0 ? 0 : options.ttlMs + options.skewMs
  }

  /**
   * A fast-path token for a session that was validated with `token`.
   *
   * @returns `undefined` if the session is not active, was not validated recently, or has more permissions
   *   than a cookie can hold, and if the fast path is off.
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
   * The content of a fast-path token, or `undefined` if it is no longer accepted. Makes no request.
   *
   * @param token The session token that came with it.
   * @param fastToken What {@link issue} returned, or whatever a client sends instead.
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
      // The text is authentic, so it has the form that was written.
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
