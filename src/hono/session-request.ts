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

/** What a request proved its session with. */
export interface Credential {
  readonly kind: 'cookie' | 'bearer'
  readonly token: string
}

/** What has become of a session during the request. */
type Change<Data> =
  | { readonly kind: 'none' }
  | { readonly kind: 'rotated'; readonly issued: Issued<Data> }
  | { readonly kind: 'ended' }

/** What all sessions of a middleware have in common. */
export interface SessionContext<Data> {
  readonly sessions: SessionGate<Data>
  readonly cookie: SessionCookie
  readonly allow: readonly SessionState[]
  readonly touch: boolean
}

/**
 * A session of a request: `c.var.session`.
 *
 * Its methods throw an `HTTPException` with the answer when the session has ended (401) or cannot be
 * asked for (503), so that a handler need not look.
 */
export class RequestSession<Data = Record<string, unknown>> {
  readonly #c: Context
  readonly #context: SessionContext<Data>
  #credential: Credential
  #known: FastSession | Session<Data>
  #full: Session<Data> | undefined
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

  /** Names the session in lists and logs; it opens nothing. */
  get id(): string {
    return this.#known.id
  }

  /** Whose session it is. */
  get userId(): string {
    return this.#known.userId
  }

  /** What the user may do as of {@link epoch}; `undefined` where nobody has said. */
  get permissions(): readonly string[] | undefined {
    return this.#known.permissions
  }

  /** Another after each revocation and each change of permissions of the user. */
  get epoch(): string {
    return this.#known.epoch
  }

  /** When Redis was asked, in epoch milliseconds. */
  get validatedAt(): number {
    return this.#known.validatedAt
  }

  /** Whether Redis was asked by this very request, and not within the bound of the fast path before. */
  get isFresh(): boolean {
    return this.#full !== undefined
  }

  /** Whether it came as a cookie or as a bearer token. */
  get credential(): Credential['kind'] {
    return this.#credential.kind
  }

  /** What opens the session, for calls of the `SessionUserCache` that take it. It is not for logs. */
  get token(): string {
    return this.#credential.token
  }

  /**
   * The whole session, of which Redis was asked by this request: for whatever must not be done with a
   * session that was revoked a moment ago. Asks at most once.
   */
  async fresh(): Promise<Session<Data>> {
    this.#full ??= await orAnswer(() => this.#validate())
    this.#known = this.#full
    return this.#full
  }

  /** Gives the session another token, which is due after every change of what it may do. */
  async rotate(): Promise<Issued<Data>> {
    const { sessions } = this.#context
    const issued = await orAnswer(() => sessions.rotate(this.#credential.token))
    this.#credential = { kind: this.credential, token: issued.token }
    this.#full = issued.session
    this.#known = issued.session
    this.#change = { kind: 'rotated', issued }
    return issued
  }

  /** Ends the session, and takes the cookie away. Resolves once it has ended for everybody. */
  async destroy(): Promise<void> {
    // The browser is to forget it in any case, also when Redis cannot be told now.
    this.#change = { kind: 'ended' }
    await orAnswer(() => this.#context.sessions.destroySession(this.#credential.token))
  }

  /**
   * Writes the cookies that are due, once the response is there: a handler may make one of its own,
   * and so may whoever handles its errors. What a cookie opened and says nothing of caches is for no
   * other, as a CDN may keep what looks like a file.
   */
  async settle(): Promise<void> {
    const { cookie } = this.#context
    // A response that opens a WebSocket cannot be copied, which it takes to change it.
    if (this.credential === 'bearer' || this.#c.res.status === 101) return
    // A handler that logged somebody in has the last word.
    if (cookie.isChangedBy(this.#c)) this.#c.header('cache-control', 'no-store')
    else if (this.#change.kind === 'ended') cookie.clear(this.#c)
    else if (this.#change.kind === 'rotated') cookie.set(this.#c, this.#change.issued)
    else await this.#sendFastPath()
    if (!this.#c.res.headers.has('cache-control')) {
      this.#c.header('cache-control', 'private, no-cache')
    }
  }

  /** Gives the browser what spares its next requests asking Redis, where there is such a thing. */
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
    return found.session
  }
}
