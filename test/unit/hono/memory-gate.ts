/**
 * Sessions kept in memory, with the real fast path, to test the middleware with every answer that a
 * gate can give.
 *
 * @module
 */

import { Cipher } from '../../../src/entry/cipher.ts'
import { SessionRefusedError, type SessionUnavailableError } from '../../../src/errors.ts'
import { FastPath } from '../../../src/session/fast-path.ts'
import type {
  FastSession,
  Issued,
  Session,
  SessionGate,
  SessionRefusal,
  ValidateOptions,
  Validation,
} from '../../../src/session/session.ts'
import type { ManualPlatform } from '../../../src/testing/manual-platform.ts'

/** The data of the sessions. */
export interface Cart {
  readonly items: number
}

/** How long a fast-path token is valid, and how much clocks may differ. */
export const FAST_MS = 30_000
export const SKEW_MS = 5_000
/** The maximal lifetime of a session. */
export const LIFE_MS = 3_600_000

/** A gate whose answers the test controls. */
export class MemoryGate implements SessionGate<Cart> {
  readonly fastPathBoundMs: number
  /** The calls that would reach Redis, in order. */
  readonly asked: string[] = []
  /** The error thrown by every call that would reach Redis. */
  failure: SessionUnavailableError | undefined
  readonly #platform: ManualPlatform
  readonly #fastPath: FastPath
  readonly #sessions = new Map<string, Session<Cart>>()
  readonly #refused = new Map<string, SessionRefusal>()
  readonly #successors = new Map<string, string>()
  #made = 0

  constructor(platform: ManualPlatform, ttlMs: number = FAST_MS) {
    this.#platform = platform
    this.#fastPath = new FastPath({
      platform,
      cipher: new Cipher([{ id: 'k1', secret: '11'.repeat(32) }]),
      namespace: 'session',
      ttlMs,
      skewMs: SKEW_MS,
    })
    this.fastPathBoundMs = this.#fastPath.boundMs
  }

  logIn(changes: Partial<Session<Cart>> = {}): Issued<Cart> {
    const token = `token-${++this.#made}`
    const now = this.#platform.now()
    const session: Session<Cart> = {
      id: `id-${this.#made}`,
      userId: 'user-1',
      userEmail: 'ada@shop.example',
      state: 'active',
      data: { items: 2 },
      permissions: ['mail:read'],
      epoch: 'hard.soft',
      device: 'Firefox',
      ip: '192.0.2.1',
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + LIFE_MS,
      absoluteExpiresAt: now + LIFE_MS,
      validatedAt: now,
      isSuperseded: false,
      ...changes,
    }
    this.#sessions.set(token, session)
    return { token, session }
  }

  /** Refuses the token for this reason from now on. */
  refuse(token: string, reason: SessionRefusal): void {
    this.#refused.set(token, reason)
  }

  change(token: string, changes: Partial<Session<Cart>>): void {
    const session = this.#sessions.get(token)
    if (session) this.#sessions.set(token, { ...session, ...changes })
  }

  async validate(token: string, options: ValidateOptions = {}): Promise<Validation<Cart>> {
    if (!token.startsWith('token-')) return { ok: false, reason: 'malformed' }
    this.#ask(`validate ${token}${options.touch === false ? ' untouched' : ''}`)
    const reason = this.#refused.get(token)
    if (reason) return { ok: false, reason }
    const session = this.#sessions.get(token)
    if (!session) return { ok: false, reason: 'absent' }
    if (!(options.allow ?? ['active']).includes(session.state)) {
      return { ok: false, reason: session.state }
    }
    return { ok: true, session: { ...session, validatedAt: this.#platform.now() } }
  }

  issueFastPath(token: string, session: Session<Cart>): Promise<string | undefined> {
    return this.#fastPath.issue(token, session)
  }

  verifyFastPath(token: string, fastToken: string): Promise<FastSession | undefined> {
    return this.#fastPath.verify(token, fastToken)
  }

  async rotate(token: string): Promise<Issued<Cart>> {
    this.#ask(`rotate ${token}`)
    const session = this.#sessions.get(token)
    if (!session) throw new SessionRefusedError('absent')
    const known = this.#successors.get(token)
    const successor = known ?? this.logIn({ ...session, isSuperseded: false }).token
    this.#successors.set(token, successor)
    this.change(token, { isSuperseded: true })
    const next = this.#sessions.get(successor)
    if (!next) throw new SessionRefusedError('absent')
    return { token: successor, session: { ...next, validatedAt: this.#platform.now() } }
  }

  async destroySession(token: string): Promise<boolean> {
    this.#ask(`destroy ${token}`)
    return this.#sessions.delete(token)
  }

  #ask(what: string): void {
    this.asked.push(what)
    if (this.failure) throw this.failure
  }
}
