/**
 * Sessions, and cached data of their users.
 *
 * @module
 */

import type { Duration } from '../entry/duration.ts'
import { InvalidOptionError, SessionRefusedError } from '../errors.ts'
import type { GuardedRequester } from '../redis/guard.ts'
import { track } from './activity.ts'
import { type Assembled, assemble } from './assemble.ts'
import { type Alteration, alter } from './changes.ts'
import { homesOf, type SessionContext } from './context.ts'
import type { FastPath } from './fast-path.ts'
import {
  type AnonymousOptions,
  anonymousOpening,
  type CreateSessionOptions,
  namedOpening,
  openFrom,
} from './login.ts'
import { overlapOf, type SessionOptions } from './options.ts'
import { list, revokeMany, revokeOne } from './revocation.ts'
import type {
  FastSession,
  Issued,
  Session,
  SessionGate,
  SessionInfo,
  ValidateOptions,
  Validation,
} from './session.ts'
import { open, refOf, validate } from './sessions.ts'
import { UserCache } from './user-cache.ts'

/**
 * Encrypted sessions in Redis. Validating one takes one command, and a revoked session is refused by
 * every validation that starts after the revocation has returned.
 *
 * The `sessionId` that these methods return and take is the client's secret token: anyone who has it can
 * use the session. `session.id` only names a session and gives no access.
 *
 * If Redis is down, every method rejects with `SessionUnavailableError`; none reports "no session".
 * docs/guides/sessions.md lists what is guaranteed and what is not.
 *
 * @example
 * ```ts
 * const sessionUserCache = new SessionUserCache({ redis, keys: [{ id: '2026', secret }] })
 * const sessionId = await sessionUserCache.createSession(userId, userEmail, {
 *   maxAge: 86400,
 *   slidingExpiration: true,
 * })
 * const session = await sessionUserCache.getSession(sessionId)
 * ```
 */
export class SessionUserCache<
    Data extends object = Record<string, unknown>,
    Preferences = unknown,
    User = unknown,
  >
  extends UserCache<Preferences, User>
  implements SessionGate<Data>
{
  readonly #ctx: SessionContext
  readonly #fastPath: FastPath
  readonly #guarded: GuardedRequester

  /** @throws {InvalidOptionError} When an option is unknown or out of its range. */
  constructor(options: SessionOptions<Data, Preferences>) {
    const assembled: Assembled = assemble(options as SessionOptions<never, never>)
    super(assembled.ctx)
    this.#ctx = assembled.ctx
    this.#fastPath = assembled.fastPath
    this.#guarded = assembled.guarded
  }

  /** The connection to Redis, with its circuit breaker and request counts. */
  get redis(): GuardedRequester {
    return this.#guarded
  }

  /** How long the fast path may accept a revoked session, in milliseconds; 0 when it is off. */
  get fastPathBoundMs(): number {
    return this.#fastPath.boundMs
  }

  /**
   * Opens a session for a user who has just logged in: one command in one request.
   *
   * @returns The secret token for the client, called `sessionId` in the other methods.
   * @throws {SessionRefusedError} `limit`, if the user has too many and `whenFull` is `'refuse'`; `revoked`, by
   * `ifEpoch`, or if it was revoked before Redis had confirmed it.
   * @throws {InvalidOptionError} When an option is unknown or out of its range.
   */
  async createSession(
    userId: string,
    userEmail: string,
    options: CreateSessionOptions<Data> = {},
  ): Promise<string> {
    return (await this.openSession(userId, userEmail, options)).token
  }

  /** Like {@link createSession}, but also returns the session. */
  async openSession(
    userId: string,
    userEmail: string,
    options: CreateSessionOptions<Data> = {},
  ): Promise<Issued<Data>> {
    const opening = namedOpening(userId, userEmail, options)
    const issued = await openFrom(this.#ctx, opening, options.from)
    if (options.trackActivity === true) {
      const { device, ip } = opening
      // The session is open: a failure to record the login must not undo it.
      this.#ctx.platform.defer(track(this.#ctx, userId, 'login', { device, ip }))
    }
    return issued as Issued<Data>
  }

  /** Opens a session for a visitor who is not logged in; `createSession` with `from` continues it. */
  async createAnonymousSession(options: AnonymousOptions<Data> = {}): Promise<string> {
    return (await open(this.#ctx, anonymousOpening(options))).token
  }

  /** The session of a token, or `undefined` if there is none or it is not active. */
  async getSession(
    sessionId: string,
    options?: ValidateOptions,
  ): Promise<Session<Data> | undefined> {
    const validated = await validate(this.#ctx, sessionId, options)
    return validated.ok ? (validated.session as Session<Data>) : undefined
  }

  /** Like {@link getSession}, but with the reason if there is no session. */
  async validate(sessionId: string, options?: ValidateOptions): Promise<Validation<Data>> {
    const validated = await validate(this.#ctx, sessionId, options)
    if (!validated.ok) return validated
    return { ok: true, session: validated.session as Session<Data> }
  }

  /**
   * Records that a session is in use. Validating does this too.
   *
   * @returns Whether there is such a session.
   */
  async touch(sessionId: string): Promise<boolean> {
    return (await validate(this.#ctx, sessionId)).ok
  }

  /** The former name of {@link touch}. */
  updateSessionActivity(sessionId: string): Promise<boolean> {
    return this.touch(sessionId)
  }

  /**
   * Changes fields of a session's data. Fields set to `undefined` are removed. A function gets the current
   * data, and is called again if another call has changed it in the meantime. No change is lost, and none
   * restores a session that has ended.
   *
   * @throws {SessionRefusedError} When the session is not valid.
   * @throws {InvalidValueError} When the data does not fit the schema, or is too large.
   */
  async updateSession(
    sessionId: string,
    change: Partial<Data> | ((data: Readonly<Data>) => Data),
  ): Promise<Session<Data>> {
    const { session } = await alter(this.#ctx, sessionId, { data: changeOf(change) })
    return session as Session<Data>
  }

  /**
   * Gives a session a new token. The current one stays valid for `overlap`; rotating it again within that
   * time returns the same new token.
   *
   * @throws {SessionRefusedError} When the session is not valid.
   */
  async rotate(
    sessionId: string,
    { overlap }: { readonly overlap?: Duration } = {},
  ): Promise<Issued<Data>> {
    const overlapMs = overlap === undefined ? this.#ctx.policy.overlapMs : overlapOf(overlap)
    return (await alter(this.#ctx, sessionId, { overlapMs })) as Issued<Data>
  }

  /**
   * Makes a pending session active, after the second factor. It gets a new token, and the current one is
   * invalid at once.
   *
   * @throws {SessionRefusedError} When the session is not valid, or is not pending.
   */
  async activateSession(
    sessionId: string,
    change?: Partial<Data> | ((data: Readonly<Data>) => Data),
  ): Promise<Issued<Data>> {
    const data = change === undefined ? undefined : changeOf(change)
    const alteration: Alteration = { state: 'active', overlapMs: 0, data }
    return (await alter(this.#ctx, sessionId, alteration, ['pending'])) as Issued<Data>
  }

  /**
   * Ends a session. An old token that was rotated, however often, ends it too: if a thief has rotated a
   * stolen token, the user's log-out must still end the session.
   *
   * @returns Whether there was one.
   */
  async destroySession(sessionId: string): Promise<boolean> {
    const ref = refOf(this.#ctx, sessionId, 'end')
    if (typeof ref === 'string') return false
    return this.#ctx.steps.end(ref.home, ref.id)
  }

  /** The valid sessions of a user, the latest first: two requests. */
  listSessions(userId: string): Promise<SessionInfo[]> {
    return list(this.#ctx, userId)
  }

  /** The former name of {@link listSessions}. */
  getUserSessions(userId: string): Promise<SessionInfo[]> {
    return this.listSessions(userId)
  }

  /**
   * Ends one session of a user, by its `id` in {@link listSessions}.
   *
   * @returns Whether it was valid.
   */
  revokeSession(userId: string, id: string): Promise<boolean> {
    return revokeOne(this.#ctx, userId, id)
  }

  /**
   * Ends all other sessions of the user of this token.
   *
   * @returns How many were ended.
   * @throws {SessionRefusedError} If the token's own session is not valid; then nothing is ended.
   */
  async revokeOthers(sessionId: string): Promise<number> {
    const validated = await validate(this.#ctx, sessionId)
    if (!validated.ok) throw new SessionRefusedError(validated.reason)
    const { ref, session } = validated
    return revokeMany(this.#ctx, homesOf(this.#ctx, session.userId), ref)
  }

  /**
   * Ends all sessions of a user, for example after a password change or when an account is closed.
   *
   * @returns How many were ended.
   */
  async revokeAll(userId: string): Promise<number> {
    return revokeMany(this.#ctx, homesOf(this.#ctx, userId))
  }

  /**
   * A token that {@link verifyFastPath} accepts for a short time without asking Redis.
   *
   * @param sessionId The token the session was validated with.
   * @returns `undefined` for a session that is not active or was not validated lately, and where the
   * fast path is off.
   */
  issueFastPath(sessionId: string, session: Session<Data>): Promise<string | undefined> {
    return this.#fastPath.issue(sessionId, session)
  }

  /** The content of a fast-path token, or `undefined` if it is not valid any more. Redis is not asked. */
  verifyFastPath(sessionId: string, fastToken: string): Promise<FastSession | undefined> {
    return this.#fastPath.verify(sessionId, fastToken)
  }
}

function changeOf<Data extends object>(
  change: Partial<Data> | ((data: Readonly<Data>) => Data),
): (data: object) => object {
  if (typeof change === 'function') return change as (data: object) => object
  if (typeof change !== 'object' || change === null) {
    throw new InvalidOptionError('change', 'an object of fields, or a function')
  }
  return (data) => {
    const merged = Object.entries({ ...data, ...change })
    return Object.fromEntries(merged.filter(([, value]) => value !== undefined))
  }
}
