/**
 * Sessions, and what is cached of their users.
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
 * Sessions in Redis that can be trusted: nothing readable in a dump, validated in one command, and
 * revoked for good when a call that revokes has returned.
 *
 * A session id, as these methods return and take it, is the token a client holds: whoever has it has
 * the session. `session.id` names a session and opens nothing.
 *
 * With Redis away every method rejects with `SessionUnavailableError`; none answers that there is no
 * session. docs/guides/sessions.md says what is guaranteed and what is not.
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

  /** The guarded way to Redis, with its circuit and the counts of what was sent. */
  get redis(): GuardedRequester {
    return this.#guarded
  }

  /** How long a revocation may go unseen by the fast path, in milliseconds; 0 when it is off. */
  get fastPathBoundMs(): number {
    return this.#fastPath.boundMs
  }

  /**
   * Opens a session for a user who has just shown who he is: one command in one request.
   *
   * @returns The session id: the token that a client is to keep to itself.
   * @throws {SessionRefusedError} `limit`, where one too many is refused; `revoked`, with `ifEpoch`, or
   * when it was revoked before Redis had confirmed it.
   * @throws {InvalidOptionError} When an option is unknown or out of its range.
   */
  async createSession(
    userId: string,
    userEmail: string,
    options: CreateSessionOptions<Data> = {},
  ): Promise<string> {
    return (await this.openSession(userId, userEmail, options)).token
  }

  /** As {@link createSession} does, with the session. */
  async openSession(
    userId: string,
    userEmail: string,
    options: CreateSessionOptions<Data> = {},
  ): Promise<Issued<Data>> {
    const opening = namedOpening(userId, userEmail, options)
    const issued = await openFrom(this.#ctx, opening, options.from)
    if (options.trackActivity === true) {
      const { device, ip } = opening
      // The session is open; that its login was not noted must not undo it.
      this.#ctx.platform.defer(track(this.#ctx, userId, 'login', { device, ip }))
    }
    return issued as Issued<Data>
  }

  /** Opens a session for a visitor who has not logged in; `createSession` with `from` goes on from it. */
  async createAnonymousSession(options: AnonymousOptions<Data> = {}): Promise<string> {
    return (await open(this.#ctx, anonymousOpening(options))).token
  }

  /** The session that a token opens, if there is one and it is active. */
  async getSession(
    sessionId: string,
    options?: ValidateOptions,
  ): Promise<Session<Data> | undefined> {
    const validated = await validate(this.#ctx, sessionId, options)
    return validated.ok ? (validated.session as Session<Data>) : undefined
  }

  /** As {@link getSession}, with the reason why not. */
  async validate(sessionId: string, options?: ValidateOptions): Promise<Validation<Data>> {
    const validated = await validate(this.#ctx, sessionId, options)
    if (!validated.ok) return validated
    return { ok: true, session: validated.session as Session<Data> }
  }

  /**
   * Says that a session is in use. Validating says so too: this is for those who do not.
   *
   * @returns Whether there is one.
   */
  async touch(sessionId: string): Promise<boolean> {
    return (await validate(this.#ctx, sessionId)).ok
  }

  /** The former name of {@link touch}. */
  updateSessionActivity(sessionId: string): Promise<boolean> {
    return this.touch(sessionId)
  }

  /**
   * Changes fields of a session's data. Fields set to `undefined` go; a function gets the data as it
   * is, and may be called again when another has changed it meanwhile. No change is lost, and none
   * brings back a session that has ended.
   *
   * @throws {SessionRefusedError} When the session is not to be used.
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
   * Gives a session another token. The present one is good for the overlap, and whoever rotates it
   * within that gets the same successor.
   *
   * @throws {SessionRefusedError} When the session is not to be used.
   */
  async rotate(
    sessionId: string,
    { overlap }: { readonly overlap?: Duration } = {},
  ): Promise<Issued<Data>> {
    const overlapMs = overlap === undefined ? this.#ctx.policy.overlapMs : overlapOf(overlap)
    return (await alter(this.#ctx, sessionId, { overlapMs })) as Issued<Data>
  }

  /**
   * Makes a pending session active, once the second factor has been shown. It gets another token, and
   * the present one is over at once.
   *
   * @throws {SessionRefusedError} When the session is not to be used, or is not pending.
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
   * Ends a session. A token that was rotated ends it too, however often: who logs out may have been
   * robbed of it, and what the thief has made of it must not live on.
   *
   * @returns Whether there was one.
   */
  async destroySession(sessionId: string): Promise<boolean> {
    const ref = refOf(this.#ctx, sessionId, 'end')
    if (typeof ref === 'string') return false
    return this.#ctx.steps.end(ref.home, ref.id)
  }

  /** The sessions of a user that are alive, the latest first: two requests. */
  listSessions(userId: string): Promise<SessionInfo[]> {
    return list(this.#ctx, userId)
  }

  /** The former name of {@link listSessions}. */
  getUserSessions(userId: string): Promise<SessionInfo[]> {
    return this.listSessions(userId)
  }

  /**
   * Ends one session of a user, by the `id` of its line in the list.
   *
   * @returns Whether it was alive.
   */
  revokeSession(userId: string, id: string): Promise<boolean> {
    return revokeOne(this.#ctx, userId, id)
  }

  /**
   * Ends all sessions of a user but the one of this token.
   *
   * @returns How many there were.
   * @throws {SessionRefusedError} When the session is not to be used: then those beside it are as they were.
   */
  async revokeOthers(sessionId: string): Promise<number> {
    const validated = await validate(this.#ctx, sessionId)
    if (!validated.ok) throw new SessionRefusedError(validated.reason)
    const { ref, session } = validated
    return revokeMany(this.#ctx, homesOf(this.#ctx, session.userId), ref)
  }

  /**
   * Ends all sessions of a user: after a change of password, or when an account is closed.
   *
   * @returns How many there were.
   */
  async revokeAll(userId: string): Promise<number> {
    return revokeMany(this.#ctx, homesOf(this.#ctx, userId))
  }

  /**
   * A token that {@link verifyFastPath} believes for a short while.
   *
   * @param sessionId The token the session was validated with.
   * @returns `undefined` for a session that is not active or was not validated lately, and where the
   * fast path is off.
   */
  issueFastPath(sessionId: string, session: Session<Data>): Promise<string | undefined> {
    return this.#fastPath.issue(sessionId, session)
  }

  /** What a fast-path token says, if it may still be believed. Nothing is asked of anybody. */
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
