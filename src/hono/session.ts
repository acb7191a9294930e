/**
 * Sessions at the edge: handlers behind this middleware run only with a valid session.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { checkFields } from '../entry/option-checks.ts'
import { InvalidOptionError, type SessionRefusal } from '../errors.ts'
import type { RateLimiter } from '../ratelimit/limiter.ts'
import type { RateLimitPolicy } from '../ratelimit/policy.ts'
import type { FastSession, Session, SessionGate, SessionState } from '../session/session.ts'
import { bearerIn } from '../web/bearer.ts'
import { problemResponse } from '../web/problem.ts'
import { type SessionCookie, sessionCookie } from './session-cookie.ts'
import {
  type CrossSiteCheck,
  type CrossSiteOptions,
  crossSiteCheck,
  crossSiteResponse,
} from './session-origin.ts'
import { type MissingSession, sessionFailure, unauthorized } from './session-problems.ts'
import { type Credential, RequestSession, type SessionContext } from './session-request.ts'

/** Options for {@link session}. */
export interface SessionOptions<Data = Record<string, unknown>> extends CrossSiteOptions {
  /** The store of sessions: a `SessionUserCache`. */
  readonly sessions: SessionGate<Data>
  /** @default sessionCookie() */
  readonly cookie?: SessionCookie
  /** Whether `Authorization: Bearer` is accepted too. It takes precedence over the cookie. @default true */
  readonly bearer?: boolean
  /**
   * `false` admits requests without a session, with `c.var.session` undefined. Even then, an invalid bearer
   * token is refused, and so are requests whose session cannot be checked while Redis is down.
   * @default true
   */
  readonly required?: boolean
  /** Asks Redis for every request, without the fast path. @default false */
  readonly requireFresh?: boolean
  /** Which session states are accepted. Only active sessions have a fast path. @default ['active'] */
  readonly allow?: readonly SessionState[]
  /** `false` does not restart the idle timeout, for example for a page that polls. @default true */
  readonly touch?: boolean
  /**
   * Limits how often an address may send tokens that Redis does not know. Valid sessions from the same
   * address are not affected. @default no limit
   */
  readonly guesses?: {
    /** A limiter with policies by address, such as {@link GUESS_POLICIES}. */
    readonly limiter: RateLimiter
    readonly address: (c: Context) => string | undefined
  }
}

/** What {@link session} adds to the context. */
export interface SessionEnv<Data = Record<string, unknown>> {
  Variables: { session: RequestSession<Data> }
}

/** What {@link session} adds to the context if no session is required. */
export interface OptionalSessionEnv<Data = Record<string, unknown>> {
  Variables: { session: RequestSession<Data> | undefined }
}

/** 30 unknown tokens a minute per address, for `guesses` of {@link session}. */
export const GUESS_POLICIES: readonly RateLimitPolicy[] = Object.freeze([
  { name: 'session-guesses', by: 'address', limit: 30, window: '1m', disclose: false },
])

/**
 * Lets requests with a session through, and answers 401 to others, 503 while Redis cannot be asked.
 *
 * For requests that may change something, a cookie is accepted only if the browser says that the request
 * comes from the same site. An invalid token costs no I/O. A request with a fast-path token costs none
 * either, and sees a revocation at most `sessions.fastPathBoundMs` late; handlers that cannot wait call
 * `c.var.session.fresh()`.
 *
 * @throws {InvalidOptionError} When an option is unknown, `sessions` is missing, or a trusted origin is not one.
 *
 * @example
 * ```ts
 * app.use('/me/*', session({ sessions }))
 * app.get('/me', (c) => c.json({ userId: c.var.session.userId }))
 * ```
 */
export function session<Data = Record<string, unknown>>(
  options: SessionOptions<Data> & { readonly required: false },
): MiddlewareHandler<OptionalSessionEnv<Data>>
export function session<Data = Record<string, unknown>>(
  options: SessionOptions<Data>,
): MiddlewareHandler<SessionEnv<Data>>
export function session<Data>(options: SessionOptions<Data>): MiddlewareHandler {
  const gatekeeper = new Gatekeeper(options)
  return async function requireSession(c, next) {
    const found = await gatekeeper.find(c)
    if (found instanceof Response) return found
    c.set('session', found)
    await next()
    await found?.settle()
    return undefined
  }
}

/**
 * Checks the session in Redis before the handler of a sensitive route runs, so that a revocation or a
 * change of permissions takes effect at once. Mount it after {@link session}. Without a session it
 * answers 401.
 */
export function requireFresh(): MiddlewareHandler<SessionEnv<unknown>> {
  return async function askAgain(c, next) {
    const { session }: Partial<SessionEnv<unknown>['Variables']> = c.var
    if (session === undefined) return unauthorized('session_required')
    await session.fresh()
    await next()
    return undefined
  }
}

const FIELDS = `sessions cookie bearer required requireFresh allow touch guesses
  trustedOrigins`.split(/\s+/)

class Gatekeeper<Data> {
  readonly #options: SessionOptions<Data>
  readonly #context: SessionContext<Data>
  readonly #isCrossSite: CrossSiteCheck

  constructor(options: SessionOptions<Data>) {
    checkFields(options, 'options', FIELDS)
    const { sessions, cookie = sessionCookie(), allow = ['active'], touch = true } = options
    if (typeof sessions?.validate !== 'function') {
      throw new InvalidOptionError('sessions', 'a SessionUserCache')
    }
    this.#options = options
    this.#context = { sessions, cookie, allow, touch }
    this.#isCrossSite = crossSiteCheck(options)
  }

  /** The session of a request, the response that refuses it, or `undefined` if none is required. */
  async find(c: Context): Promise<RequestSession<Data> | Response | undefined> {
    const credential = this.#credentialOf(c)
    if (credential === undefined) return this.#without('session_required')
    if (credential.kind === 'cookie' && this.#isCrossSite(c)) return crossSiteResponse()
    try {
      return await this.#open(c, credential)
    } catch (error) {
      const response = sessionFailure(error)
      if (response === undefined) throw error
      return response
    }
  }

  #credentialOf(c: Context): Credential | undefined {
    const { bearer = true } = this.#options
    const sent = bearerIn(c.req.raw.headers)
    if (bearer && sent !== '') return { kind: 'bearer', token: sent }
    const token = this.#context.cookie.read(c)
    return token === undefined ? undefined : { kind: 'cookie', token }
  }

  async #open(
    c: Context,
    credential: Credential,
  ): Promise<RequestSession<Data> | Response | undefined> {
    const { sessions, allow, touch } = this.#context
    const fast = await this.#fastPath(c, credential)
    if (fast) return new RequestSession(c, this.#context, credential, fast)
    const found = await sessions.validate(credential.token, { allow, touch })
    if (!found.ok) return this.#refuse(c, credential, found.reason)
    return this.#succeed(c, credential, found.session)
  }

  async #fastPath(c: Context, { kind, token }: Credential): Promise<FastSession | undefined> {
    const { sessions, cookie, allow } = this.#context
    const { requireFresh: mustAsk = false } = this.#options
    if (mustAsk || kind === 'bearer' || sessions.fastPathBoundMs === 0) return undefined
    if (!allow.includes('active')) return undefined
    const fastToken = cookie.readFast(c)
    return fastToken === undefined ? undefined : sessions.verifyFastPath(token, fastToken)
  }

  /** If another tab has rotated the token, this request's cookie gets the same successor. */
  async #succeed(
    c: Context,
    credential: Credential,
    found: Session<Data>,
  ): Promise<RequestSession<Data>> {
    const session = new RequestSession(c, this.#context, credential, found)
    if (found.isSuperseded && credential.kind === 'cookie') await session.rotate()
    return session
  }

  async #refuse(
    c: Context,
    { kind }: Credential,
    reason: SessionRefusal,
  ): Promise<Response | undefined> {
    const { guesses } = this.#options
    if (guesses && (reason === 'absent' || reason === 'tampered')) {
      const counted = await guesses.limiter.limit({ address: guesses.address(c) })
      if (!counted.allowed) return problemResponse(counted.problem, counted.headers)
    }
    const code = reason === 'pending' ? 'session_pending' : 'session_invalid'
    return kind === 'bearer' ? unauthorized(code) : this.#without(code)
  }

  #without(code: MissingSession): Response | undefined {
    const { required = true } = this.#options
    return required ? unauthorized(code) : undefined
  }
}
