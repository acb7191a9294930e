/**
 * The session of one request, as its handlers see it.
 *
 * @module
 */

import type { Context } from 'hono'
import { SessionRefusedError } from '../errors.ts'
import type { FastSession, Issued, Session, SessionGate, SessionState } from '../session/session.ts'
import type { SessionCookie } from './session-cookie.ts'
import { orAnswer } from './session-problems.ts'

/** The token by which a request has authenticated. */
export interface Credential {
  readonly kind: 'cookie' | 'bearer'
  readonly token: string
}

/** How the session has changed during the request. */
type Change<Data> =
  | { readonly kind: 'none' }
  | { readonly kind: 'rotated'; readonly issued: Issued<Data> }
  | { readonly kind: 'ended' }

/** What the sessions of one middleware share. */
export interface SessionContext<Data> {
  readonly sessions: SessionGate<Data>
  readonly cookie: SessionCookie
  readonly allow: readonly SessionState[]
  readonly touch: boolean
}

/**
 * A session of a request: `c.var.session`.
 *
 * Its methods throw an `HTTPException` with the response when the session has ended (401) or Redis cannot
 * be asked (503), so that handlers need not check.
 */
export class RequestSession<Data = Record<string, unknown>> {
  readonly #c: Context
  readonly #context: SessionContext<Data>
  #credential: Credential
  #known: FastSession | Session<Data>
  #full: Session<Data> | undefined
  /** The check that all calls of {@link fresh} wait for. */
  #check: Promise<Session<Data>> | undefined
  #change: Change<Data> = { kind: 'none' }

  constructor(
    c: Context,
    context: SessionContext<Data>,
    credential: Credential,
    known: FastSession | Session<Data>,
  ) {
    this.#c = c
    this.#context = context
    this.#credential = credential
    this.#known = known
    this.#full = 'state' in known ? known : undefined
  }

  /** Public id of the session, for lists and logs; not a credential. */
  get id(): string {
    return this.#known.id
  }

  /** The user of the session. */
  get userId(): string {
    return this.#known.userId
  }

  /** The user's permissions as of {@link epoch}; `undefined` if none were set. */
  get permissions(): readonly string[] | undefined {
    return this.#known.permissions
  }

  /** Changes with each revocation and each change of the user's permissions. */
  get epoch(): string {
    return this.#known.epoch
  }

  /** When the session was last checked in Redis, in epoch milliseconds. */
  get validatedAt(): number {
    return this.#known.validatedAt
  }

  /** Whether this request has checked the session in Redis, instead of using the fast path. */
  get isFresh(): boolean {
    return this.#full !== undefined
  }

  /** Whether the token was sent as a cookie or as a bearer token. */
  get credential(): Credential['kind'] {
    return this.#credential.kind
  }

  /** The secret token, for calls of the `SessionUserCache` that need it. Do not log it. */
  get token(): string {
    return this.#credential.token
  }

  /**
   * The whole session, checked in Redis by this request, at most once. For operations that must not run
   * with a session that has just been revoked.
   */
  async fresh(): Promise<Session<Data>> {
    if (this.#full !== undefined) return this.#full
    this.#check ??= orAnswer(() => this.#validate()).finally(() => {
      this.#check = undefined
    })
    const found = await this.#check
    // If the session was rotated in the meantime, that is newer.
    this.#full ??= found
    this.#known = this.#full
    return this.#full
  }

  /** Gives the session a new token. Call it after every change of the session's privileges. */
  async rotate(): Promise<Issued<Data>> {
    const { sessions } = this.#context
    const issued = await orAnswer(() => sessions.rotate(this.#credential.token))
    this.#credential = { kind: this.credential, token: issued.token }
    this.#full = issued.session
    this.#known = issued.session
    this.#change = { kind: 'rotated', issued }
    return issued
  }

  /** Ends the session and deletes the cookie. Resolves once the session has ended in all isolates. */
  async destroy(): Promise<void> {
    // The cookie is deleted in any case, even if Redis cannot be reached now.
    this.#change = { kind: 'ended' }
    await orAnswer(() => this.#context.sessions.destroySession(this.#credential.token))
  }

  /**
   * Sets the cookies on the final response, because handlers and error handlers may replace the response. A
   * response to a cookie without `Cache-Control` becomes private, as a CDN may store what looks like a file.
   */
  async settle(): Promise<void> {
    const { cookie } = this.#context
    // Changing headers copies the response, and one that opens a WebSocket cannot be copied.
    if (this.credential === 'bearer' || this.#c.res.status === 101) return
    // A cookie that a handler has set, for example at a log-in, takes precedence.
    if (cookie.isChangedBy(this.#c)) this.#c.header('cache-control', 'no-store')
    else if (this.#change.kind === 'ended') cookie.clear(this.#c)
    else if (this.#change.kind === 'rotated') cookie.set(this.#c, this.#change.issued)
    else await this.#sendFastPath()
    if (!this.#c.res.headers.has('cache-control')) {
      this.#c.header('cache-control', 'private, no-cache')
    }
  }

  /** Sets the fast-path cookie, if the fast path is on, so that the next requests need not ask Redis. */
  async #sendFastPath(): Promise<void> {
    const { sessions, cookie } = this.#context
    if (this.#full === undefined || sessions.fastPathBoundMs === 0) return
    const fastToken = await sessions.issueFastPath(this.#credential.token, this.#full)
    if (fastToken !== undefined) cookie.setFast(this.#c, fastToken, sessions.fastPathBoundMs)
  }

  async #validate(): Promise<Session<Data>> {
    const { sessions, allow, touch } = this.#context
    const found = await sessions.validate(this.#credential.token, { allow, touch })
    if (!found.ok) throw new SessionRefusedError(found.reason)
    const { session } = found
    const isBehind = session.isSuperseded && this.credential === 'cookie'
    // Another tab has rotated the token, and this request has not.
    return isBehind && this.#change.kind === 'none' ? (await this.rotate()).session : session
  }
}
