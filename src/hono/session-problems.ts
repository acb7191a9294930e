/**
 * What requests get instead of their session, and how a session is asked for so that they do.
 *
 * @module
 */

import { HTTPException } from 'hono/http-exception'
import { CircuitOpenError, SessionRefusedError, SessionUnavailableError } from '../errors.ts'
import { problemResponse } from '../web/problem.ts'

/**
 * Why a request has no session, for programs: none was sent, what was sent is not to be used, or its
 * second factor is still to come. More would tell a stranger what he has guessed.
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
    // The error is that of RFC 6750, section 3.1.
    {
      'www-authenticate': isInvalid ? 'Bearer error="invalid_token"' : 'Bearer',
      'cache-control': 'no-store',
    },
  )
}

/** What an operation on a session failed with, as an answer; anything else is not ours to answer. */
export function sessionFailure(error: unknown): Response | undefined {
  if (error instanceof SessionUnavailableError) return unavailable(error)
  if (!(error instanceof SessionRefusedError)) return undefined
  return unauthorized(error.reason === 'pending' ? 'session_pending' : 'session_invalid')
}

/**
 * Runs an operation on a session for a handler.
 *
 * @throws {HTTPException} With the answer, when the session is refused or cannot be asked for.
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

/** Neither 401, at which clients drop their cookie, nor anonymous. */
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
