/**
 * The responses to requests without a usable session, and the conversion of session errors to them.
 *
 * @module
 */

import { HTTPException } from 'hono/http-exception'
import { CircuitOpenError, SessionRefusedError, SessionUnavailableError } from '../errors.ts'
import { problemResponse } from '../web/problem.ts'

/**
 * Machine-readable reason why a request has no session: no token was sent, the token is not valid, or the
 * second factor is missing. More detail would help an attacker who guesses tokens.
 */
export type MissingSession = 'session_required' | 'session_invalid' | 'session_pending'

const TITLES: Readonly<Record<MissingSession, string>> = {
  session_required: 'Log in first',
  session_invalid: 'The session has ended',
  session_pending: 'The second factor is missing',
}

/** 401 (RFC 9110, section 15.5.2). */
export function unauthorized(code: MissingSession): Response {
  const isInvalid = code === 'session_invalid'
  return problemResponse(
    { status: 401, title: TITLES[code], code },
    // The error code is defined in RFC 6750, section 3.1.
    {
      'www-authenticate': isInvalid ? 'Bearer error="invalid_token"' : 'Bearer',
      'cache-control': 'no-store',
    },
  )
}

/** The response for an error of a session operation; `undefined` for any other error. */
export function sessionFailure(error: unknown): Response | undefined {
  if (error instanceof SessionUnavailableError) return unavailable(error)
  if (!(error instanceof SessionRefusedError)) return undefined
  return unauthorized(error.reason === 'pending' ? 'session_pending' : 'session_invalid')
}

/**
 * Runs an operation on a session for a handler.
 *
 * @throws {HTTPException} With the response, when the session is refused or Redis cannot be asked.
 * @throws Whatever else the operation rejected with, unchanged.
 */
export async function orAnswer<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (error) {
    const response = sessionFailure(error)
    if (response === undefined) throw error
    throw answering(response)
  }
}

/** An exception that Hono answers with this response. */
export function answering(res: Response): HTTPException {
  return new HTTPException(res.status as 401 | 503, { res })
}

/** 503, because a 401 would make clients drop their cookie; the request is not treated as anonymous. */
function unavailable({ cause }: SessionUnavailableError): Response {
  const waitMs = cause instanceof CircuitOpenError ? cause.retryAfterMs : 0
  return problemResponse(
    {
      status: 503,
      title: 'Sessions cannot be checked now',
      code: 'session_unavailable',
      retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)),
    },
    { 'cache-control': 'no-store' },
  )
}
