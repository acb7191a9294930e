/**
 * The types of a session, and of the results of asking for one.
 *
 * @module
 */

import type { SessionRefusal } from '../errors.ts'

export type { SessionRefusal } from '../errors.ts'

/**
 * `active`: all factors were verified. `pending`: a second factor is still required. `anonymous`: nobody has
 * logged in. Calls accept only active sessions unless they allow the others.
 */
export type SessionState = 'active' | 'pending' | 'anonymous'

/** A valid session. All times are epoch milliseconds. */
export interface Session<Data = Record<string, unknown>> {
  /** Names the session in lists and logs. It gives no access; the token does. */
  readonly id: string
  /** `''` for an anonymous session. */
  readonly userId: string
  /** `''` for an anonymous session. */
  readonly userEmail: string
  readonly state: SessionState
  readonly data: Readonly<Data>
  /** The user's permissions as of {@link epoch}; `undefined` if none were given. */
  readonly permissions: readonly string[] | undefined
  /** `<hard>.<soft>`: the hard id changes when sessions are revoked, the soft one with permissions. */
  readonly epoch: string
  /** The client's name for itself, as given at creation. */
  readonly device: string | undefined
  readonly ip: string | undefined
  readonly createdAt: number
  /** When it was last used, accurate to the touch interval. */
  readonly lastSeenAt: number
  /** When it ends, unless it is used again. */
  readonly expiresAt: number
  /** When it ends in any case. */
  readonly absoluteExpiresAt: number
  /** When the request to Redis began, by this isolate's clock. */
  readonly validatedAt: number
  /** Whether the token was rotated and is only valid for the overlap; `rotate` returns its successor. */
  readonly isSuperseded: boolean
}

/** The result of a validation. If Redis does not answer, an error is thrown instead. */
export type Validation<Data = Record<string, unknown>> =
  | { readonly ok: true; readonly session: Session<Data> }
  | { readonly ok: false; readonly reason: SessionRefusal }

/** The content of a fast-path token: as of `validatedAt`, and to be accepted until `expiresAt`. */
export interface FastSession {
  /** The session's id. */
  readonly id: string
  readonly userId: string
  readonly permissions: readonly string[] | undefined
  readonly epoch: string
  /** When Redis was asked, in epoch milliseconds of the isolate that asked. */
  readonly validatedAt: number
  /** First instant at which Redis must be asked again, in epoch milliseconds of that isolate. */
  readonly expiresAt: number
}

/** An entry in the list of a user's sessions. All times are epoch milliseconds. */
export interface SessionInfo {
  /** The id for `revokeSession`. */
  readonly id: string
  readonly state: SessionState
  readonly device: string | undefined
  readonly ip: string | undefined
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly expiresAt: number
}

/** Which sessions a call accepts, and whether it counts as use. */
export interface ValidateOptions {
  /** @default ['active'] */
  readonly allow?: readonly SessionState[]
  /** `false` does not restart the idle timeout, for example for a page that polls by itself. @default true */
  readonly touch?: boolean
}

/** A session and its current token. */
export interface Issued<Data = Record<string, unknown>> {
  readonly token: string
  readonly session: Session<Data>
}

/**
 * The part of a `SessionUserCache` that a middleware needs.
 *
 * Every method rejects with `SessionUnavailableError` when Redis cannot be reached or its answer is
 * malformed. This is a 503, and says nothing about the session.
 */
export interface SessionGate<Data = Record<string, unknown>> {
  /** How long the fast path may accept a revoked session, in milliseconds; 0 when it is off. */
  readonly fastPathBoundMs: number
  /** Asks Redis in one command of one request. Sends none if the text is not a token of this library. */
  validate(token: string, options?: ValidateOptions): Promise<Validation<Data>>
  /** A token that {@link verifyFastPath} accepts for a short time; `undefined` if there is none. */
  issueFastPath(token: string, session: Session<Data>): Promise<string | undefined>
  /** Makes no request. If it returns `undefined`, call {@link validate}. */
  verifyFastPath(token: string, fastToken: string): Promise<FastSession | undefined>
  /**
   * The successor of a token. All callers within the overlap get the same one.
   *
   * @throws {SessionRefusedError} When the session is not valid.
   */
  rotate(token: string): Promise<Issued<Data>>
  /** Ends the session. @returns Whether there was one. */
  destroySession(token: string): Promise<boolean>
}
