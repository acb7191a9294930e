/**
 * What a session is, as callers see it, and how asking for one ends.
 *
 * @module
 */

import type { SessionRefusal } from '../errors.ts'

export type { SessionRefusal } from '../errors.ts'

/**
 * `active`: every factor has been shown. `pending`: a second one is still to come. `anonymous`:
 * nobody has logged in. Only active sessions pass unless a call admits the others.
 */
export type SessionState = 'active' | 'pending' | 'anonymous'

/** A session that was found alive. All times are epoch milliseconds. */
export interface Session<Data = Record<string, unknown>> {
  /** Names the session in lists and logs; it opens nothing. The token does. */
  readonly id: string
  /** `''` of an anonymous session. */
  readonly userId: string
  /** `''` of an anonymous session. */
  readonly userEmail: string
  readonly state: SessionState
  readonly data: Readonly<Data>
  /** What the user may do as of {@link epoch}; `undefined` where nobody has said. */
  readonly permissions: readonly string[] | undefined
  /** `<hard>.<soft>`: the hard id changes when sessions are revoked, the soft one with permissions. */
  readonly epoch: string
  /** What the client called itself, as given at creation. */
  readonly device: string | undefined
  readonly ip: string | undefined
  readonly createdAt: number
  /** When it was last used, to within the touch interval. */
  readonly lastSeenAt: number
  /** When it ends unless it is used again. */
  readonly expiresAt: number
  /** When it ends in any case. */
  readonly absoluteExpiresAt: number
  /** When asking Redis began, by this isolate's clock. */
  readonly validatedAt: number
  /** The token was rotated and lives on for the overlap; `rotate` gives its successor. */
  readonly isSuperseded: boolean
}

/** What an answered question about a session comes to. That Redis does not answer is an error. */
export type Validation<Data = Record<string, unknown>> =
  | { readonly ok: true; readonly session: Session<Data> }
  | { readonly ok: false; readonly reason: SessionRefusal }

/** What a fast-path token says: no newer than `validatedAt`, and to be trusted until `expiresAt`. */
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

/** One line of a user's list of sessions. All times are epoch milliseconds. */
export interface SessionInfo {
  /** What `revokeSession` takes. */
  readonly id: string
  readonly state: SessionState
  readonly device: string | undefined
  readonly ip: string | undefined
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly expiresAt: number
}

/** Which sessions a call admits, and whether it counts as use. */
export interface ValidateOptions {
  /** @default ['active'] */
  readonly allow?: readonly SessionState[]
  /** `false` leaves the idle timeout running, as for a page that polls by itself. @default true */
  readonly touch?: boolean
}

/** A session and the token that opens it from now on. */
export interface Issued<Data = Record<string, unknown>> {
  readonly token: string
  readonly session: Session<Data>
}

/**
 * What stands between a request and its session; `SessionUserCache` is one. A middleware needs no
 * more than this.
 *
 * Every method rejects with `SessionUnavailableError` when Redis cannot be asked, or its answer makes
 * no sense: that is a 503, and says nothing of the session.
 */
export interface SessionGate<Data = Record<string, unknown>> {
  /** How long a revocation may go unseen by the fast path, in milliseconds; 0 when it is off. */
  readonly fastPathBoundMs: number
  /** Asks Redis, in one command of one request; none for what is no token of ours. */
  validate(token: string, options?: ValidateOptions): Promise<Validation<Data>>
  /** A token that {@link verifyFastPath} believes for a short while; `undefined` where there is none. */
  issueFastPath(token: string, session: Session<Data>): Promise<string | undefined>
  /** Asks nobody. `undefined`: ask {@link validate}. */
  verifyFastPath(token: string, fastToken: string): Promise<FastSession | undefined>
  /**
   * The successor of a token: one and the same for all who ask within the overlap.
   *
   * @throws {SessionRefusedError} When the session is not to be used.
   */
  rotate(token: string): Promise<Issued<Data>>
  /** Ends the session. @returns Whether there was one. */
  destroySession(token: string): Promise<boolean>
}
