/**
 * Turns errors into problem details (RFC 9457) for clients.
 *
 * @module
 */

import { HTTPException } from 'hono/http-exception'
import { type AnyNearcacheError, isNearcacheError } from 'nearcache/errors'
import type { Problem } from 'nearcache/hono'

/** Thrown by a route to answer with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

/** The problem for an error. Describes mistakes of the client in full, and nothing of internal errors. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof HTTPException) return { status: error.status, title: 'Request refused' }
  if (isNearcacheError(error)) return problemOfLibrary(error) ?? UNKNOWN
  const { message = '', ...flags } = Object(error) as Partial<StubError>
  if (NO_TABLE.test(message)) return UNMIGRATED
  const isPassing = flags.retryable || flags.overloaded || flags.durableObjectReset
  return isPassing || PASSING.test(message) ? UNAVAILABLE : UNKNOWN
}

/** Logs the answer and the stack frames, not the message: that of a foreign error may quote a value. */
export function logFailure({ title, detail }: Problem, error: unknown): void {
  const { name, stack = '' } = Object(error) as Partial<Error>
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  console.error(JSON.stringify({ title, detail, error: name, frames }))
}

/** An error of a Durable Object stub. Its flags say whether the failure is temporary. */
interface StubError extends Error {
  readonly retryable: boolean
  readonly overloaded: boolean
  /** The object was stopped during the call, for example by a new version of the Worker. */
  readonly durableObjectReset: boolean
}

/** Temporary failures of D1 (overload, move, new version), which only the message tells. */
const PASSING =
  /^D1_ERROR: .*(?:connection lost|overloaded|object to be reset|reset because|transient issue)/

/** The message of SQLite, somewhere in that of D1. */
const NO_TABLE = /\bno such (?:table|column): /

const UNMIGRATED: Problem = {
  status: 503,
  title: 'The database lacks a migration',
  detail: 'Apply what there is: npx wrangler d1 migrations apply DB, with --remote or --local',
}

const REPEAT =
  'A change may have been stored nevertheless. Repeat it to be sure; a new message that names its id is stored once.'

const UNAVAILABLE: Problem = {
  status: 503,
  title: 'The database or an object did not answer',
  detail: REPEAT,
  retryAfter: 1,
}

const UNKNOWN: Problem = { status: 500, title: 'Internal error' }

function problemOfLibrary(error: AnyNearcacheError): Problem | undefined {
  // This error belongs to the mailbox, so it is not in the union of the core.
  const { code, message: detail } = error as { readonly code: string; readonly message: string }
  if (code === 'ERR_DUPLICATE_EMAIL') {
    return { status: 409, title: 'Already stored', detail, code, field: fieldOf(error) }
  }
  switch (error.code) {
    case 'ERR_INVALID_FILTER': {
      const field = PARAMETERS.get(error.field) ?? error.field
      const told = detail.replace(`"${error.field}"`, `"${field}"`)
      return { status: 400, title: 'Invalid field', detail: told, code, field }
    }
    case 'ERR_INVALID_KEY':
    case 'ERR_INVALID_OPTION':
      return { status: 400, title: 'Invalid request', detail, code }
    case 'ERR_REMOTE':
    case 'ERR_REMOTE_TIMEOUT':
    case 'ERR_CIRCUIT_OPEN':
      return {
        status: 503,
        title: 'The cache did not answer',
        detail: REPEAT,
        code,
        retryAfter: Math.max(1, Math.ceil((retryAfterMsOf(error) ?? 0) / 1_000)),
      }
    case 'ERR_SESSION_UNAVAILABLE':
      return { status: 503, title: 'Sessions cannot be had now', code, retryAfter: 1 }
    case 'ERR_SESSION_REFUSED':
      return { status: 401, title: 'The session has ended', code }
    case 'ERR_LOADER_TIMEOUT':
      return { status: 503, title: 'The database did not answer', code, retryAfter: 1 }
    default:
      return undefined
  }
}

/** Fields of a query whose parameters have another name. */
const PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['dateRange.start', 'from'],
  ['dateRange.end', 'to'],
])

function retryAfterMsOf(error: AnyNearcacheError): number | undefined {
  return 'retryAfterMs' in error ? error.retryAfterMs : undefined
}

function fieldOf(error: object): string | undefined {
  return 'field' in error && typeof error.field === 'string' ? error.field : undefined
}
